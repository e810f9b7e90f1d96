// The till without the line: what it may still sell, what waits to be told, and whether it can.
//
// Everything here is of one tab, which holds the store's lock; a second one is told so and waits.

import { ask } from "/static/chassis/api.js";
import { t } from "/static/chassis/say.js";
import { asked } from "./asked.js";
import { businessDate } from "./days.js";
import * as leases from "./leases.js";
import { Line } from "./line.js";
import * as people from "./people.js";
import { Refused } from "./refusal.js";
import * as selling from "./selling.js";
import * as store from "./store.js";
import * as sending from "./upload.js";

const KNOWN_MS = 10 * 60_000;
const TENDED_MS = 60_000;
const FIRST_LOOK_MS = 1_000;
const RETRY_MS = 3_000;

let tell = () => {};
let line = null;
let shape = null;
const now = { ready: false, toEnrol: false, reason: null, device: null, sellerId: null, settled: [], stopped: null, tended: null };

/** Begin, for who sells at this page; `onChange` is told whenever `state()` says something else. */
export async function start({ onChange, sellerId }) {
  tell = onChange;
  now.sellerId = sellerId;
  line ??= new Line({ onChange: work });
  const looked = line.look();
  await begin();
  // A line that does not answer at once is looked at further while the till goes on.
  await Promise.race([looked, new Promise((resolve) => setTimeout(resolve, FIRST_LOOK_MS))]);
  await work();
}

async function begin() {
  try {
    await store.open({ onLost: stop });
    const elsewhere = await store.becomeWriter({ onOurs: takeUp });
    if (elsewhere) stop(t("The till is open in another tab of this browser: go on there, or close it."));
  } catch (error) {
    stop(reasonOf(error));
  }
}

async function takeUp() {
  now.device = await store.fact("device");
  now.ready = Boolean(now.device);
  now.toEnrol = !now.ready;
  now.reason = now.ready ? null : t("This screen is no till yet: ask a manager for a code and enrol it.");
  // From now on the page starts without the line (worker.js).
  if (now.ready) await navigator.serviceWorker?.register("/caisse/sw.js", { scope: "/caisse" }).catch(() => {});
  work();
}

function stop(reason) {
  now.ready = false;
  now.reason = reason;
  changed();
}

function reasonOf(error) {
  if (error instanceof Refused) return error.reason;
  return t("The browser could not keep this on its disk. Nothing was sold.");
}

const refusing = async (work) => {
  try {
    return await work();
  } catch (error) {
    return { reason: reasonOf(error) };
  }
};

/** What the till can do at this moment; see `panel.js` for how it is shown. */
export const state = () => ({
  ready: now.ready,
  reason: now.reason,
  online: line?.online ?? navigator.onLine,
  enrolled: Boolean(now.device),
  toEnrol: now.toEnrol,
  tillId: now.device?.till_id ?? null,
  skewMs: line?.skewMs ?? 0,
  lease: shape?.lease ?? [],
  waiting: shape?.waiting ?? 0,
  refused: shape?.refused ?? 0,
  sales: shape?.sales ?? [],
  unshown: shape?.unshown ?? [],
  unanswered: shape?.unanswered ?? [],
  settled: now.settled,
  stopped: now.stopped,
  tended: now.tended,
  resting: shape?.resting ?? false,
});

/** Find a person by the text of a slip or by a code; `{person_ref, left_cents, …}` or `{reason}`. */
export const findPerson = (text) =>
  refusing(async () => {
    requireReady();
    const { person_ref, code, until_on } = await people.find(text);
    return { person_ref, code, until_on, left_cents: await selling.leftFor(person_ref) };
  });

/** Sell without the line; what is answered is on the disk already.  Call `shown` once it is seen. */
export const sell = ({ personRef, offerCode, quantity, tenderedCents }) =>
  refusing(async () => {
    requireReady();
    const sold = await selling.sell(now.device, {
      personRef,
      offerCode,
      quantity,
      tenderedCents,
      sellerId: now.sellerId,
      skewMs: line.skewMs,
    });
    await changed();
    if (line.online) work();
    return sold;
  });

function requireReady() {
  if (!now.ready) throw new Refused(now.reason ?? t("The till is starting."));
}

/** The codes of a sale were seen: this browser cannot open them any more. */
export const shown = async (saleId) => {
  await selling.shown(saleId);
  await changed();
};

/** Show the codes of a sale once more that nobody saw, because the till went away. */
export const showOnceMore = (saleId) =>
  refusing(async () => {
    requireReady();
    const sale = await selling.showOnceMore(saleId);
    await changed();
    return sale;
  });

/** Ask for a sale with the line, once the till is ready; a lost answer is asked for again when it is back. */
export async function askOnce(path, body) {
  const outcome = await asked.askOnce(path, body, { sellerId: now.sellerId });
  if (outcome.cut) line.look();
  await changed();
  return outcome;
}

