// The ticket, with its codes: shown once.  They are in this module's memory and in the page while
// they are looked at, and nowhere else: not in the history, not in any store.

import { flash } from "/static/chassis/flash.js";
import { day, euros, t } from "/static/chassis/say.js";
import { button, el, note } from "./dom.js";
import { lookAtTills, offerOf, till, worthOf } from "./known.js";
import * as line from "./line.js";
import * as printer from "./printer.js";
import { go, screen } from "./screens.js";
import { clearPaper, showPaper } from "../paper.js";

const GROUP = /.{1,4}/g;

const section = screen("ticket", { show, hide, otherwise: () => "gone" });
screen("gone", { show: () => document.querySelector("[data-screen=gone] h1").focus() });
const part = (name) => section.querySelector(`[data-${name}]`);
const act = (name) => section.querySelector(`[data-do=${name}]`);
const texts = document.getElementById("text-messages");
let sale = null;
let isTaken = false; // on paper or as a text: the code does not go with this screen

function show(shown) {
  [sale, isTaken] = [shown, false];
  part("ticket-title").textContent = shown.copy_no ? t("Duplicate {number}", { number: shown.copy_no }) : t("Sold");
  part("ticket-no").textContent = shown.ticket_no ? t("Ticket no. {number}", { number: shown.ticket_no }) : t("Sold without the line: it has its ticket number once the line is back.");
  part("ticket-change").hidden = !shown.change_cents || Boolean(shown.copy_no);
  part("ticket-change").querySelector("output").textContent = euros(shown.change_cents ?? 0);
  part("vouchers").replaceChildren(...shown.vouchers.map(voucher));
  part("ticket-left").textContent = shown.cap ? t("{amount} left of the month", { amount: euros(shown.cap.left_cents) }) : "";
  part("ticket-note").replaceChildren(...(shown.vouchers.length ? [] : [note("wait", t("The codes of this sale are not shown here: a supervisor prints them again from the last sales."))]));
  if (!shown.copy_no && !shown.waiting && !till()?.drawer) sayOpened(shown);
  act("text").hidden = !paperAs("sms");
  receipt();
  act("print").focus({ preventScroll: true });
  line.shown(shown);
}

// Nobody had counted a float, so the sale itself has opened the drawer; without the line nobody knows yet.
async function sayOpened(shown) {
  await lookAtTills();
  if (sale !== shown || !till()?.drawer) return;
  const words = [
    t("This sale has just opened the drawer, with {amount}.", { amount: euros(0) }),
    t("If there was a float in it, note it now as cash put in, or tell a supervisor: else it is too much when the drawer is counted, and they accept the gap."),
  ];
  part("ticket-note").append(note("wait", words));
}

function hide() {
  sale = null;
  part("vouchers").replaceChildren();
  texts.querySelector("[data-messages]").replaceChildren();
  if (texts.open) texts.close();
  URL.revokeObjectURL(part("receipt").href);
  part("receipt").removeAttribute("href");
  clearPaper();
}

function voucher({ pin, serial, offer_code: code, face_value_cents, use_by: useBy }) {
  const offer = offerOf(code);
  const groups = pin.match(GROUP).map((each) => el("span", { text: each }));
  return el(
    "article",
    { class: "voucher" },
    el("h2", {}, el("span", { text: offer.label }), el("span", { class: "amount", text: worthOf({ ...offer, face_value_cents }) })),
    el("p", { class: "soft small", text: t("Code to top up with") }),
    el("p", { class: "pin", "data-pin": true }, ...groups),
    el("p", { text: offer.how_to_top_up }),
    el("dl", { class: "facts" }, el("dt", { text: t("Use by") }), el("dd", { text: day(useBy) }), el("dt", { text: t("Serial number") }), el("dd", { class: "mono", text: serial })),
  );
}

const paperAs = (format) => {
  if (sale.printed?.format === format) return sale.printed;
  return sale.papers?.find((each) => each.format === format);
};

const bytesOf = ({ content }) => Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));

// By itself where the browser can; else as a file, for a computer that hands files to the printer.
function receipt() {
  const paper = paperAs("escpos");
  const link = part("receipt");
  act("receipt").hidden = !paper || !printer.isThere();
  link.hidden = !paper || printer.isThere();
  if (link.hidden) return;
  link.href = URL.createObjectURL(new Blob([bytesOf(paper)], { type: paper.media_type }));
  link.download = `ticket-${sale.ticket_no}.escpos`;
}

act("receipt").addEventListener("click", async () => {
  const wrong = await printer.print(bytesOf(paperAs("escpos")));
  if (sale) part("ticket-note").replaceChildren(...(wrong ? [note("bad", wrong)] : []));
  if (wrong) return;
  isTaken = true;
  act("next").focus();
});

part("receipt").addEventListener("click", () => (isTaken = true));

act("print").addEventListener("click", () => {
  isTaken = true;
  const html = paperAs("html");
  const next = () => act("next").focus();
  if (html) {
    const dialog = showPaper(html.content, { print: true });
    dialog.addEventListener("close", next, { once: true });
    dialog.querySelector("button.quiet").focus(); // not in the paper, where no key leads out
    return;
  }
  print(); // without the line, the page itself is what there is
  next();
});

act("text").addEventListener("click", () => {
  isTaken = true;
  const messages = paperAs("sms").content.split("\n").filter(Boolean);
  texts.querySelector("[data-messages]").replaceChildren(...messages.map(message));
  texts.showModal();
});

function message(text) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    flash(t("Copied."));
  };
  const send = el("a", { class: "button", href: `sms:?&body=${encodeURIComponent(text)}`, text: t("Open in the messages app") });
  return el("div", { class: "field" }, el("p", { class: "message", text }), el("div", { class: "row" }, button(t("Copy"), copy), send));
}

// A code that nobody holds on to comes back by a supervisor alone: one touch does not take it away.
act("next").addEventListener("click", () => {
  if (isTaken || !sale.vouchers.length) {
    go("find");
    return;
  }
  const leave = button(t("Yes, next person"), () => go("find"), { "data-leave": true });
  const words = t("The code was neither printed nor sent, and is not shown again. Has the customer noted it?");
  part("ticket-note").querySelector("[data-leave]")?.closest(".note").remove();
  part("ticket-note").append(note("wait", words, leave));
  leave.focus();
});
