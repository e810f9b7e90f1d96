// Counting a drawer: buttons and numbers for each coin and note, what they come to, and a draft
// that outlives a reload, since nobody counts a drawer twice with pleasure.

import { euros } from "/static/chassis/say.js";

const STEP_MAX = 100_000;

const inputOf = (piece) => piece.querySelector("input");

function add(counting, question) {
  let total = 0;
  for (const piece of counting.querySelectorAll("[data-piece]")) {
    const count = Math.max(0, Math.trunc(Number(inputOf(piece).value) || 0));
    const worth = count * Number(piece.dataset.piece);
    piece.classList.toggle("some", count > 0);
    piece.querySelector("[data-worth]").textContent = count ? euros(worth) : "";
    piece.querySelector('[data-step="-1"]').disabled = count === 0;
    total += worth;
  }
  counting.querySelector("[data-total]").textContent = euros(total);
  // Asked with the amount, a figure mistyped is seen before it counts.
  if (question) counting.closest("form").dataset.confirm = question.replace("{amount}", euros(total));
}

const draftOf = (form) => `relais:counting:${form.id}`;

function keep(form) {
  const counts = Object.fromEntries(
    [...form.querySelectorAll("[data-piece] input")].map((input) => [input.name, input.value]),
  );
  sessionStorage.setItem(draftOf(form), JSON.stringify(counts));
}

function restore(form) {
  const counts = JSON.parse(sessionStorage.getItem(draftOf(form)) ?? "{}");
  for (const input of form.querySelectorAll("[data-piece] input")) {
    if (counts[input.name]) input.value = counts[input.name];
  }
}

function begin(counting) {
  const form = counting.closest("form");
  const question = form.dataset.confirm;
  restore(form);
  add(counting, question);
  counting.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const input = inputOf(button.closest("[data-piece]"));
    const count = Math.trunc(Number(input.value) || 0) + Number(button.dataset.step);
    input.value = String(Math.min(STEP_MAX, Math.max(0, count)));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  counting.addEventListener("input", () => {
    add(counting, question);
    keep(form);
  });
  // Typing over a number begins it anew; the wheel of a mouse never changes a count.
  counting.addEventListener("focusin", (event) => event.target.select?.());
  counting.addEventListener("focusout", (event) => {
    if (event.target.value === "") event.target.value = "0";
  });
  form.addEventListener("relais:done", () => sessionStorage.removeItem(draftOf(form)));
}

for (const counting of document.querySelectorAll("[data-counting]")) begin(counting);
