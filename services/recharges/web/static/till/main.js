// The till: what all of its screens share, and where it begins.

import { t } from "/static/chassis/say.js";
import { el, note } from "./dom.js";
import { search } from "./find.js";
import { choose, lookAtTills, till, tillsOfSite, today, userId, supervises } from "./known.js";
import * as line from "./line.js";
import { go, isShown, screen } from "./screens.js";

const part = (name) => document.querySelector(`[data-${name}]`);

screen("choose", { show: showTills });

function showTills() {
  const tills = tillsOfSite();
  part("no-till").hidden = tills.length > 0;
  part("tills").replaceChildren(
    ...tills.map((each) => {
      const made = el("button", { type: "button", class: "line quiet" }, el("span", {}, el("strong", { text: each.name }), each.site_name));
      made.addEventListener("click", () => {
        choose(each.till_id);
        drawStrip();
        go("find", null, { replace: true });
      });
      return el("li", {}, made);
    }),
  );
  (part("tills").querySelector("button") ?? document.querySelector("[data-screen=choose] h1")).focus();
}

function drawStrip() {
  const { till_id: id, name = "", site_name: site = "" } = till() ?? {};
  part("till-name").textContent = name;
  part("till-site").textContent = site;
  document.querySelector("[data-do=choose]").hidden = tillsOfSite().length < 2 || !id || line.state().enrolled;
  document.querySelector("[data-do=later]").hidden = !id;
  part("drawer").href = id ? `/caisse/tiroir/${id}` : "/caisse/tiroir";
  part("notes").replaceChildren(...(id ? notesOf(till()) : []));
}

function notesOf({ till_id: id, state: stands, frozen_detail: frozen, drawer }) {
  const open = (words) => el("a", { class: "button", href: `/caisse/tiroir/${id}`, text: words });
  if (stands === "frozen") return [note("bad", t("This till is frozen: {why}", { why: frozen }), open(t("See what to do")))];
  if (!drawer) return [note("calm", t("The drawer is not open yet: count its float before the first sale."), open(t("Open the drawer")))];
  if (drawer.state === "counted") return [note("wait", t("The drawer was counted and waits for a second person: nothing is sold for cash until then."), open(t("To the drawer")))];
  if (drawer.business_date < today) return [note("wait", t("The drawer of another day is still open: it is counted and closed before anything is sold today."), open(t("Count it")))];
  if (drawer.held_by && drawer.held_by !== userId && !supervises) return [note("wait", t("The drawer was handed over to somebody else: they sell for cash at this till."), open(t("To the drawer")))];
  return [];
}

// What the first screen can do without is fetched once that one stands.
const rest = () => import("./counter.js");
let drawState = () => {};
let drawOpenSales = () => {};

async function goOn() {
  const [panel, settle] = await Promise.all([import("./offline/panel.js"), import("./settle.js"), rest()]);
  drawState = panel.mount(part("line"));
  drawOpenSales = settle.draw;
  drawLine();
  await line.begin(drawLine);
}

function drawLine() {
  const shape = line.state();
  drawState(shape);
  if (shape.tillId) beTheTill(shape.tillId);
  drawOpenSales();
}

// A screen that is the device of a till is that till; one just enrolled is heard of a moment later.
function beTheTill(tillId) {
  document.querySelector("[data-do=choose]").hidden = true;
  const known = tillsOfSite().some((each) => each.till_id === tillId);
  if (!known && line.state().online) return void lookAtTills();
  if (till()?.till_id !== tillId) {
    choose(tillId);
    drawStrip();
  }
  if (known && isShown("choose")) go("find", null, { replace: true });
}

async function lookAgain() {
  await lookAtTills();
  drawStrip();
  if (!till()) go("choose", null, { replace: true });
  const { businessDate } = await import("./offline/days.js");
  // Another day has another tariff.
  if (businessDate() !== today && line.state().online) location.reload();
}

const deeds = {
  camera: async () => {
    const { scan } = await import("./camera.js");
    const text = await scan();
    if (text) await search(text);
  },
  choose: () => go("choose"),
  find: () => go("find"),
  later: async () => {
    await rest();
    go("later");
  },
};

document.addEventListener("click", (event) => {
  const deed = deeds[event.target.closest?.("[data-do]")?.dataset.do];
  if (deed) deed();
});
// A sale may have opened the drawer, a manager may have frozen the till: looked at between people.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-do=next]") && isShown("find")) lookAgain();
});

drawStrip();
addEventListener("online", drawLine);
addEventListener("offline", drawLine);
if (!till()) go("choose", null, { replace: true });
else if (history.state?.screen === "ticket" || history.state?.screen === "gone") rest().then(() => go("gone", null, { replace: true }));
else go("find", null, { replace: true });
if (document.readyState === "complete") goOn();
else addEventListener("load", goOn, { once: true });
