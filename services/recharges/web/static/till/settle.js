// What is left open, said on the first screen: sales without an answer, cards that are awaited, codes
// that nobody has seen.

import { ask } from "/static/chassis/api.js";
import { flash } from "/static/chassis/flash.js";
import { euros, hour, t } from "/static/chassis/say.js";
import { button, el, note } from "./dom.js";
import { offerOf, till } from "./known.js";
import * as line from "./line.js";
import { answered, hear } from "./pay.js";
import { go, isShown } from "./screens.js";

const AGAIN_MS = 3_000;
const CARDS_MS = 4_000;
const told = new Set();

const place = el("div", { "data-open-sales": true });
document.querySelector("[data-screen=find]").append(place);

const awaited = () => ask("GET", `/api/recharges/v1/tills/${till().till_id}/card-sales`, { again: false });

/** Look for what is left open, and say it. */
async function refresh() {
  if (!till()) return;
  settled = [];
  draw([]);
  const outcome = await awaited();
  draw(outcome.ok ? outcome.answer : []);
}

// Whoever has paid meanwhile waits for their code: the note says so without being looked at.
async function watchCards() {
  if (cards.length && isShown("find") && !document.hidden) {
    const before = cards;
    const outcome = await awaited();
    if (outcome.ok && cards === before && isShown("find")) {
      const open = new Set(outcome.answer.map((sale) => sale.sale_id));
      settled.push(...cards.filter((sale) => !open.has(sale.sale_id)));
      draw(outcome.answer);
    }
  }
  setTimeout(watchCards, CARDS_MS);
}

let cards = [];
let settled = [];

/** Say again what is left open, with the cards that were found last. */
export function draw(found = cards) {
  cards = found;
  tellAll();
  if (!isShown("find")) return;
  place.replaceChildren(...settled.map(ofSettled), ...cards.map(ofCard), ...line.unseen().map(ofSale), ...line.unshown().map(ofCodes));
}

// Wherever the cashier is: the screen that waits for this sale goes on with it, any other one says so.
function tell(asked) {
  if (hear(asked) || told.has(asked.key)) return;
  told.add(asked.key);
  if (!isShown("find")) flash(answeredWords(asked));
}

const tellAll = () => line.unseen().filter((each) => each.outcome).forEach(tell);
const whatOf = ({ body }) => body.lines.map((each) => `${each.quantity} × ${offerOf(each.offer_code).label}`).join(", ");
const answeredWords = (asked) => t("The sale whose answer got lost is answered: {what}.", { what: whatOf(asked) });

function ofCard(sale) {
  const words = t("A card payment of {amount}, asked for at {hour}, is still awaited.", { amount: euros(sale.total_cents), hour: hour(sale.ordered_at) });
  return note("wait", words, button(t("Look at it"), () => go("card", sale)));
}

function ofSettled(sale) {
  const words = t("The card payment of {amount}, asked for at {hour}, is answered.", { amount: euros(sale.total_cents), hour: hour(sale.ordered_at) });
  return note("good", words, button(t("See what became of it"), () => go("card", sale)));
}

function ofSale(asked) {
  const words = asked.outcome
    ? answeredWords(asked)
    : t("A sale has no answer yet: {what}. It is asked for again, and made once.", { what: whatOf(asked) });
  return note("wait", words, button(asked.outcome ? t("See what became of it") : t("Ask again now"), () => take(asked)));
}

async function take(asked) {
  const outcome = await line.takeUp(asked);
  if (answered(outcome)) return;
  draw();
  place.prepend(note(line.isOpen(outcome) ? "wait" : "bad", outcome.sentence));
}

function ofCodes(sale) {
  const words = t("The page went away before the code of a sale without the line was seen: {what}.", { what: `${sale.quantity} × ${offerOf(sale.offer_code).label}` });
  return note("wait", words, button(t("Show the code"), async () => {
    const shown = await line.showOnceMore(sale.sale_id);
    if (shown.reason) place.prepend(note("bad", shown.reason));
    else go("ticket", shown);
  }));
}

document.addEventListener("till:shown", ({ detail }) => detail === "find" && refresh());
if (isShown("find")) refresh();

// What this tab has asked for without an answer is asked for again, whichever screen is shown.
async function askAgain() {
  const before = answeredNow();
  await line.askAgain();
watchCards();
  if (answeredNow() === before) tellAll();
  else draw();
  setTimeout(askAgain, AGAIN_MS);
}

const answeredNow = () => line.unseen().filter((each) => each.outcome).length;
askAgain();
