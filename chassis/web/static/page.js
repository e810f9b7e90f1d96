// What every page does: forms that act through the API, parts that htmx loads, the sign-in dialog.

import "./flash.js";
import "./forms.js";
import "./vendor/htmx-4.0.1/htmx.esm.min.js";
import { signedInAgain } from "./api.js";

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
    form.closest("dialog").close("in");
  }
  if (form.dataset.signIn === "first") {
    event.preventDefault();
    location.assign(form.dataset.back || event.detail.home);
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-close], [data-open], [data-print]");
  if (!button) return;
  if ("close" in button.dataset) button.closest("dialog").close();
  if ("print" in button.dataset) window.print();
  if (button.dataset.open) document.getElementById(button.dataset.open).showModal();
});

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
