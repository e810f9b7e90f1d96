// Enrolling a device: its code as a picture and to type, and how long it is still good, in words.

import { t, tn } from "/static/chassis/say.js";

const dialog = document.getElementById("enrolment");
let ticking = null;

function left(until) {
  const seconds = Math.floor((new Date(until) - Date.now()) / 1000);
  if (seconds <= 0) return t("This code is too old now: ask for another.");
  if (seconds < 60) return t("Good for less than a minute.");
  return tn("Good for {count} minute more.", "Good for {count} minutes more.", Math.floor(seconds / 60));
}

function count(until) {
  const words = left(until);
  const place = dialog.querySelector("[data-left]");
  // Written when the words change, so that it is not read out each second.
  if (place.textContent !== words) place.textContent = words;
}

function show({ enrolment_code: code, qr_picture: picture, expires_at: until }) {
  dialog.querySelector("[data-qr]").src = picture;
  dialog.querySelector("[data-code]").textContent = code;
  count(until);
  clearInterval(ticking);
  ticking = setInterval(() => count(until), 1000);
  dialog.showModal();
}

document.addEventListener("relais:done", (event) => {
  if (!("enrolment" in event.target.dataset)) return;
  event.preventDefault();
  show(event.detail);
});

dialog?.addEventListener("close", () => {
  clearInterval(ticking);
  // The device may have come meanwhile.
  document.getElementById("devices").dispatchEvent(new CustomEvent("relais:refresh"));
});
