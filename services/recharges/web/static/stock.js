// Vouchers sent to another site: as many lines as there are offers with a number beside them.

import { ask } from "/static/chassis/api.js";
import { sayNext } from "/static/chassis/flash.js";
import { keyFor, showProblem, valuesOf } from "/static/chassis/forms.js";
import { t } from "/static/chassis/say.js";

async function send(form) {
  const lines = [...form.querySelectorAll("[data-offer]")]
    .map((input) => ({ offer_code: input.dataset.offer, quantity: Number(input.value) }))
    .filter((line) => line.quantity > 0);
  const body = { from_site: form.dataset.transfer, ...valuesOf(form), lines };
  form.setAttribute("aria-busy", "true");
  const outcome = await ask("POST", "/api/recharges/v1/transfers", { body, key: keyFor(form, body) });
  form.removeAttribute("aria-busy");
  if (!outcome.ok) {
    showProblem(form, outcome);
    return;
  }
  sayNext(t("They are on their way."));
  location.assign(`/pilotage/stock/transferts/${outcome.answer.transfer_id}`);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.transfer) return;
  event.preventDefault();
  if (!form.hasAttribute("aria-busy")) send(form);
});
