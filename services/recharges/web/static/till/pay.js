// The third screen: what is bought, what is given, what is given back; cash at once, or by card.

import { flash } from "/static/chassis/flash.js";
import { centsOf, euros, t } from "/static/chassis/say.js";
import { button, el, icon, note } from "./dom.js";
import { offerOf, till, worthOf } from "./known.js";
import * as line from "./line.js";
import { lookAgain } from "./person.js";
import { go, isShown, screen } from "./screens.js";
import { forget } from "./sell.js";

// What people hand over at a counter.
const NOTES_CENTS = [500, 1_000, 2_000, 5_000];
export const TICKETS = ["html", "sms", "escpos"];

const section = screen("pay", { show, hide, otherwise: () => (basket && !basket.isEmpty ? null : "sell") });
const part = (name) => section.querySelector(`[data-${name}]`);
const form = part("pay");
const field = form.elements["payment.tendered_cents"];
let basket = null;
let given = null; // null: the exact amount
let busy = false;
let open = null; // what was asked for and has no answer: `{ body, person }`

function show(next) {
  if (next && next !== basket) given = null;
  basket = next ?? basket;
  field.value = "";
  part("pay-note").replaceChildren();
  part("pay-drawer").replaceChildren(...closedDrawer());
  draw();
  lock();
  part("cash").focus();
}

// Whoever did not see it on the first screen sees it before the money is taken.
function closedDrawer() {
  const { till_id: id, state, drawer } = till();
  if (drawer || state !== "active") return [];
  const words = t("The drawer is not open. Selling now opens it with {amount}: count its float first if there is one.", { amount: euros(0) });
  return [note("wait", words, el("a", { class: "button", href: `/caisse/tiroir/${id}`, text: t("Open the drawer") }))];
}

function hide() {
  if (!open && !busy) return;
  forget();
  [basket, open] = [null, null];
}

function draw() {
  if (given !== null && given < basket.totalCents) given = null;
  part("pay-name").textContent = basket.person.name;
  part("basket").replaceChildren(...[...basket.lines].map(row));
  part("total").textContent = euros(basket.totalCents);
  part("left-after").textContent = t("{amount} left after this sale", { amount: euros(basket.leftCents) });
  part("quick").replaceChildren(quick(null, t("The exact amount")), ...NOTES_CENTS.map((cents) => quick(cents, euros(cents).replace(/[,.]00/, ""))));
  section.querySelector("[data-do=card]").hidden = Boolean(basket.person.offline);
  drawChange();
}

function drawChange() {
  const typed = field.value.trim() ? centsOf(field.value) : given;
  const change = typed === null && field.value.trim() ? null : (typed ?? basket.totalCents) - basket.totalCents;
  const isShort = change !== null && change < 0;
  part("change-word").textContent = isShort ? t("Still missing") : t("Change to give");
  part("change").textContent = change === null ? "–" : euros(Math.abs(change));
  part("change").parentElement.classList.toggle("short", isShort);
  part("cash").disabled = isShort;
  part("cash").textContent = t("Take {amount} in cash", { amount: euros(basket.totalCents) });
  for (const each of part("quick").children) {
    each.setAttribute("aria-pressed", String(!field.value.trim() && each.dataset.cents === String(given)));
  }
}

function row([code, count]) {
  const offer = offerOf(code);
  const words = el("span", {}, el("strong", { text: worthOf(offer) }), offer.label);
  const change = (by) => {
    basket.change(code, by);
    if (basket.isEmpty) go("sell", undefined);
    else {
      draw();
      part("basket").querySelector(`[data-step="${code}:${by}"]:not(:disabled)`)?.focus();
    }
  };
  const step = (by, sign, label) => {
    const made = button("", () => change(by), { "aria-label": label, "data-step": `${code}:${by}` });
    made.append(icon(sign));
    return made;
  };
  const more = step(1, "plus", t("One more: {offer}", { offer: offer.label }));
  more.disabled = !basket.takes(offer);
  const stepper = el("span", { class: "stepper" }, step(-1, "minus", t("One fewer: {offer}", { offer: offer.label })), el("output", { text: String(count) }), more);
  return el("li", {}, el("div", { class: "line" }, words, stepper, el("span", { class: "amount", text: euros(count * offer.price_cents) })));
}

