// What the server wrote into the page: who sells, which tills there are, what is sold today.

import { ask } from "/static/chassis/api.js";
import { euros, t } from "/static/chassis/say.js";

const known = JSON.parse(document.getElementById("till-known").textContent);
const CHOSEN = "relais_till_chosen";
const YEAR_S = 31_536_000;
const offers = new Map(known.offers.map((offer) => [offer.offer_code, offer]));

export const { user_id: userId, supervises, today } = known;
export const offersOfToday = known.offers;

/** Find what is known of an offer; one that is not sold any more still has its code. */
export const offerOf = (code) => offers.get(code) ?? { offer_code: code, label: code, operator: "", how_to_top_up: "" };

/** Say what a voucher is worth: data, or credit. */
export const worthOf = ({ data_mb: data, face_value_cents: cents }) =>
  data ? t("{count} MB", { count: data }) : euros(cents);

let tills = known.tills;

/** The tills that may sell here. */
export const tillsOfSite = () => tills.filter((till) => till.state !== "revoked");

/** The till this screen is, once that is known. */
export function till() {
  const all = tillsOfSite();
  const chosen = document.cookie.match(new RegExp(`(?:^|; )${CHOSEN}=([^;]+)`))?.[1];
  return all.find((each) => each.till_id === chosen) ?? (all.length === 1 ? all[0] : null);
}

/** Say once, for this screen, which till it is. */
export function choose(tillId) {
  document.cookie = `${CHOSEN}=${tillId}; Path=/caisse; Max-Age=${YEAR_S}; SameSite=Lax`;
}

/** Look again at the tills and their drawers. */
export async function lookAtTills() {
  const outcome = await ask("GET", "/api/recharges/v1/tills");
  if (outcome.ok) tills = outcome.answer;
}
