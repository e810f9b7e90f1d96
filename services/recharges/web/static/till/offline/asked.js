// Sales that were asked for with the line, and whose answer may get lost: the key is on the disk
// before the question leaves, and the same question is asked again until it is answered.

import { Outcome, ask, newKey } from "/static/chassis/api.js";
import { t } from "/static/chassis/say.js";
import { canonical } from "./canonical.js";
import { read, write } from "./store.js";

// A key that somebody else's session asked with: only they can ask again.
const OTHER_SESSION = new Set([401, 403]);
const inFlight = new Set();

/**
 * Ask for a sale once, whatever gets lost; the outcome is `cut` while nobody knows.  The same sale
 * asked for again before it is answered is the same sale, and another one to that person has to wait.
 */
export async function askOnce(path, body, { sellerId }) {
  const words = canonical(body);
  const before = (await unanswered()).filter((asked) => asked.body.person_ref === body.person_ref);
  const same = before.find((asked) => asked.seller_id === sellerId && canonical(asked.body) === words);
  if (before.length && !same) return refusal(t("Nobody knows yet whether the last sale to this person arrived. It is asked again as soon as the line is back; selling now might sell it twice."));
  const asked = same ?? { key: newKey(), kind: "sale", path, body, seller_id: sellerId, asked_at: new Date().toISOString() };
  await write(["asked"], (tx) => tx.objectStore("asked").put(asked));
  inFlight.add(asked.key);
  const outcome = await ask("POST", path, { body, key: asked.key });
  inFlight.delete(asked.key);
  if (isAnswered(outcome)) await seen(asked.key);
  return outcome;
}

const refusal = (sentence) => new Outcome(409, { code: "relais.till.unanswered", detail: sentence });

/** Ask again for what has no answer; returns what was answered, each to be shown and then `seen`. */
export async function askAgain({ sellerId }) {
  const answered = [];
  for (const asked of await unanswered()) {
    if (asked.seller_id !== sellerId || inFlight.has(asked.key)) continue;
    const outcome = await ask("POST", asked.path, { body: asked.body, key: asked.key, again: false });
    if (!isAnswered(outcome) || OTHER_SESSION.has(outcome.status)) break;
    answered.push({ ...asked, outcome });
  }
  return answered;
}

/** What was asked for and is not answered, the oldest first. */
export const unanswered = async () =>
  (await read(["asked"], (tx) => tx.objectStore("asked").getAll()))
    .filter((asked) => asked.kind === "sale")
    .sort((one, other) => (one.asked_at < other.asked_at ? -1 : 1));

/** The answer was seen: it need not be asked for again. */
export const seen = (key) => write(["asked"], (tx) => tx.objectStore("asked").delete(key));

const isAnswered = (outcome) => !outcome.cut && outcome.status < 500;
