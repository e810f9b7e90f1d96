// Forms that act through the API: `<form data-api="POST /api/referrals/v1/referrals">`.
//
// The names of the fields are the paths of the values in the JSON (`person.phone`), `data-kind`
// says what a value is.  Errors are put beside their fields, in the API's own words; what was typed
// stays.  The same form sent again is the same deed (Idempotency-Key) until it is changed.
//
//   data-next="/orienter/{referral_id}"   where to go when it is done; {names} are of the answer
//   data-done="Saved."                    what is said when it is done, here or on the next page
//   data-refresh="#list"                  what htmx loads anew when it is done
//   data-confirm="Really?"                what is asked before
//   data-reset                            the fields are emptied when it is done
//   data-then="#sent"                     what is shown in the form's place when it is done
//   <fieldset data-list="site_codes">     boxes of kind `list`: none ticked is an empty list
//
// `relais:done` bubbles from the form with the answer, for a page that does more.

import { ask, newKey } from "./api.js";
import { flash, sayNext } from "./flash.js";
import { forgetPages } from "./kept.js";
import { centsOf, day, t } from "./say.js";

const READ = {
  text: (control) => control.value.trim() || undefined,
  // A password may begin or end with a space.
  password: (control) => control.value || undefined,
  int: (control) => (control.value.trim() === "" ? undefined : Number(control.value)),
  number: (control) => control.value.trim().replace(",", ".") || undefined,
  cents: (control) => (control.value.trim() === "" ? undefined : centsOf(control.value)),
  bool: (control) => control.checked,
  // As many as there are, with blanks, commas or lines between them.
  words: (control) => control.value.match(/[^\s,;]+/g) ?? undefined,
  // Ticked, what is known is taken away.
  blank: (control) => (control.checked ? "" : undefined),
  // Left empty, it says that there is none.
  nullable: (control) => control.value.trim() || null,
};

function put(target, path, value) {
  const names = path.split(".");
  const last = names.pop();
  let at = target;
  for (const name of names) at = at[name] ??= {};
  at[last] = value;
}

/** Read a form as the JSON that the API takes; a field left empty is left out. */
export function valuesOf(form) {
  const values = {};
  for (const group of form.querySelectorAll("[data-list]")) put(values, group.dataset.list, []);
  for (const control of form.elements) {
    if (!control.name || control.disabled || control.closest("[hidden]")) continue;
    const kind = control.dataset.kind;
    if (kind === "list") {
      if (control.checked || control.type === "hidden") {
        listAt(values, control.name).push(control.value);
      }
      continue;
    }
    if (control.type === "radio") {
      if (control.checked) put(values, control.name, kind === "bool" ? control.value === "true" : control.value);
      continue;
    }
    const read = READ[kind ?? (control.type === "password" ? "password" : "text")];
    const value = read(control);
    if (value !== undefined) put(values, control.name, value);
  }
  return values;
}

function listAt(values, path) {
  const known = path.split(".").reduce((at, name) => at?.[name], values);
  if (known) return known;
  const list = [];
  put(values, path, list);
  return list;
}

function clear(form) {
  for (const place of form.querySelectorAll("[data-error-for]")) place.textContent = "";
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  form.querySelector(":scope > .note[role=alert]")?.remove();
}

function controlFor(form, field) {
  const control = form.elements.namedItem(field);
  return control instanceof RadioNodeList ? control[0] : control;
}

/** Put what went wrong beside each field, and what belongs to none at the top of the form. */
export function showProblem(form, outcome) {
  clear(form);
  const homeless = [];
  let first = null;
  for (const { field, reason } of outcome.answer?.errors ?? []) {
    const place = placeFor(form, field);
    if (!place) {
      homeless.push(reason);
      continue;
    }
    place.textContent = reason;
    const control = controlFor(form, place.dataset.errorFor);
    control?.setAttribute("aria-invalid", "true");
    first ??= control;
  }
  const note = document.createElement("div");
  note.className = "note bad";
  note.setAttribute("role", "alert");
  note.tabIndex = -1;
  for (const words of [outcome.sentence, ...homeless]) {
    const line = document.createElement("p");
    line.textContent = words;
    note.append(line);
  }
  form.prepend(note);
  (first ?? note).focus();
}

// `person.phone` finds its own place; `needs.0` that of `needs`.
function placeFor(form, field) {
  const names = field.split(".");
  while (names.length) {
    const place = form.querySelector(`[data-error-for="${CSS.escape(names.join("."))}"]`);
    if (place) return place;
    names.pop();
  }
  return null;
}

const keys = new WeakMap();

/** The key of what a form does: the same until something else is typed. */
export function keyFor(form, body) {
  const words = JSON.stringify(body);
  const known = keys.get(form);
  if (known?.words === words) return known.key;
  const key = newKey();
  keys.set(form, { words, key });
  return key;
}

/** What a form did is done: the same once more is another deed. */
export const endDeed = (form) => keys.delete(form);

const filled = (template, answer) =>
  template.replace(/\{(\w+)\}/g, (whole, name) => encodeURIComponent(answer?.[name] ?? ""));

// Whoever signs out leaves, even where the line is cut and nobody hears of it.
const LEAVES = /\/(sign-out|revoke-all)$/;