function quick(cents, words) {
  const pick = () => {
    given = cents;
    field.value = "";
    wrong("");
    drawChange();
    part("cash").focus();
  };
  const tooLittle = cents !== null && cents < basket.totalCents;
  return button(words, pick, { "data-cents": String(cents), disabled: tooLittle });
}

field.addEventListener("input", () => {
  wrong("");
  drawChange();
});
// Figures go where they are meant to go, wherever the cursor is.
section.addEventListener("keydown", (event) => {
  if (!/^[0-9]$/.test(event.key) || event.target === field || event.ctrlKey || event.metaKey || event.altKey) return;
  field.focus();
});

function wrong(words) {
  section.querySelector("[data-error-for]").textContent = words;
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = field.value.trim();
  const tendered = typed ? centsOf(typed) : (given ?? basket.totalCents);
  if (tendered === null || tendered < basket.totalCents) {
    wrong(t("{amount} are to be paid: type what the customer gives.", { amount: euros(basket.totalCents) }));
    field.focus();
    return;
  }
  sell({ tender: "cash", tendered_cents: tendered });
});
section.querySelector("[data-do=card]").addEventListener("click", () => sell({ tender: "card" }));
section.querySelector("[data-do=back]").addEventListener("click", () => go("sell"));

/** Sell once, however often it is touched. */
async function sell(payment) {
  if (busy) return;
  const { person } = basket;
  const body = { till_id: till().till_id, person_ref: person.person_ref, lines: basket.toLines(), payment };
  if (payment.tender === "cash") body.tickets = TICKETS;
  part("pay-note").replaceChildren(note("calm", t("One moment…")));
  await send(body, person);
}

async function send(body, person) {
  setBusy(true);
  const outcome = await line.sell(body, person);
  setBusy(false);
  // Whoever left the screen meanwhile still has the code to give to somebody.
  if (answered(outcome, { replace: isShown("pay") })) return;
  if (basket?.person !== person) {
    if (!line.isOpen(outcome)) flash(outcome.sentence);
    return;
  }
  const cash = body.payment.tender === "cash";
  if (line.isOpen(outcome) && cash) wait(body, person);
  else refused(outcome);
}

/** Go on with what a sale was answered; false where it was not made. */
export function answered(outcome, { replace = false } = {}) {
  if (!outcome.ok) return false;
  forget();
  [basket, open] = [null, null];
  if (outcome.status === 202) go("card", outcome.answer, { replace });
  else go("ticket", outcome.answer, { replace });
  return true;
}

function setBusy(is) {
  busy = is;
  form.toggleAttribute("aria-busy", is);
  lock();
}

// What is on its way, or has no answer yet, is not changed under way.
function lock() {
  const locked = busy || open !== null;
  for (const each of form.querySelectorAll("button, input")) each.inert = locked && !each.closest("[data-pay-note]");
}

// Cash was given and nobody knows whether the sale was made: it is asked again (settle.js) until it is.
function wait(body, person) {
  if (open) return;
  open = { body, person };
  lock();
  const again = button(t("Ask again now"), () => busy || send(body, person), { class: "primary" });
  const leave = button(t("Serve somebody else meanwhile"), () => go("find"));
  const words = [
    t("The line is cut, and nobody knows yet whether this sale was made."),
    t("Do not make another one: this one is asked for again by itself, and is made once."),
  ];
  part("pay-note").replaceChildren(note("wait", words, again, leave));
  again.focus();
}

/** A sale has been answered: true where this screen waits for it. */
export function hear({ body }) {
  if (!open || JSON.stringify(open.body) !== JSON.stringify(body)) return false;
  if (!busy) send(open.body, open.person);
  return true;
}

async function refused(outcome) {
  open = null;
  lock();
  const code = outcome.answer?.code ?? "";
  const deeds = [];
  if (code.startsWith("recharges.drawer.")) {
    deeds.push(el("a", { class: "button", href: "/caisse/tiroir", text: t("To the drawer") }));
  }
  if (code === "relais.till.unanswered") deeds.push(button(t("See what became of it"), () => go("find")));
  part("pay-note").replaceChildren(note("bad", outcome.sentence, ...deeds));
  (deeds[0] ?? part("cash")).focus();
  if (code !== "recharges.sale.cap_exceeded") return;
  await lookAgain(basket.person);
  draw();
  part("left-after").textContent = t("{amount} left of the month", { amount: euros(basket.person.left_cents) });
}
