// What the pages of referrals do besides forms: looking for people, noting what was opened,
// asking for more where a rule says so, sharing a slip.

import { ask, newKey } from "/static/chassis/api.js";
import { flash } from "/static/chassis/flash.js";
import { t } from "/static/chassis/say.js";

// Opening a referral is reading it: the referrer is told once.
for (const place of document.querySelectorAll("[data-at-once]")) {
  const [method, path] = place.dataset.atOnce.split(" ");
  const outcome = await ask(method, path, { body: {}, key: newKey() });
  if (outcome.ok) document.querySelector(place.dataset.refresh)?.dispatchEvent(new CustomEvent("relais:refresh"));
}

// A question that is asked only once a refusal has shown that it matters.
document.addEventListener("relais:refused", (event) => {
  const code = event.detail.answer?.code;
  for (const place of event.target.querySelectorAll("[data-reveal]")) {
    if (place.dataset.reveal.split(" ").includes(code)) place.hidden = false;
  }
});

// A question that belongs to one choice: `data-only-when="criterion=manual"`.  What is hidden is
// neither asked nor sent.
const fitting = (form) => {
  for (const place of form.querySelectorAll("[data-only-when]")) {
    const [name, value] = place.dataset.onlyWhen.split("=");
    place.hidden = form.elements.namedItem(name)?.value !== value;
    for (const control of place.querySelectorAll("input, select, textarea")) control.disabled = place.hidden;
  }
};
for (const form of document.querySelectorAll("form:has([data-only-when])")) fitting(form);
document.addEventListener("change", (event) => {
  if (event.target.form) fitting(event.target.form);
  if (event.target.form && "choice" in event.target.form.dataset) event.target.form.requestSubmit();
});

// A scanner types and ends with Enter: what it read is opened, or the first that was found is
// under the next Enter.
const seek = document.querySelector("form[data-seek]");
let entered = false;
seek?.addEventListener("submit", (event) => {
  event.preventDefault();
  entered = true;
});
seek?.addEventListener("input", () => {
  entered = false;
});
document.addEventListener("htmx:after:swap", () => {
  const found = document.getElementById("found");
  if (!entered || !found) return;
  entered = false;
  const exact = found.querySelector("[data-open-at-once]");
  if (exact) location.assign(exact.href);
  else found.querySelector("[data-found]")?.focus();
});

// Sharing hands over the paper itself: a link would ask the person to sign in.
for (const button of document.querySelectorAll("[data-share]")) {
  const name = button.dataset.shareName;
  const probe = new File([""], name, { type: "application/pdf" });
  button.hidden = !navigator.canShare?.({ files: [probe] });
  button.addEventListener("click", async () => {
    try {
      const response = await fetch(button.dataset.share);
      if (!response.ok) throw new Error(String(response.status));
      const file = new File([await response.blob()], name, { type: "application/pdf" });
      await navigator.share({ files: [file] });
    } catch (error) {
      if (error.name !== "AbortError") flash(t("The slip could not be shared. Open it as PDF instead."));
    }
  });
}
