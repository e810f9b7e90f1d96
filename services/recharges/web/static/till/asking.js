// Sales that were asked for with the line, and whose answer may get lost: the key is kept before the
// question leaves, and the same question is asked again until it is answered.  Where they are kept is
// another's affair: the disk of an enrolled till (offline/asked.js), or this tab (deed.js).

import { Outcome, ask, newKey } from "/static/chassis/api.js";
import { t } from "/static/chassis/say.js";

// A key that somebody else's session asked with: only they can ask again.
const OTHER_SESSION = new Set([401, 403]);
const TOO_MANY = 429;

/** Whether something was said of the sale itself. */
export const isAnswered = (outcome) => !outcome.cut && outcome.status < 500 && outcome.status !== TOO_MANY;
/** A card pays nothing by itself: its payment is not asked for again unless somebody is there for it. */
export const isCash = (asked) => asked.body.payment.tender !== "card";
const byAge = (one, other) => (one.asked_at < other.asked_at ? -1 : 1);

/** Refuse to sell to somebody of whose last sale nobody knows whether it was made. */
export const refusal = () =>
  new Outcome(409, {
    code: "relais.till.unanswered",
    detail: t("Nobody knows yet whether the last sale to this person arrived. It is asked again as soon as the line is back; selling now might sell it twice."),
  });

/** What was asked for and is kept on a shelf: `all()`, `put(asked)` and `drop(key)`. */
export class Asking {
  #shelf;
  #flights = new Map();

  constructor(shelf) {
    this.#shelf = shelf;
  }

  /**
   * Ask for a sale once, whatever gets lost; the outcome is `cut` while nobody knows.  The same sale
   * asked for again before it is answered is the same sale, and another one to that person has to wait.
   */
  async askOnce(path, body, { sellerId }) {
    const words = JSON.stringify(body);
    const before = (await this.unanswered()).filter((asked) => asked.body.person_ref === body.person_ref);
    const same = before.find((asked) => asked.seller_id === sellerId && JSON.stringify(asked.body) === words);
    if (!same && before.some(isCash)) return refusal();
    for (const card of before) if (card !== same && !isCash(card)) await this.seen(card.key);
    const asked = same ?? { key: newKey(), kind: "sale", path, body, seller_id: sellerId, asked_at: new Date().toISOString() };
    await this.#shelf.put(asked);
    const outcome = await this.#ask(asked);
    // What was asked for before may have been made, whatever is said of the session now.
    if (isAnswered(outcome) && !(same && OTHER_SESSION.has(outcome.status))) await this.seen(asked.key);
    return outcome;
  }

  /** Ask again for what has no answer; returns what was answered, each to be shown and then `seen`. */
  async askAgain({ sellerId }) {
    const answered = [];
    for (const asked of await this.unanswered()) {
      if (asked.seller_id !== sellerId || !isCash(asked) || this.#flights.has(asked.key)) continue;
      const outcome = await this.#ask(asked, { again: false });
      if (!isAnswered(outcome) || OTHER_SESSION.has(outcome.status)) break;
      answered.push({ ...asked, outcome });
    }
    return answered;
  }

  /** What was asked for and is not answered, the oldest first. */
  unanswered = async () => (await this.#shelf.all()).filter((asked) => asked.kind === "sale").sort(byAge);

  /** The answer was seen: it need not be asked for again. */
  seen = (key) => this.#shelf.drop(key);

  // Who asks for what is on its way shares its answer.
  #ask({ key, path, body }, { again = true } = {}) {
    const flight = this.#flights.get(key) ?? ask("POST", path, { body, key, again }).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}
