// On the drawer's page: sales of this till that wait to be sent up.  Counted before that, the drawer
// would hold cash that nobody has heard of.

import { tn } from "/static/chassis/say.js";
import { openDB } from "../../vendor/idb-8.0.4/index.js";
import { el, note } from "../dom.js";

const NAME = "relais-till";

async function waitingOf(tillId) {
  // To open a store that is not there would make an empty one.
  const stores = await indexedDB.databases();
  if (!stores.some((each) => each.name === NAME)) return 0;
  const db = await openDB(NAME);
  const sales = await db.getAll("sales");
  db.close();
  return sales.filter(({ outcome, record }) => outcome === "waiting" && record.till_id === tillId).length;
}

const count = await waitingOf(location.pathname.split("/").at(-1)).catch(() => 0);
if (count) {
  const words = tn(
    "{count} sale made without the line is not sent up yet. Open the till while the line is there before you count: its cash is in this drawer.",
    "{count} sales made without the line are not sent up yet. Open the till while the line is there before you count: their cash is in this drawer.",
    count,
  );
  const back = el("a", { class: "button", href: "/caisse", text: document.querySelector("main a").textContent.trim() });
  document.querySelector("main .head").after(note("wait", words, back));
}