/** The answer to a sale that was asked for again has been seen. */
export async function seen(key) {
  now.settled = now.settled.filter((each) => each.key !== key);
  await asked.seen(key);
  await changed();
}

/** Send up what waits. */
export async function upload({ as, deviceId } = {}) {
  const device = deviceId ? { ...now.device, device_id: deviceId } : now.device;
  if (!device || !now.ready) return;
  const stopped = await sending.upload(device, { as });
  now.stopped = stopped && !stopped.cut ? stopped.sentence : null;
  await changed();
}

/** Give back what was taken along, at the end of the day; it is taken again tomorrow, or by `wake`. */
export async function giveBack() {
  if (!now.ready) return;
  await upload();
  await store.keep("rested_on", businessDate());
  await leases.giveAllBack(now.device);
  await changed();
}

/** Take along again what was given back. */
export async function wake() {
  await store.keep("rested_on", null);
  tendAt = 0;
  await work();
}

/** This browser became the device of a till (POST /api/accounts/v1/browser-devices). */
export async function enrol(device) {
  await store.write(["facts"], async (tx) => {
    await tx.objectStore("facts").put(device, "device");
  });
}

/** Whether this browser can keep what a till stores: what enrolment asks first. */
export const suits = () =>
  refusing(async () => {
    await store.open({ onLost: () => {} });
    return { reason: null };
  });

let working = null;
let tendAt = 0;

// One round at a time: what has no answer first, then what waits, then what to take along.
function work() {
  working ??= round().finally(() => {
    working = null;
  });
  return working;
}

async function round() {
  try {
    if (now.ready && line.online) {
      await settleAsked();
      if (shape?.waiting !== 0) await upload();
      await shapeAnew();
      if (!shape.waiting && !shape.refused && !shape.resting) await tend();
    }
  } catch (error) {
    // The store went away under our hands: `onLost` has said so, or the next thing that is sold will.
    console.info("till: the round was broken off", error);
  }
  await changed();
}

async function settleAsked() {
  const known = new Set(now.settled.map((each) => each.key));
  const answered = await asked.askAgain({ sellerId: now.sellerId });
  now.settled.push(...answered.filter((each) => !known.has(each.key)));
}

async function tend() {
  if (Date.now() < tendAt) return;
  if (Date.now() - ((await store.fact("people_at")) ?? 0) > KNOWN_MS) await learn();
  const offers = await store.fact("offers");
  now.tended = offers ? await leases.tend(now.device, { offers }) : null;
  const done = offers && !now.tended;
  tendAt = Date.now() + (done ? TENDED_MS : RETRY_MS);
  // A till that was just enrolled is heard of a moment later.
  if (!done) setTimeout(work, RETRY_MS);
}

async function learn() {
  const [tills, offers] = await Promise.all(
    ["tills", "offers"].map((what) => ask("GET", `/api/recharges/v1/${what}`, { again: false })),
  );
  const till = tills.ok && tills.answer.find((each) => each.till_id === now.device.till_id);
  if (!till || !offers.ok) return;
  await store.keep("offers", offers.answer);
  await people.refresh({ siteCode: till.site_code });
}

async function shapeAnew() {
  const device = now.device;
  if (!device || !now.ready) return;
  const [sales, held, rested] = await Promise.all([
    store.read(["sales"], (tx) => tx.objectStore("sales").getAll()),
    leases.open(device.device_id),
    store.fact("rested_on"),
  ]);
  const own = sales.filter((sale) => sale.device_id === device.device_id);
  const listed = (sale) => ({ ...inList(sale), own: sale.device_id === device.device_id });
  shape = {
    lease: held.map(({ offer_code, price_cents, expires_at, vouchers }) => ({
      offer_code,
      price_cents,
      expires_at,
      left: vouchers.length,
    })),
    waiting: own.filter((sale) => sale.outcome === "waiting").length,
    refused: own.filter((sale) => sale.outcome === "refused").length,
    sales: sales.map(listed).sort((one, other) => (one.sold_at < other.sold_at ? 1 : -1)),
    unshown: sales.filter((sale) => sale.vouchers.length).map(listed),
    unanswered: await asked.unanswered(),
    resting: rested === businessDate(),
  };
}

const inList = ({ device_id, record, outcome, ticket_no, detail, shown_again_at }) => ({
  device_id,
  sale_id: record.sale_id,
  sequence: record.sequence,
  sold_at: record.sold_at,
  offer_code: record.lines[0]?.offer_code,
  quantity: record.lines.reduce((sum, row) => sum + row.serials.length, 0),
  total_cents: record.total_cents,
  outcome,
  ticket_no,
  detail,
  shown_again_at,
});

async function changed() {
  await shapeAnew().catch(() => {});
  tell(state());
}
