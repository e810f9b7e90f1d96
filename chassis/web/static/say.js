// What scripts say to people: every sentence is looked up in the page's data block, which the
// server took out of these scripts and translated (chassis/web/render.py).

const block = document.getElementById("said-by-scripts");
const said = block ? JSON.parse(block.textContent) : {};
const locale = document.documentElement.lang || "fr";

const filled = (sentence, values) =>
  sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

/** Say a sentence; `{name}` in it is replaced by `values.name`. */
export function t(sentence, values = {}) {
  return filled(said[sentence] ?? sentence, values);
}

/** Say the form that goes with a number of things: French counts none as one. */
export function tn(one, many, count, values = {}) {
  const [first, second] = said[one] ?? [one, many];
  const single = locale === "fr" ? count < 2 : count === 1;
  return filled(single ? first : second, { count, ...values });
}

const money = new Intl.NumberFormat(locale, { style: "currency", currency: "EUR" });
const paris = { timeZone: "Europe/Paris" };
const dayForm = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const momentForm = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", ...paris });
const hourForm = new Intl.DateTimeFormat(locale, { timeStyle: "short", ...paris });

/** Write whole cents in euros; below zero with the sign, for a hyphen is overlooked. */
export const euros = (cents) => money.format(cents / 100).replace("-", "\u2212");
/** Write a day, `2026-11-22`, in words. */
export const day = (text) => {
  const [year, month, date] = text.split("-").map(Number);
  return dayForm.format(new Date(year, month - 1, date));
};
/** Write an instant as people of Paris say it. */
export const moment = (instant) => momentForm.format(new Date(instant));
/** Write the time of day of an instant. */
export const hour = (instant) => hourForm.format(new Date(instant));

/** Read an amount as people type it: `2,50`, `2.5 €`, `1 000`; null when it is none. */
export function centsOf(text) {
  const plain = text.replace(/[\s\u00a0\u202f€]/g, "").replace(",", ".");
  if (!/^\d{1,7}(\.\d{1,2})?$/.test(plain)) return null;
  const [whole, part = ""] = plain.split(".");
  return Number(whole) * 100 + Number(part.padEnd(2, "0"));
}
