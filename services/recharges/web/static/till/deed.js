// Sales that a till without a store of its own has asked for and whose answer is not known: kept in this
// tab, without any code.  After a cut line or a reload they are asked for again, each under its own key.

import { Asking } from "./asking.js";
import { userId } from "./known.js";

const KEPT = "relais:till:asked";

const all = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
const keep = (deeds) => sessionStorage.setItem(KEPT, JSON.stringify(deeds));
const others = (key) => all().filter((each) => each.key !== key);

const asking = new Asking({
  all,
  put: (deed) => keep([...others(deed.key), deed]),
  drop: (key) => keep(others(key)),
});

let settled = [];

/** Sell, or take the same sale up again where it was asked for without an answer. */
export const askOnce = (path, body) => asking.askOnce(path, body, { sellerId: userId });

/** Ask again for all that has no answer. */
export async function askAgain() {
  const known = new Set(settled.map((each) => each.key));
  const answered = await asking.askAgain({ sellerId: userId });
  const open = new Set(all().map((each) => each.key)); // nobody has seen it meanwhile
  settled.push(...answered.filter((each) => open.has(each.key) && !known.has(each.key)));
}

/** What was answered has been seen: that one, and no other. */
export async function seen(key) {
  settled = settled.filter((each) => each.key !== key);
  await asking.seen(key);
}

/** What nobody has seen an answer to, with its outcome where there is one; a colleague's is not ours. */
export function unseen() {
  const known = new Set(settled.map((each) => each.key));
  return [...settled, ...all().filter((each) => each.seller_id === userId && !known.has(each.key))];
}
