// Enrolling a second factor, step by step; what is secret is shown once and kept nowhere.

const show = (place, step) => {
  for (const part of place.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== step;
  place.querySelector(`[data-step="${step}"]`).focus();
};

function showSecret(place, { secret, qr_picture: picture }) {
  place.querySelector("[data-qr]").src = picture;
  place.querySelector("[data-secret]").textContent = secret.replace(/(.{4})(?=.)/g, "$1 ");
  show(place, "prove");
}

function showCodes(place, codes) {
  const list = place.querySelector("[data-codes]");
  list.replaceChildren(
    ...codes.map((code) => {
      const line = document.createElement("li");
      line.textContent = code;
      return line;
    }),
  );
  show(place, "codes");
}

document.addEventListener("relais:done", (event) => {
  const place = event.target.closest("[data-factor]");
  if (!place) return;
  const answer = event.detail;
  if (answer.qr_picture) showSecret(place, answer);
  else if (answer.recovery_codes) showCodes(place, answer.recovery_codes);
  else return;
  event.preventDefault();
});
