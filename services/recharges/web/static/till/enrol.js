// Enrolment: this browser becomes the device of a till, if it can keep what a till stores.

import { sayNext } from "/static/chassis/flash.js";
import { t } from "/static/chassis/say.js";
import { scan } from "./camera.js";
import { enrol, suits } from "./offline/index.js";

const form = document.getElementById("enrolment");
const code = form.elements.namedItem("enrolment_code");

// A scanner types the picture's whole text, and the camera reads it.
const bare = (text) => text.replace(/^RELAIS:ENROL:/i, "");
code.addEventListener("input", () => {
  code.value = bare(code.value);
});
form.querySelector("[data-camera]").addEventListener("click", async () => {
  const text = await scan();
  if (!text) return;
  code.value = bare(text);
  form.requestSubmit();
});

form.addEventListener("relais:done", async (event) => {
  event.preventDefault();
  await enrol(event.detail);
  sayNext(t("This screen is the till's device now."));
  location.assign("/caisse");
});

const { reason } = await suits();
if (reason) {
  // Enrolled here, a till would take recharges along and lose them with the window.
  const note = document.getElementById("unfit");
  note.textContent = reason;
  note.hidden = false;
  for (const control of form.elements) control.disabled = true;
}
