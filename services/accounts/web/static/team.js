// Who works here: what goes with a role, and a first password that nobody would guess.

// No sign that is mistaken for another when it is read out.
const SIGNS = "abcdefghijkmnpqrstuvwxyz23456789";

const propose = () => {
  const raw = crypto.getRandomValues(new Uint8Array(16));
  const signs = [...raw].map((byte) => SIGNS[byte % SIGNS.length]);
  return [0, 4, 8, 12].map((from) => signs.slice(from, from + 4).join("")).join("-");
};

for (const button of document.querySelectorAll("[data-propose]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.propose);
    field.value = propose();
    field.focus();
    field.select();
  });
}

function showWhatGoesWith(form) {
  const role = form.elements.role.value;
  for (const part of form.querySelectorAll("[data-for-roles]")) {
    const goes = part.dataset.forRoles.split(" ").includes(role);
    part.classList.toggle("off", !goes);
    if (goes) continue;
    // What does not go with the role is not sent: the last role's ticks would be refused.
    for (const control of part.querySelectorAll("input")) {
      if (control.type === "checkbox") control.checked = false;
      else control.value = "";
    }
  }
}

for (const form of document.querySelectorAll("form[data-team]")) {
  form.elements.role.addEventListener("change", () => showWhatGoesWith(form));
  showWhatGoesWith(form);
}
