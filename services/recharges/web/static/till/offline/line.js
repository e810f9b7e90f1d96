// Whether the line is there, as the service itself answers; and how far this computer's clock is off.

const ASKED = "/api/recharges/healthz";
const PATIENCE_MS = 5_000;
const CALM_MS = 30_000;
const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;

/** Watches the line: asks now and then, more seldom the longer it is away, at once when told to. */
export class Line {
  constructor({ onChange }) {
    this.online = navigator.onLine; // until it has been asked
    this.skewMs = 0;
    this.failures = 0;
    this.onChange = onChange;
    addEventListener("online", () => this.look());
    addEventListener("offline", () => this.look());
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
  }

  /** Ask now; who asks while that is under way shares its answer, and it is asked once more. */
  look() {
    if (this.asking) this.anew = true; // what is on its way may be the answer of a moment before
    this.asking ??= this.ask().finally(() => {
      this.asking = null;
      if (!this.anew) return;
      this.anew = false;
      this.look();
    });
    return this.asking;
  }

  async ask() {
    clearTimeout(this.timer);
    const began = Date.now();
    let online = false;
    try {
      const response = await fetch(ASKED, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      online = response.ok;
      const said = Date.parse(response.headers.get("Date") ?? "");
      // A Date is cut to the second: half of one is what it is off on average.
      if (online && said) this.skewMs = (began + Date.now()) / 2 - (said + 500);
    } catch {
      online = false;
    }
    this.failures = online ? 0 : this.failures + 1;
    const pause = online ? CALM_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.failures - 1));
    // Not all tills of a site come back in the same instant.
    this.timer = setTimeout(() => this.look(), pause * (0.75 + Math.random() / 2));
    this.online = online;
    this.onChange(); // what follows from it takes its own time
  }
}
