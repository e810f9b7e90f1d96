// A second person at the same screen: signs in for one deed, with a token that is only ever in
// memory and is revoked as soon as the deed is done.  The session of whoever works here stays.
//
//   <form data-second="POST /api/…">           the deed is the second person's
//   <form data-api="…" data-second-when="code">  so it becomes when the API refuses with that code
//   data-second-title, data-second-words       what the dialog says
//
// A page that uses it includes `second_person.html` among its dialogs.

import { ask, newKey } from "/static/chassis/api.js";
import { flash, sayNext } from "/static/chassis/flash.js";
import { endDeed, keyFor, showProblem, valuesOf } from "/static/chassis/forms.js";
import { t } from "/static/chassis/say.js";

const SESSIONS = "/api/accounts/v1/sessions";
const NEEDS_CODE = "accounts.session.second_factor_needed";

/** Somebody who signed in for one deed. */
class SecondPerson {
  #session;
  #credentials;

  constructor(session, credentials) {
    this.#session = session;
    this.#credentials = credentials;
  }

  get userId() {
    return this.#session.user.id;
  }

  /** Ask in their name. */
  ask(method, path, { body, key }) {
    return ask(method, path, { body, key, token: this.#session.token, again: false });
  }

  /** Make this screen theirs; false where their code, which is good once, would be asked again. */
  async takeScreen() {
    if (this.#credentials.code) return false;
    const taken = await ask("POST", "/api/accounts/v1/browser-sessions", { body: this.#credentials, again: false });
    return taken.ok;
  }

  /** Let go of what was held for them. */
  async leave() {
    const { session_id } = this.#session;
    this.#credentials = {};
    await this.ask("POST", `${SESSIONS}/${session_id}/revoke`, { body: {}, key: newKey() });
    this.#session = {};
  }
}

// Whose word counts where a cashier may not act alone.
const SUPERVISORS = ["site_manager", "admin"];

/** Ask who the second person is, a supervisor or `anybody`; null when nobody signs in. */
export function secondPerson({ title, words, anybody = false }) {
  const dialog = document.getElementById("second-person");
  const form = dialog.querySelector("form");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("[data-words]").textContent = words;
  return new Promise((resolve) => {
    let person = null;
    let busy = false;
    let closed = false;
    const signIn = async (event) => {
      event.preventDefault();
      if (busy || person) return;
      const credentials = valuesOf(form);
      busy = true;
      form.setAttribute("aria-busy", "true");
      const outcome = await ask("POST", SESSIONS, { body: credentials, again: false });
      const mayNot = outcome.ok && !anybody && !SUPERVISORS.includes(outcome.answer.user.role);
      // Given up meanwhile, or nobody who may: nobody is left signed in for it.
      if (outcome.ok && (closed || mayNot)) await new SecondPerson(outcome.answer, {}).leave();
      busy = false;
      if (closed) return;
      form.removeAttribute("aria-busy");
      const code = form.querySelector("[data-second-factor]");
      if (mayNot) {
        form.reset();
        showProblem(form, { sentence: t("This account may not confirm: a supervisor of the site signs in here.") });
        form.querySelector("input").focus();
      } else if (outcome.ok) {
        person = new SecondPerson(outcome.answer, credentials);
        dialog.close();
      } else if (outcome.answer?.code === NEEDS_CODE && code.hidden) {
        code.hidden = false;
        code.querySelector("input").focus();
      } else {
        showProblem(form, outcome);
      }
    };
    const done = () => {
      closed = true;
      form.removeEventListener("submit", signIn);
      form.removeAttribute("aria-busy");
      form.querySelector("[data-second-factor]").hidden = true;
      form.querySelector(":scope > .note[role=alert]")?.remove();
      form.reset(); // nothing of a password stays in the page
      resolve(person);
    };
    form.addEventListener("submit", signIn);
    dialog.addEventListener("close", done, { once: true });
    dialog.showModal();
  });
}

/** Ask for what a form says in the name of a second person; null when nobody signs in. */
export async function askAsSecond(form, deed, body) {
  const { secondTitle: title, secondWords: words } = form.dataset;
  const person = await secondPerson({ title, words });
  if (!person) return null;
  const [method, path] = deed.split(" ");
  form.setAttribute("aria-busy", "true");
  const outcome = await person.ask(method, path, { body, key: `second-${keyFor(form, body)}` });
  await person.leave();
  form.removeAttribute("aria-busy");
  return outcome;
}

/** Do what a form says in the name of a second person. */
async function doAsSecond(form, deed) {
  const outcome = await askAsSecond(form, deed, valuesOf(form));
  if (!outcome) return;
  if (!outcome.ok) {
    showProblem(form, outcome);
    return;
  }
  endDeed(form);
  form.dispatchEvent(new CustomEvent("relais:done", { bubbles: true, detail: outcome.answer }));
  if (!form.dataset.next) {
    if (form.dataset.done) flash(form.dataset.done);
    return;
  }
  if (form.dataset.done) sayNext(form.dataset.done);
  location.assign(form.dataset.next);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.second) return;
  event.preventDefault();
  if (!form.hasAttribute("aria-busy")) doAsSecond(form, form.dataset.second);
});

document.addEventListener("relais:refused", (event) => {
  const form = event.target;
  if (!form.dataset.secondWhen || event.detail.answer?.code !== form.dataset.secondWhen) return;
  event.preventDefault();
  doAsSecond(form, form.dataset.api);
});
