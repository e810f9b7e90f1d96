// The drawer's own deeds: why cash moves, and the drawer given to a colleague who says yes.

import { ask } from "/static/chassis/api.js";
import { sayNext } from "/static/chassis/flash.js";
import { keyFor, showProblem, valuesOf } from "/static/chassis/forms.js";
import { forgetPages } from "/static/chassis/kept.js";
import { t } from "/static/chassis/say.js";
import { secondPerson } from "./supervisor.js";

// One choice says where cash goes and why; the words can be changed.
for (const choice of document.querySelectorAll("[data-movement]")) {
  const form = choice.closest("form");
  const fill = () => {
    const [kind, purpose] = choice.value.split(":");
    form.elements.kind.value = kind;
    form.elements.purpose.value = purpose;
    form.elements.reason.value = choice.selectedOptions[0].textContent.trim();
  };
  choice.addEventListener("change", fill);
  fill();
}

async function handOver(form) {
  const counted = valuesOf(form);
  const person = await secondPerson({
    title: t("Your colleague signs in"),
    words: t("From then on the drawer is theirs, with what you have just counted."),
    anybody: true,
  });
  if (!person) return;
  const [method, path] = form.dataset.handover.split(" ");
  const body = { ...counted, to_user: person.userId };
  const outcome = await ask(method, path, { body, key: keyFor(form, body) });
  if (!outcome.ok) {
    await person.leave();
    showProblem(form, outcome);
    return;
  }
  form.dispatchEvent(new CustomEvent("relais:done", { bubbles: true, detail: outcome.answer }));
  const theirs = await person.takeScreen();
  await person.leave();
  if (theirs) {
    await forgetPages();
    sayNext(t("The drawer is yours, and so is this screen."));
    location.reload();
    return;
  }
  await ask("POST", "/api/accounts/v1/sign-out", { body: {}, key: crypto.randomUUID() });
  await forgetPages();
  location.assign(`/connexion?next=${encodeURIComponent(location.pathname)}`);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.handover) return;
  event.preventDefault();
  handOver(form);
});
