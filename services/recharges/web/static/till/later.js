// The till's last sales; what a supervisor does with one of them, in their own name.

import { ask, newKey } from "/static/chassis/api.js";
import { flash } from "/static/chassis/flash.js";
import { euros, moment, t } from "/static/chassis/say.js";
import { showPaper } from "../paper.js";
import { secondPerson } from "../supervisor.js";
import { button, el, note, state } from "./dom.js";
import { offerOf, supervises, till } from "./known.js";
import { isOpen } from "./line.js";
import { TICKETS } from "./pay.js";
import { askWhy } from "./reason.js";
import { go, screen } from "./screens.js";

const SALES = "/api/recharges/v1/sales";
const REFUNDS = "/api/recharges/v1/refunds";
const AT_ONCE = 10;

const section = screen("later", { show });
const part = (name) => section.querySelector(`[data-${name}]`);
const more = section.querySelector("[data-do=more]");

function show() {
  part("later-note").replaceChildren();
  part("sales").replaceChildren();
  section.querySelector("h1").focus();
  return list();
}

async function list(after) {
  const from = after ? `&after=${after}` : "";
  const outcome = await ask("GET", `/api/recharges/v1/tills/${till().till_id}/sales?limit=${AT_ONCE}${from}`);
  if (!outcome.ok) {
    say("wait", outcome.sentence);
    return;
  }
  if (!after) part("sales").replaceChildren();
  part("sales").append(...outcome.answer.map((sale) => el("li", {}, line(sale))));
  part("no-sales").hidden = part("sales").children.length > 0;
  more.hidden = outcome.answer.length < AT_ONCE;
  more.onclick = () => list(outcome.answer.at(-1).ticket_no);
}

const say = (kind, sentence) => {
  part("later-note").replaceChildren(note(kind, sentence));
  scrollTo(0, 0);
};

function line(sale) {
  const what = sale.lines.map((each) => `${each.quantity} × ${offerOf(each.offer_code).label}`).join(", ");
  const tender = sale.tender === "cash" ? t("cash") : t("card");
  const about = t("no. {number}, {moment}, {tender}", { number: sale.ticket_no, moment: moment(sale.sold_at), tender });
  return el(
    "div",
    { class: "line" },
    el("span", {}, el("strong", { text: what }), el("span", { class: "soft small", text: about })),
    el("span", { class: "amount sale-amount", text: euros(sale.total_cents) }),
    el("div", { class: "sale-deeds" }, ...states(sale), ...deeds(sale)),
  );
}

function states(sale) {
  const said = sale.refunds.map((refund) => {
    const amount = euros(refund.amount_cents);
    if (refund.state === "asked") return el("span", {}, state("wait", t("Refund of {amount}: waits for the operator's word", { amount })), el("span", { class: "soft small", text: next(sale) }));
    if (refund.state === "granted" && sale.tender === "cash") return state("wait", t("Refund of {amount} granted: to be paid out", { amount }));
    if (refund.state === "granted") return state("wait", t("Refund of {amount}: on its way to the card", { amount }));
    if (refund.state === "denied") return state("bad", t("Refund of {amount} denied by the operator", { amount }));
    return state("good", t("{amount} refunded", { amount }));
  });
  if (sale.copies) said.push(state("calm", t("Duplicate {number}", { number: sale.copies })));
  if (!sale.revealed && !sale.refunds.length) said.push(state("wait", t("Paid, code not shown yet")));
  return said;
}

const next = ({ tender }) =>
  tender === "cash"
    ? t("Once they say that the code was not used, “Pay out” stands here and the money is given back in cash.")
    : t("Once they say that the code was not used, the money goes back to the card by itself.");

