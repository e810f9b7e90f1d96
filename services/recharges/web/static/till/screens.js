// Which screen is shown.  The browser's history knows the names of screens and nothing else: what a
// screen held is in memory, and is gone once it is left for good.

const screens = new Map();
let shown = null;

const sectionOf = (name) => document.querySelector(`[data-screen="${name}"]`);

/** Declare a screen; `otherwise` names another one where nothing is left to show on it. */
export function screen(name, { show, hide = () => {}, otherwise = () => null }) {
  screens.set(name, { show, hide, otherwise });
  return sectionOf(name);
}

/** Show a screen; `replace` where nobody should come back to the one before. */
export function go(name, subject, { replace = false } = {}) {
  if (replace || shown === name) history.replaceState({ screen: name }, "");
  else history.pushState({ screen: name }, "");
  turn(name, subject);
}

/** Say which screen is shown. */
export const isShown = (name) => shown === name;

function turn(name, subject) {
  if (shown !== null) {
    sectionOf(shown).hidden = true;
    if (shown !== name) screens.get(shown).hide();
  }
  shown = name;
  sectionOf(name).hidden = false;
  document.body.dataset.shown = name;
  scrollTo(0, 0);
  screens.get(name).show(subject);
  document.dispatchEvent(new CustomEvent("till:shown", { detail: name }));
}

// A screen that has nothing left to show leads on to another one.
function back(name) {
  if (!screens.has(name)) return; // nothing was ever shown there since the page was loaded
  const other = screens.get(name).otherwise();
  if (other) back(other);
  else turn(name);
}

addEventListener("popstate", ({ state }) => {
  if (state?.screen) back(state.screen); // else it is a link within the page
});

// A page that a browser keeps aside to come back to keeps no secret meanwhile.
addEventListener("pagehide", () => shown && screens.get(shown).hide());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) back(shown);
});
