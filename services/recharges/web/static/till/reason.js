// Asks why something out of the ordinary is done.

import { t } from "/static/chassis/say.js";
import { button } from "./dom.js";

const dialog = document.getElementById("reason");
const form = dialog.querySelector("form");
const field = form.elements.reason;
const wrong = form.querySelector("[data-error-for]");

/** Ask for a reason, typed or picked; null when nobody gives one. */
export function askWhy({ title, words, reasons }) {
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("[data-words]").textContent = words;
  dialog.querySelector("[data-reasons]").replaceChildren(
    ...reasons.map((each) =>
      button(each, () => {
        field.value = each;
        wrong.textContent = "";
        field.focus();
      }),
    ),
  );
  form.reset();
  wrong.textContent = "";
  return new Promise((resolve) => {
    let reason = null;
    const given = (event) => {
      event.preventDefault();
      reason = field.value.trim() || null;
      if (reason) dialog.close();
      else {
        wrong.textContent = t("Say why: it is written into the till's journal.");
        field.focus();
      }
    };
    const closed = () => {
      form.removeEventListener("submit", given);
      resolve(reason);
    };
    form.addEventListener("submit", given);
    dialog.addEventListener("close", closed, { once: true });
    dialog.showModal();
    field.focus();
  });
}