function changesWhoIsThere(form, outcome) {
  if ("signIn" in form.dataset) return outcome.ok && outcome.answer.user?.id !== document.body.dataset.user;
  return LEAVES.test(form.dataset.api);
}

async function send(form) {
  const [method, path] = form.dataset.api.split(" ");
  const body = valuesOf(form);
  // What stands in the path is not of the body: /people/{person_ref}/merge
  const address = path.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = body[name];
    delete body[name];
    return encodeURIComponent(value ?? "");
  });
  const signingIn = "signIn" in form.dataset;
  form.setAttribute("aria-busy", "true");
  const buttons = [...form.querySelectorAll("button")].filter((button) => !button.disabled);
  for (const button of buttons) button.disabled = true;
  const outcome = await ask(method, address, { body, key: keyFor(form, body), again: !signingIn });
  if (changesWhoIsThere(form, outcome)) await forgetPages();
  for (const button of buttons) button.disabled = false;
  form.removeAttribute("aria-busy");
  if (outcome.ok) done(form, outcome);
  else refused(form, outcome);
}

function done(form, outcome) {
  clear(form);
  endDeed(form);
  if ("reset" in form.dataset) form.reset();
  const event = new CustomEvent("relais:done", { bubbles: true, cancelable: true, detail: outcome.answer });
  if (!form.dispatchEvent(event)) return;
  const { next, done: words, refresh, then } = form.dataset;
  if (next) {
    if (words) sayNext(words);
    location.assign(filled(next, outcome.answer));
    return;
  }
  form.closest("dialog")?.close();
  if (words) flash(words);
  if (then) {
    const part = document.querySelector(then);
    form.hidden = true;
    part.hidden = false;
    part.focus();
  }
  for (const part of refresh ? document.querySelectorAll(refresh) : []) {
    part.dispatchEvent(new CustomEvent("relais:refresh"));
  }
}

function refused(form, outcome) {
  const event = new CustomEvent("relais:refused", { bubbles: true, cancelable: true, detail: outcome });
  if (form.dispatchEvent(event)) showProblem(form, outcome);
}

// What the browser finds wrong by itself is said beside its field too, and not in a bubble that goes away.
const wanted = ({ type, dataset }) => {
  if (dataset.kind === "cents") return t("This is not an amount in euros, such as 12.50.");
  if (type === "tel") return t("This is not a phone number, such as 06 39 98 00 12.");
  return t("This is not written as it should be.");
};
const WRONG = [
  ["valueMissing", () => t("This is needed.")],
  ["typeMismatch", wanted],
  ["patternMismatch", wanted],
  ["badInput", wanted],
  ["rangeUnderflow", ({ min, type }) => t("At least {min}.", { min: type === "date" ? day(min) : min })],
  ["rangeOverflow", ({ max, type }) => t("At most {max}.", { max: type === "date" ? day(max) : max })],
];

// Of a group of radio buttons or boxes (`data-some`) one at least is ticked: the first one stands for
// all of them.
function needSome(group) {
  const boxes = [...group.querySelectorAll("input")];
  boxes[0].required = !boxes.some((box) => box.checked);
}

// Before the browser looks: the key Enter clicks the button too.
document.addEventListener(
  "click",
  ({ target }) => {
    const form = target.closest?.("button")?.form;
    for (const group of form?.querySelectorAll("[data-some]") ?? []) needSome(group);
  },
  true,
);
document.addEventListener(
  "invalid",
  (event) => {
    const control = event.target;
    const place = control.form && placeFor(control.form, control.name || "?");
    const found = WRONG.find(([kind]) => control.validity[kind]);
    if (!place || !found) return; // else the browser says it
    event.preventDefault();
    place.textContent = found[1](control);
    if (controlFor(control.form, control.name) !== control) return;
    control.setAttribute("aria-invalid", "true");
    const first = [...control.form.elements].find((each) => each.willValidate && !each.validity.valid);
    if (first === control) setTimeout(() => control.focus());
  },
  true,
);
document.addEventListener("input", ({ target }) => {
  if (!target.form?.dataset.api) return;
  const control = controlFor(target.form, target.name);
  const group = target.closest("[data-some]");
  if (group) needSome(group);
  if (!control?.hasAttribute("aria-invalid") || !control.validity.valid) return;
  const place = placeFor(target.form, target.name);
  if (place) place.textContent = "";
  control.removeAttribute("aria-invalid");
});

async function confirmed(words) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  const form = document.createElement("form");
  form.method = "dialog";
  const question = document.createElement("p");
  question.textContent = words;
  question.id = "confirm-words";
  dialog.setAttribute("aria-labelledby", question.id);
  const actions = document.createElement("div");
  actions.className = "actions";
  for (const [value, label, kind] of [
    ["yes", t("Yes, go on"), "primary"],
    ["no", t("Cancel"), "quiet"],
  ]) {
    const button = document.createElement("button");
    button.value = value;
    button.textContent = label;
    button.className = kind;
    actions.append(button);
  }
  form.append(question, actions);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
  return dialog.returnValue === "yes";
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.api) return;
  event.preventDefault();
  if (form.hasAttribute("aria-busy")) return;
  if (form.dataset.confirm && !(await confirmed(form.dataset.confirm))) return;
  await send(form);
});
