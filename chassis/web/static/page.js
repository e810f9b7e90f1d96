// What every page does: forms that act through the API, parts that htmx loads, the sign-in dialog.

import "./flash.js";
import "./forms.js";
import { signedInAgain } from "./api.js";
import { t } from "./say.js";

// A third of what the scripts weigh, for pages with parts that load by themselves.
if (document.querySelector("[hx-get]")) import("./vendor/htmx-4.0.1/htmx.esm.min.js");

// A second factor is asked for once the password has proven right.
document.addEventListener("relais:refused", (event) => {
  const form = event.target;
  if (!("signIn" in form.dataset)) return;
  if (event.detail.answer?.code !== "accounts.session.second_factor_needed") return;
  const part = form.querySelector("[data-second-factor]");
  if (!part.hidden) return;
  event.preventDefault();
  part.hidden = false;
  part.querySelector("input").focus();
});

document.addEventListener("relais:done", (event) => {
  const form = event.target;
  if (form.dataset.signIn === "again") {
    event.preventDefault();
    form.reset();
    // Somebody else at the same screen does not go on with what this one was typing.
    if (event.detail.user.id === document.body.dataset.user) form.closest("dialog").close("in");
    else location.assign(event.detail.home);
  }
  if (form.dataset.signIn === "first") {
    event.preventDefault();
    location.assign(form.dataset.back || event.detail.home);
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-close], [data-print], [data-reveal]");
  if (!button) return;
  if (button.dataset.reveal) {
    const field = document.getElementById(button.dataset.reveal);
    field.type = field.type === "password" ? "text" : "password";
    button.setAttribute("aria-pressed", String(field.type === "text"));
  }
  if ("close" in button.dataset) button.closest("dialog").close();
  if ("print" in button.dataset) window.print();
});

// On a small screen the tab of this page may lie outside.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// One open menu at a time, closed by Escape or a touch elsewhere.
const closeMenus = (but) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== but) menu.open = false;
  }
};
document.addEventListener("click", (event) => closeMenus(event.target.closest?.("details[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus(null);
});

// A part that was asked for after the session had ended is asked for again.
document.addEventListener("htmx:before:response", async (event) => {
  const context = event.detail.ctx;
  if (context.response?.status !== 401) return;
  event.preventDefault();
  if (await signedInAgain()) context.sourceElement.dispatchEvent(new CustomEvent("relais:refresh"));
});

// A service that is away is answered for by nginx with a whole page; where a part of one was asked
// for, one sentence says so, and the rest of the page goes on.
function away() {
  const note = document.createElement("p");
  note.className = "note wait";
  note.textContent = t("This part does not answer just now. The rest of the page works; it comes back by itself.");
  return note;
}

document.addEventListener("htmx:after:request", (event) => {
  const context = event.detail.ctx;
  const isPage = (context.response.headers.get("Content-Type") ?? "").startsWith("text/html");
  if (!isPage || /^\s*<!doctype/i.test(context.text)) context.text = away().outerHTML;
});

// The line is cut: what was shown stays; what was never shown is not waited for in silence.
document.addEventListener("htmx:error", (event) => {
  event.detail.ctx?.target?.querySelector(":scope > .skeleton")?.parentElement.replaceChildren(away());
});

// What refreshes by itself rests while nobody looks, or while somebody is busy in it: typing, or
// reading what they have opened.  It catches up when somebody looks again.
document.addEventListener("htmx:before:request", (event) => {
  const { sourceEvent, sourceElement } = event.detail.ctx;
  if (sourceEvent?.type !== "every") return;
  const isBusy = sourceElement.querySelector("details[open], :is(input, select, textarea):focus");
  if (document.hidden || isBusy) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const part of document.querySelectorAll('[hx-trigger*="every"]')) {
    part.dispatchEvent(new CustomEvent("relais:refresh"));
  }
});
