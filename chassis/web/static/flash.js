// A sentence that says what was done, on this page or on the one that comes next.

const KEY = "relais:next";

/** Say it now; it goes away by itself, and a screen reader hears it. */
export function flash(words) {
  const place = document.getElementById("flash");
  if (!place) return;
  place.textContent = words;
  place.classList.add("shown");
  setTimeout(() => place.classList.remove("shown"), 6_000);
}

/** Say it on the page that is opened next. */
export function sayNext(words) {
  sessionStorage.setItem(KEY, words);
}

const words = sessionStorage.getItem(KEY);
if (words) {
  sessionStorage.removeItem(KEY);
  flash(words);
}
