// What one person is buying: who they are, what is left of their month, how many of which offer.

import { offerOf } from "./known.js";

const EACH_MAX = 20;
const LINES_MAX = 10;

export class Basket {
  constructor(person) {
    this.person = person;
    this.lines = new Map();
  }

  get totalCents() {
    return this.#sum((offer) => offer.price_cents);
  }

  /** What is left of the month once this is sold. */
  get leftCents() {
    return this.person.left_cents - this.#sum((offer) => this.counted(offer));
  }

  get isEmpty() {
    return this.lines.size === 0;
  }

  /** What of an offer counts against the month. */
  counted(offer) {
    return this.person.counts === "face_value" ? offer.face_value_cents : offer.price_cents;
  }

  /** Whether one more of an offer may be bought. */
  takes(offer) {
    const count = this.lines.get(offer.offer_code) ?? 0;
    return (
      count < EACH_MAX &&
      (count > 0 || this.lines.size < LINES_MAX) &&
      this.counted(offer) <= this.leftCents &&
      (this.person.offline !== true || count > 0 || this.isEmpty)
    );
  }

  change(code, by) {
    const count = (this.lines.get(code) ?? 0) + by;
    if (count > 0) this.lines.set(code, count);
    else this.lines.delete(code);
  }

  /** As the API takes it. */
  toLines() {
    return [...this.lines].map(([offer_code, quantity]) => ({ offer_code, quantity }));
  }

  #sum(of) {
    let cents = 0;
    for (const [code, count] of this.lines) cents += count * of(offerOf(code));
    return cents;
  }
}
