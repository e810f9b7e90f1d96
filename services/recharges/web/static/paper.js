// Shows a report as it will be printed, and prints it: an X, a Z, a closing.
//
//   <button data-paper="/api/…/report">             looks at a paper
//   <form data-print-paper="POST /api/…/prints">     prints it: the original, then copies for a reason
//   data-second-title, data-second-words             a supervisor signs in for a copy (supervisor.js)
//
// The paper is a page of its own in a frame.  Its style is handed over as an object, since our
// policy lets no page bring a style in its text.

import { Outcome, ask } from "/static/chassis/api.js";
import { endDeed, keyFor, showProblem, valuesOf } from "/static/chassis/forms.js";
import { t } from "/static/chassis/say.js";
import { flash } from "/static/chassis/flash.js";
import { askAsSecond } from "./supervisor.js";

const STYLE = /<style>([\s\S]*?)<\/style>/;
const REASON_MISSING = "recharges.print.reason_missing";
const PRINTED_ALREADY = "recharges.print.printed_already";

function dialogFor() {
  let dialog = document.getElementById("paper");
  if (dialog) return dialog;
  dialog = document.createElement("dialog");
  dialog.id = "paper";
  dialog.className = "paper";
  const frame = document.createElement("iframe");
  const actions = document.createElement("div");
  actions.className = "actions";
  for (const [label, kind, act] of [
    [t("Print"), "primary", () => frame.contentWindow.print()],
    [t("Close"), "quiet", () => dialog.close()],
  ]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = kind;
    button.textContent = label;
    button.addEventListener("click", act);
    actions.append(button);
  }
  dialog.append(frame, actions);
  document.body.append(dialog);
  return dialog;
}

/** Put a paper into the frame of a dialog over the page, which is returned; `print` asks the printer at once. */
export function showPaper(html, { print = false } = {}) {
  const dialog = dialogFor();
  const frame = dialog.querySelector("iframe");
  // Taken out before it is parsed: a style in a text is refused even where nobody looks at it.
  const text = STYLE.exec(html)?.[1] ?? "";
  const paper = new DOMParser().parseFromString(html.replace(STYLE, ""), "text/html");
  dialog.setAttribute("aria-label", paper.title);
  frame.title = paper.title;
  dialog.showModal();
  const { contentDocument: inside, contentWindow } = frame;
  inside.replaceChild(inside.importNode(paper.documentElement, true), inside.documentElement);
  const sheet = new contentWindow.CSSStyleSheet();
  sheet.replaceSync(text);
  inside.adoptedStyleSheets = [sheet];
  frame.style.height = `${Math.min(inside.documentElement.scrollHeight + 8, innerHeight * 0.7)}px`;
  if (print) contentWindow.print();
  return dialog;
}

/** Take a paper away that must not stay: a ticket with its codes. */
export function clearPaper() {
  document.getElementById("paper")?.remove();
}

async function look(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { "Accept-Language": document.documentElement.lang } });
  } catch {
    flash(new Outcome(0, null).sentence);
    return;
  }
  if (answer.ok) showPaper(await answer.text());
  else flash((await answer.json()).detail);
}

async function print(form) {
  const [method, path] = form.dataset.printPaper.split(" ");
  const body = { ...valuesOf(form), format: "html" };
  let outcome = await ask(method, path, { body, key: keyFor(form, body) });
  const reason = form.querySelector("[data-reason]");
  const isForSupervisors = outcome.answer?.code === PRINTED_ALREADY && "secondTitle" in form.dataset;
  if (isForSupervisors && body.reason) {
    outcome = await askAsSecond(form, form.dataset.printPaper, body);
    if (!outcome) return;
  }
  if (outcome.ok && outcome.answer.printed) {
    endDeed(form);
    showPaper(outcome.answer.printed.content, { print: true });
    form.reset();
    if (reason) reason.hidden = reason.disabled = true;
  } else if ((isForSupervisors || outcome.answer?.code === REASON_MISSING) && reason?.hidden) {
    reason.hidden = reason.disabled = false;
    reason.querySelector("input").focus();
  } else {
    showProblem(form, outcome);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-paper]");
  if (button) look(button.dataset.paper);
});
document.addEventListener("submit", (event) => {
  if (!event.target.dataset.printPaper) return;
  event.preventDefault();
  print(event.target);
});
