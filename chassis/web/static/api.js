// Speaks to the API as programs do, with the cookie that no script can read.

import { t } from "./say.js";

const TIMEOUT_MS = 20_000;

/** What came back: `status` is 0 when the line is cut and nobody knows whether it arrived. */
export class Outcome {
  constructor(status, answer) {
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.answer = answer;
    this.cut = status === 0;
  }

  /** One sentence for the person at the screen. */
  get sentence() {
    if (this.cut) return t("The line is cut. Nothing is lost: try again when it is back.");
    return this.answer?.detail || t("Something went wrong on our side. Try again in a moment.");
  }
}

/** A fresh Idempotency-Key: the same one again gives the same answer, whatever got lost. */
export const newKey = () => crypto.randomUUID();

/**
 * Ask a route; `key` for what changes something, `as: "till"` to speak as the enrolled device.
 * A session that has ended opens the sign-in over the page, and the question is asked again.
 */
export async function ask(method, path, { body, key, as, token, again = true } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (key) headers["Idempotency-Key"] = key;
  if (as) headers["Relais-Identity"] = as;
  if (token) headers.Authorization = `Bearer ${token}`;
  // In another tab somebody else may have signed in since: what is done here is not done as them.
  const shownTo = document.body.dataset.user;
  if (shownTo && !as && !token) headers["Relais-Shown-To"] = shownTo;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  let answer = null;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if ((response.headers.get("Content-Type") ?? "").includes("json")) answer = await response.json();
  } catch {
    return new Outcome(0, null);
  }
  if (response.status === 401 && again && !as && !token && (await signedInAgain())) {
    return ask(method, path, { body, key, again: false });
  }
  return new Outcome(response.status, answer);
}

let waiting = null;

/** Open the sign-in over the page; true once somebody has signed in. */
export function signedInAgain() {
  const dialog = document.getElementById("sign-in");
  if (!dialog) return Promise.resolve(false);
  waiting ??= new Promise((resolve) => {
    const done = () => {
      waiting = null;
      resolve(dialog.returnValue === "in");
    };
    dialog.addEventListener("close", done, { once: true });
    dialog.returnValue = "";
    if (!dialog.open) dialog.showModal();
  });
  return waiting;
}
