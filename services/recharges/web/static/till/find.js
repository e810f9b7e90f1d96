// The first screen: one field for a scanner that types, a code, a name or the end of a phone.

import { t } from "/static/chassis/say.js";
import { el, note } from "./dom.js";
import { go, screen } from "./screens.js";
import { load } from "./person.js";
import * as line from "./line.js";

const section = screen("find", { show, hide });
const form = section.querySelector("[data-find]");
const field = form.elements.text;
const found = section.querySelector("[data-found]");
const wrong = form.querySelector("[data-error-for]");

function show() {
  field.focus();
}

function hide() {
  form.reset();
  clear();
}

function clear() {
  wrong.textContent = "";
  field.removeAttribute("aria-invalid");
  found.replaceChildren();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  search(field.value);
});
// A scanner types over whatever is there, and never into nothing.
field.addEventListener("focus", () => field.select());

/** Look for somebody and go on with them, or show who it may be. */
export async function search(text) {
  if (form.hasAttribute("aria-busy") || !text.trim()) return;
  clear();
  form.setAttribute("aria-busy", "true");
  const { people, person, problem, desk } = await line.find(text);
  form.removeAttribute("aria-busy");
  if (person) sellTo(person);
  else if (problem) say(problem, { desk });
  else if (people.length === 1) await open(people[0]);
  else list(people);
}

function say(problem, { desk = false } = {}) {
  if (desk) {
    found.replaceChildren(note("wait", problem, el("a", { class: "button", href: "/accueil", text: t("To the reception desk") })));
    return;
  }
  wrong.textContent = problem;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

function list(people) {
  const lines = people.map((each) => el("li", {}, personButton(each)));
  found.replaceChildren(
    el("div", { class: "sheet" }, el("h2", { text: t("Which of them?") }), el("ul", { class: "lines" }, ...lines)),
  );
  found.querySelector("button").focus();
}

function personButton(each) {
  const more = [t("born in {year}", { year: each.birth_year })];
  if (each.phone_end) more.push(t("phone ending in {digits}", { digits: each.phone_end }));
  if (each.also_known_as.length) more.push(t("also known as {names}", { names: each.also_known_as.join(", ") }));
  const name = el("span", {}, el("strong", { text: `${each.given_name} ${each.family_name}` }), more.join(" · "));
  const made = el("button", { type: "button", class: "line quiet" }, name);
  made.addEventListener("click", () => open(each));
  return made;
}

async function open({ person_ref }) {
  form.setAttribute("aria-busy", "true");
  const { person, problem, desk } = await load(person_ref);
  form.removeAttribute("aria-busy");
  if (person) sellTo(person);
  else say(problem, { desk });
}

async function sellTo(person) {
  await import("./counter.js"); // it is there already, unless somebody is very quick
  go("sell", person);
}