function deeds(sale) {
  const given = sale.refunds.find((each) => each.state !== "denied");
  const deed = (words, on) => button(words, on, { "aria-label": t("{deed}, ticket no. {number}", { deed: words, number: sale.ticket_no }) });
  const made = [];
  if (!sale.revealed && !given) made.push(deed(t("Show the code"), () => reveal(sale)));
  if (sale.revealed && !given) made.push(deed(t("Print again"), () => reprint(sale)));
  if (!given) made.push(deed(t("Refund"), () => refund(sale)));
  if (given?.state === "granted" && sale.tender === "cash") made.push(deed(t("Pay out"), () => payOut(sale, given)));
  if (given?.state === "done") made.push(deed(t("Print the receipt"), () => printReceipt(given)));
  return made;
}

/** Do something in a supervisor's name: the one who works here, or one who signs in for it alone. */
async function supervised(path, body, words) {
  const key = newKey();
  if (supervises) return ask("POST", path, { body, key });
  const person = await secondPerson({ title: t("A supervisor confirms"), words });
  if (!person) return null;
  const outcome = await person.ask("POST", path, { body, key });
  await person.leave();
  return outcome;
}

async function reprint(sale) {
  const words = t("Ticket no. {number} is printed again with its codes, marked as a duplicate.", { number: sale.ticket_no });
  const reasons = [t("The printer failed"), t("The ticket was lost"), t("The ticket cannot be read")];
  const reason = await askWhy({ title: t("Print again"), words, reasons });
  if (!reason) return;
  const outcome = await supervised(`${SALES}/${sale.sale_id}/reprints`, { reason, format: "html" }, words);
  if (outcome?.ok) go("ticket", outcome.answer);
  else if (outcome) say("bad", outcome.sentence);
}

async function refund(sale) {
  const words = sale.revealed
    ? t("The code of ticket no. {number} was seen: its operator is asked whether it was used, and the money is given back once they say no.", { number: sale.ticket_no })
    : t("The code of ticket no. {number} was never shown: the money goes back to the card.", { number: sale.ticket_no });
  const reasons = [t("The code is refused by the operator"), t("Sold by mistake"), t("The customer changed their mind")];
  const reason = await askWhy({ title: t("Refund"), words, reasons });
  if (!reason) return;
  await done(await supervised(`${SALES}/${sale.sale_id}/refunds`, { reason }, words));
}

async function payOut(sale, { refund_id: id, amount_cents: cents }) {
  const words = t("Give {amount} back in cash for ticket no. {number}.", { amount: euros(cents), number: sale.ticket_no });
  await done(await supervised(`${REFUNDS}/${id}/payout`, { till_id: till().till_id }, words));
}

async function done(outcome) {
  if (!outcome) return;
  if (!outcome.ok) {
    say("bad", outcome.sentence);
    return;
  }
  const { state: stands, tender, amount_cents: cents } = outcome.answer;
  const amount = euros(cents);
  if (stands === "asked") flash(t("The refund is asked for: the operator is told."));
  else if (tender === "card") flash(t("{amount} go back to the card.", { amount }));
  else flash(t("{amount} given back in cash.", { amount }));
  await list();
}

const revealKeys = new Map();

// Codes leave once: asked for again after a lost answer, it is the same question.
async function reveal({ sale_id: id }) {
  const key = revealKeys.get(id) ?? newKey();
  revealKeys.set(id, key);
  const outcome = await ask("POST", `${SALES}/${id}/reveals`, { body: { tickets: TICKETS }, key });
  if (!isOpen(outcome)) revealKeys.delete(id);
  if (outcome.ok) go("ticket", outcome.answer);
  else say("bad", outcome.sentence);
}

async function printReceipt({ refund_id: id }) {
  const path = `${REFUNDS}/${id}/prints`;
  let outcome = await ask("POST", path, { body: { format: "html" }, key: newKey() });
  if (outcome.answer?.code === "recharges.print.printed_already") {
    const words = t("The receipt was printed already: this one is marked as a duplicate.");
    const reason = await askWhy({ title: t("Print again"), words, reasons: [t("The printer failed"), t("The ticket was lost")] });
    if (!reason) return;
    outcome = await supervised(path, { format: "html", reason }, words);
  }
  if (outcome?.ok && outcome.answer.printed) showPaper(outcome.answer.printed.content, { print: true });
  else if (outcome) say("bad", outcome.sentence);
}
