// All of the till but its first screen: fetched as soon as that one stands, so that it stands early.

import "./sell.js";
import "./pay.js";
import "./card.js";
import "./ticket.js";
import "./later.js";
import "./settle.js";
