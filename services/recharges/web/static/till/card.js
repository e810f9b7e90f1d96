// A sale that waits for its card: what the reader says, as the service sees it, until it is paid.

import { ask, newKey } from "/static/chassis/api.js";
import { flash } from "/static/chassis/flash.js";
import { euros, t } from "/static/chassis/say.js";
import { note, state } from "./dom.js";
import { TICKETS } from "./pay.js";
import { go, isShown, screen } from "./screens.js";

const LOOK_MS = 1_000;

const section = screen("card", { show, hide, otherwise: () => "find" });
const part = (name) => section.querySelector(`[data-${name}]`);
const cancelling = section.querySelector("[data-do=cancel-card]");
let sale = null;
let timer = 0;
let said = "";

function show(next) {
  sale = { id: next.sale_id, revealKey: newKey(), cancelKey: newKey() };
  said = "";
  cancelling.disabled = false;
  part("card-title").textContent = t("Card payment");
  part("card-amount").textContent = next.total_cents ? euros(next.total_cents) : "";
  say("wait", t("Have the card held to the reader."));
  part("card-title").focus();
  look(sale);
}

function hide() {
  clearTimeout(timer);
  sale = null;
}

function say(kind, words, sentence = "") {
  if (said === words + sentence) return; // what has not changed is not read out again
  said = words + sentence;
  part("card-state").replaceChildren(state(kind, words), ...(sentence ? [note(kind, sentence)] : []));
}

async function look(of) {
  const outcome = await ask("GET", `/api/recharges/v1/sales/${of.id}`);
  if (sale !== of) return; // left meanwhile
  if (outcome.ok) await see(of, outcome.answer);
  else say("wait", t("Nothing is heard of the payment just now"), outcome.sentence);
  if (sale === of) timer = setTimeout(() => look(of), LOOK_MS);
}

async function see(of, shown) {
  part("card-amount").textContent = euros(shown.total_cents);
  if (shown.state === "completed") await reveal(of);
  else if (shown.state === "pending" && shown.why) {
    const another = t("Another card may be held to the reader.");
    say("bad", t("Declined"), `${shown.why_detail} ${another}`);
  } else if (shown.state === "pending") say("wait", t("Have the card held to the reader."));
  else over(shown.why_detail);
}

async function reveal(of) {
  say("good", t("Paid"));
  cancelling.disabled = true;
  const outcome = await ask("POST", `/api/recharges/v1/sales/${of.id}/reveals`, { body: { tickets: TICKETS }, key: of.revealKey });
  if (sale !== of) return;
  if (outcome.ok) go("ticket", outcome.answer, { replace: true });
  else if (outcome.cut || outcome.status >= 500) say("wait", t("Paid"), outcome.sentence);
  else {
    hide();
    say("bad", t("Paid, and no code can be shown"), outcome.sentence);
  }
}

function over(sentence) {
  flash(sentence || t("The payment was given up. Nothing was taken."));
  if (isShown("card")) go("find", null, { replace: true });
}

cancelling.addEventListener("click", async () => {
  const of = sale;
  cancelling.disabled = true;
  const outcome = await ask("POST", `/api/recharges/v1/sales/${of.id}/cancellations`, { body: {}, key: of.cancelKey });
  if (sale !== of) return;
  if (outcome.ok && outcome.answer.state === "voided") over(t("The payment was given up. Nothing was taken."));
  else if (outcome.ok) await reveal(of); // it was paid at the same moment
  else {
    cancelling.disabled = false;
    say("wait", t("Not given up yet"), outcome.sentence);
  }
});
