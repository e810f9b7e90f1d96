// Signing in by another provider's word (OpenID Connect): there, back, and in.
//
// What the browser keeps meanwhile (`flow`) stays in this tab and goes to nobody but our own door.

import { ask } from "/static/chassis/api.js";
import { forgetPages } from "/static/chassis/kept.js";
import { t } from "/static/chassis/say.js";

const KEY = "relais:elsewhere";

function leave(answer, kept) {
  sessionStorage.setItem(KEY, JSON.stringify({ ...kept, flow: answer.flow }));
  location.assign(answer.authorization_url);
}

document.addEventListener("relais:done", (event) => {
  const { provider } = event.target.dataset;
  if (!provider) return;
  event.preventDefault();
  leave(event.detail, { back: event.target.closest("[data-elsewhere]").dataset.back });
});

function refuse(sheet, words) {
  sheet.querySelector("[data-waiting]").hidden = true;
  const part = sheet.querySelector("[data-refused]");
  part.hidden = false;
  const note = part.querySelector("[role=alert]");
  note.textContent = words;
  note.focus();
}

function askForCode(sheet, { back }) {
  const provider = sheet.dataset.return;
  sheet.querySelector("[data-waiting]").hidden = true;
  const form = sheet.querySelector("[data-prove]");
  form.hidden = false;
  form.elements.second_factor.focus();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // The word we were given is used up: the provider gives another without asking anything.
    const outcome = await ask("POST", `/api/accounts/v1/oidc/${provider}/start`, { again: false });
    if (outcome.ok) leave(outcome.answer, { back, second_factor: form.elements.second_factor.value });
    else refuse(sheet, outcome.sentence);
  });
}

async function comeBack(sheet) {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  const said = new URLSearchParams(location.search);
  // Neither stays in the address, nor is it used twice.
  sessionStorage.removeItem(KEY);
  history.replaceState(null, "", location.pathname);
  if (!kept || !said.get("code") || !said.get("state")) {
    refuse(sheet, t("This sign-in was not begun here, or was broken off. Please begin again."));
    return;
  }
  const body = { flow: kept.flow, state: said.get("state"), code: said.get("code") };
  if (kept.second_factor) body.second_factor = kept.second_factor;
  const path = `/api/accounts/v1/oidc/${sheet.dataset.return}/browser-callback`;
  const outcome = await ask("POST", path, { body, again: false });
  if (outcome.ok) await forgetPages();
  if (outcome.ok) location.replace(kept.back || outcome.answer.home);
  else if (outcome.answer?.code === "accounts.session.second_factor_needed") askForCode(sheet, kept);
  else refuse(sheet, outcome.sentence);
}

const sheet = document.querySelector("[data-return]");
if (sheet) await comeBack(sheet);
