// The second screen: the person at a glance, and one touch for each recharge.

import { euros, t } from "/static/chassis/say.js";
import { Basket } from "./basket.js";
import { el } from "./dom.js";
import { offersOfToday, worthOf } from "./known.js";
import { go, screen } from "./screens.js";
import { state } from "./line.js";

const section = screen("sell", { show, otherwise: () => (basket ? null : "find") });
const part = (name) => section.querySelector(`[data-${name}]`);
const toBasket = section.querySelector("[data-do=pay]");
let basket = null;

/** Show what somebody may buy; without a person, whoever is buying goes on. */
function show(person) {
  if (person) basket = new Basket(person);
  const { name, until, month, cap_cents: cap, left_cents: left } = basket.person;
  part("person-name").textContent = name;
  part("person-until").textContent = until || "–";
  part("person-month").textContent = month ? leftFor(monthOf(month)) : t("Left without the line");
  part("person-left").textContent = euros(basket.leftCents);
  const used = part("person-used");
  used.hidden = !cap;
  if (cap) [used.max, used.value] = [cap, Math.min(cap, cap - left)];
  part("tiles").replaceChildren(...offersOfToday.map(tile));
  toBasket.hidden = basket.isEmpty;
  const first = part("tiles").querySelector("button:not(:disabled)");
  (first ?? (basket.isEmpty ? part("person-name") : toBasket)).focus();
}

const months = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long" });
// The network says what its cap counts: what is paid, or the credit that is bought.
const leftFor = (month) =>
  basket.person.counts === "face_value" ? t("Credit left for {month}", { month }) : t("May still spend in {month}", { month });
const monthOf = (month) => months.format(new Date(`${month}-15`));

function tile(offer) {
  const why = refusal(offer);
  const count = basket.lines.get(offer.offer_code);
  const made = el(
    "button",
    { type: "button", class: "tile", disabled: Boolean(why) },
    el("span", { class: "tile-operator", text: offer.operator.toUpperCase() }),
    el("strong", { text: worthOf(offer) }),
    el("span", { class: "tile-price amount", text: euros(offer.price_cents) }),
    (why || count) && el("span", { class: "tile-why", text: why ?? t("{count} in the basket", { count }) }),
  );
  made.addEventListener("click", () => {
    basket.change(offer.offer_code, 1);
    go("pay", basket);
  });
  return made;
}

function refusal(offer) {
  if (basket.counted(offer) > basket.leftCents) return t("More than what is left of the month");
  if (!basket.takes(offer)) return t("Not with what is in the basket");
  if (!basket.person.offline) return null;
  const lent = state().lease.filter((each) => each.offer_code === offer.offer_code);
  return lent.some((each) => each.left > 0) ? null : t("None left to sell without the line");
}

toBasket.addEventListener("click", () => go("pay", basket));

/** The sale is made, or given up: nothing of it is shown again. */
export function forget() {
  basket = null;
}
