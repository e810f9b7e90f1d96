// A sale that was asked for and whose answer is not known.  Its key is made before it is first sent
// and kept, with what was asked and without any code, until an answer is there: asked again, after a
// cut line or a reload, it is the same sale.

import { newKey } from "/static/chassis/api.js";
import { userId } from "./known.js";

const KEPT = "relais:till:unanswered";

/** Begin a sale, or take the same one up again where the same was asked for without an answer. */
export function begin(body) {
  const before = unanswered();
  if (before && JSON.stringify(before.body) === JSON.stringify(body)) return before;
  const deed = { key: newKey(), body, userId };
  sessionStorage.setItem(KEPT, JSON.stringify(deed));
  return deed;
}

/** An answer is known. */
export const end = () => sessionStorage.removeItem(KEPT);

/** The sale without an answer, if there is one; a colleague's is not ours to go on with. */
export function unanswered() {
  const deed = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  return deed?.userId === userId ? deed : null;
}
