// Asks for all that is held on a person, and says how far it has come until it is ready.

import { ask } from "/static/chassis/api.js";
import { t, tn } from "/static/chassis/say.js";

const AGAIN_MS = 1_500;

const place = document.querySelector("[data-export]");
const button = place.querySelector("[data-ask]");
const said = place.querySelector("[data-progress]");
const bar = place.querySelector("progress");

async function look() {
  const outcome = await ask("GET", place.dataset.export);
  if (!outcome.ok) {
    bar.hidden = true;
    button.disabled = false;
    said.textContent = outcome.sentence;
    return;
  }
  if (outcome.status === 200) {
    bar.hidden = true;
    button.hidden = true;
    said.textContent = t("It is ready.");
    place.querySelector("[data-ready]").hidden = false;
    return;
  }
  const count = outcome.answer.missing.length;
  said.textContent = tn("{count} service has yet to answer.", "{count} services have yet to answer.", count);
  setTimeout(look, AGAIN_MS);
}

button.addEventListener("click", () => {
  button.disabled = true;
  bar.hidden = false;
  look();
});
