// What the till will not do, and why, in words for the person at the counter.

export class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}
