// What is seen of the till's own store: the line in a word and a shape, and behind a touch what was
// taken along, what waits, and what became of each sale.

import { euros, hour, moment, t, tn } from "/static/chassis/say.js";
import { button, el, note, state as sign } from "../dom.js";
import { offerOf, supervises } from "../known.js";
import { secondPerson } from "../../supervisor.js";
import * as till from "./index.js";

const MINUTE_MS = 60_000;
const SKEW_MINUTES_SHOWN = 3;
const OUTCOMES = {
  waiting: ["wait", () => t("Waits for the line")],
  accepted: ["good", () => t("Sent up")],
  known: ["good", () => t("Sent up before")],
  refused: ["bad", () => t("Refused")],
};

/** Put the line's state into a place of the page; returns what draws it anew. */
export function mount(place) {
  const body = el("div", { class: "stack" });
  const close = button(t("Close the list"), () => dialog.close());
  const title = el("h2", { id: "line-title", tabindex: "-1", text: t("The line, and what is sold without it") });
  const dialog = el("dialog", { id: "line-dialog", "aria-labelledby": "line-title" }, title, body, el("div", { class: "actions" }, close));
  const opener = button("", () => dialog.showModal(), { class: "quiet line-state", "aria-haspopup": "dialog" });
  const heard = el("span", { class: "visually-hidden", role: "status" });
  place.replaceChildren(opener, heard);
  document.body.append(dialog);
  let last = "";
  return (shape) => {
    const signs = summary(shape);
    const words = signs.map((each) => each.textContent).join(", ");
    if (words !== last) {
      opener.replaceChildren(...signs);
      heard.textContent = last && words; // not when the page begins
      last = words;
    }
    body.replaceChildren(...details(shape));
  };
}

function summary({ online, ready, waiting, refused, unanswered }) {
  const signs = [];
  if (online) signs.push(sign("good", t("On line")));
  else signs.push(ready ? sign("wait", t("Off line")) : sign("bad", t("Off line, nothing taken along")));
  const open = waiting + unanswered.length;
  if (open) signs.push(sign("wait", tn("{count} waits", "{count} wait", open)));
  if (refused) signs.push(sign("bad", tn("{count} sale refused", "{count} sales refused", refused)));
  return signs;
}

function details(shape) {
  return [...notes(shape), ...reserve(shape), ...queue(shape)];
}

function notes({ reason, toEnrol, refused, skewMs, stopped, tended }) {
  const shown = [];
  const enrolment = () => el("a", { class: "button", href: "/caisse/appareil", text: t("Enrol this till") });
  if (reason) shown.push(note("wait", reason, ...(toEnrol ? [enrolment()] : [])));
  const minutes = Math.round(Math.abs(skewMs) / MINUTE_MS);
  if (minutes >= SKEW_MINUTES_SHOWN) {
    const sentence =
      skewMs > 0
        ? tn("This computer's clock is {count} minute fast: set it.", "This computer's clock is {count} minutes fast: set it.", minutes)
        : tn("This computer's clock is {count} minute slow: set it.", "This computer's clock is {count} minutes slow: set it.", minutes);
    shown.push(note("wait", sentence));
  }
  if (refused) {
    shown.push(note("bad", t("A sale made without the line was refused. The till is frozen until a supervisor has looked; the sale stays in this list.")));
  }
  for (const sentence of [stopped, tended]) if (sentence) shown.push(note("wait", sentence));
  return shown;
}

function reserve({ ready, online, lease, resting, refused }) {
  if (!ready || refused) return [];
  const lines = lease.map(({ offer_code: code, left, expires_at: until }) =>
    el("li", {}, el("div", { class: "line" }, el("span", {}, el("strong", { text: offerOf(code).label }), el("span", { class: "soft small", text: t("until {moment}", { moment: moment(until) }) })), el("span", { class: "amount", text: t("{count} left", { count: left }) }))),
  );
  const deed = resting
    ? button(t("Take recharges along again"), till.wake)
    : button(t("Give them back (end of the day)"), till.giveBack);
  deed.disabled = !online;
  return [
    el("h3", { text: t("Taken along to sell without the line") }),
    lines.length ? el("ul", { class: "lines" }, ...lines) : el("p", { class: "soft", text: resting ? t("Given back for today.") : t("Nothing yet: it is taken along while the line is there.") }),
    el("div", { class: "actions" }, deed),
  ];
}

function queue({ sales, online, waiting, ready }) {
  if (!ready && !sales.length) return [];
  const others = new Set(sales.filter((sale) => sale.outcome === "waiting" && !sale.own).map((sale) => sale.device_id));
  const deeds = [];
  if (waiting && ready) deeds.push(button(t("Send up now"), () => till.upload(), { class: "primary", disabled: !online }));
  for (const deviceId of others) {
    deeds.push(button(t("Send up as a supervisor"), () => sendUpFor(deviceId), { disabled: !online }));
  }
  return [
    el("h3", { text: t("Sold without the line") }),
    sales.length ? el("ul", { class: "lines" }, ...sales.map(row)) : el("p", { class: "soft", text: t("No sale was made without the line this week.") }),
    ...(deeds.length ? [el("div", { class: "actions" }, ...deeds)] : []),
  ];
}

// What a device sold that was withdrawn since: nobody believes that device any more, a supervisor vouches for it.
async function sendUpFor(deviceId) {
  if (supervises) return void till.upload({ as: "person", deviceId });
  const words = t("These sales are of a device that was withdrawn: they are sent up in a supervisor's name.");
  const person = await secondPerson({ title: t("A supervisor confirms"), words });
  if (!person) return;
  await till.upload({ as: person, deviceId });
  await person.leave();
}

function row({ sold_at: at, offer_code: code, quantity, total_cents: cents, outcome, ticket_no: number, detail, shown_again_at: again }) {
  const [kind, words] = OUTCOMES[outcome];
  const facts = [moment(at), number && t("Ticket no. {number}", { number }), again && t("code shown once more at {hour}", { hour: hour(again) })];
  return el(
    "li",
    {},
    el(
      "div",
      { class: "line" },
      el("span", {}, el("strong", { text: `${quantity} × ${offerOf(code).label}` }), el("span", { class: "soft small", text: facts.filter(Boolean).join(" · ") }), detail ? el("span", { class: "error", text: detail }) : null),
      el("span", { class: "line-end" }, el("span", { class: "amount", text: euros(cents) }), sign(kind, words())),
    ),
  );
}

