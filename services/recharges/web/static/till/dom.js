// Makes the small things that the till's screens are filled with; texts are texts, never markup.

const SHAPES = { good: "check", wait: "clock", bad: "cross", calm: "dot" };

/** Make an element: `el("p", { class: "soft", text: "…" }, …)`; `on` is what a touch does. */
export function el(name, { text, on, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(attribute, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(attribute, value);
  }
  if (text !== undefined) made.textContent = text;
  if (on) made.addEventListener("click", on);
  made.append(...children.filter(Boolean));
  return made;
}

/** Make one of the signs of icons.svg, after one that the page has. */
export function icon(name) {
  const svg = document.querySelector("svg.icon").cloneNode(true);
  svg.querySelector("use").setAttribute("href", `/static/chassis/icons.svg#${name}`);
  return svg;
}

/** Make a button. */
export const button = (text, on, attributes = {}) => el("button", { type: "button", text, on, ...attributes });

/** Say a state by a word and a shape: good, wait, bad, calm. */
export const state = (kind, words) => el("span", { class: `state ${kind}` }, icon(SHAPES[kind]), words);

/** Make a note; what is wrong is said at once to who cannot see it. */
export function note(kind, sentences, ...children) {
  const made = el("div", { class: `note ${kind}`, role: kind === "bad" ? "alert" : "status" });
  for (const words of [sentences].flat()) made.append(el("p", { text: words }));
  if (children.length) made.append(el("div", { class: "row" }, ...children));
  return made;
}
