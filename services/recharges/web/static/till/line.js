// With the line or without it: the one place where the till's screens find a person and sell, whoever
// does it, the service or this till by itself from what it has taken along (offline/).

import { Outcome } from "/static/chassis/api.js";
import { t } from "/static/chassis/say.js";
import { isAnswered, isCash, refusal } from "./asking.js";
import * as deeds from "./deed.js";
import { userId } from "./known.js";
import * as service from "./person.js";

const SALES = "/api/recharges/v1/sales";

// What is so until the till's own engine is there: with the line only.
const NONE = { waiting: 0, refused: 0, lease: [], sales: [], settled: [], unanswered: [], unshown: [] };
const BARE = { ...NONE, ready: false, reason: null, enrolled: false, tillId: null, skewMs: 0 };

let engine = null;

/** Begin; `onChange` is told whenever the line, or what waits for it, has changed. */
export async function begin(onChange) {
  engine = await import("./offline/index.js");
  return engine.start({ onChange, sellerId: userId });
}

/** What can be done at this moment: `online`, `ready` to sell without the line, what `waiting`. */
export const state = () => engine?.state() ?? { ...BARE, online: navigator.onLine };

const alone = () => state().ready && !state().online;

/** Look for somebody; `{ people }`, `{ person }` where the till knows them by itself, or `{ problem }`. */
export async function find(text) {
  if (!alone()) {
    const found = await service.find(text);
    if (!found.cut || !state().ready) return found;
  }
  const { reason, code, until_on: until, ...known } = await engine.findPerson(text);
  if (reason) return { problem: reason };
  return { person: { ...known, name: t("Slip {code}", { code }), until: service.lastDay(until), offline: true } };
}

/** Sell for cash or by card, once for one body: what has no answer yet is asked again, never anew. */
export async function sell(body, person) {
  const words = JSON.stringify(body);
  const before = unseen().filter((each) => isCash(each) && each.body.person_ref === body.person_ref);
  const same = before.find((each) => JSON.stringify(each.body) === words);
  if (before.length && (person.offline || !same)) return refusal();
  // Found with the line, which is gone before anything was asked: the till sells by itself.
  if (person.offline || (!same && isCash({ body }) && alone())) return sellAlone(body);
  if (same) return takeUp(same);
  return isCash({ body }) && state().ready ? engine.askOnce(SALES, body) : deeds.askOnce(SALES, body);
}

/** Whether nobody knows what became of a sale. */
export const isOpen = (outcome) => !isAnswered(outcome);

/** Ask again for what this tab keeps; an enrolled till does so by itself. */
export const askAgain = () => deeds.askAgain();

async function sellAlone({ person_ref: personRef, lines, payment }) {
  if (lines.length > 1) return refused(t("The line is cut, and without it one kind of recharge is sold at a time: leave one in the basket."));
  const [{ offer_code: offerCode, quantity }] = lines;
  const tenderedCents = payment.tendered_cents;
  const sold = await engine.sell({ personRef, offerCode, quantity, tenderedCents });
  return sold.reason ? refused(sold.reason) : { ok: true, status: 201, answer: sold };
}

const refused = (sentence) => ({ ok: false, status: 409, answer: null, sentence });

/** The codes of a sale are on the screen. */
export const shown = (sale) => (sale.waiting ? engine.shown(sale.sale_id) : undefined);

/** Sales whose answer nobody has seen: `{ key, body, outcome }`, without an outcome while it is awaited. */
export function unseen() {
  const { ready, settled, unanswered } = state();
  const own = deeds.unseen();
  if (!ready) return own;
  const known = new Set(settled.map((each) => each.key));
  return [...settled, ...unanswered.filter((each) => !known.has(each.key)), ...own];
}

/** Take up a sale whose answer nobody has seen: its outcome, which may still be open. */
export async function takeUp({ key }) {
  const own = deeds.unseen().find((each) => each.key === key);
  if (own && !own.outcome) return deeds.askOnce(own.path, own.body);
  const settled = own ?? state().settled.find((each) => each.key === key);
  if (!settled) return new Outcome(0, null);
  await (own ? deeds : engine).seen(key);
  return settled.outcome;
}

/** Sales of this till alone whose codes nobody has seen, because the page went away. */
export const unshown = () => state().unshown;
/** Show the codes of one of them, once. */
export const showOnceMore = (saleId) => engine.showOnceMore(saleId);
