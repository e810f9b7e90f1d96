// Sends up what was sold without the line, in order, and writes down what became of each sale.

import { ask, newKey } from "/static/chassis/api.js";
import { alone, read, write } from "./store.js";

const AT_ONCE = 100;
// What the service has booked is shown for a week; what it refused stays.
const KEPT_MS = 7 * 86_400_000;

/**
 * Send up all that waits, as the till, as the `person` who works here, or as a second person; returns
 * what kept it from going on, null when nothing did.
 */
export async function upload(device, { as = "till" } = {}) {
  for (;;) {
    const waiting = await waitingOf(device.device_id, AT_ONCE);
    if (!waiting.length) return null;
    const path = `/api/recharges/v1/tills/${device.till_id}/offline-sales`;
    // A sale is known again by its number and its hash, so a fresh key each time is enough.
    const sent = { body: waiting.map(({ record, previous_hash, hash }) => ({ ...record, previous_hash, hash })), key: newKey() };
    const outcome = await (as.ask ? as.ask("POST", path, sent) : ask("POST", path, { ...sent, as: as === "till" ? as : undefined }));
    if (!outcome.ok) return outcome;
    await alone(() => settle(device, outcome.answer));
  }
}

const waitingOf = (deviceId, limit) =>
  read(["sales"], (tx) => tx.objectStore("sales").index("by_outcome").getAll([deviceId, "waiting"], limit));

async function settle(device, answers) {
  await write(["sales"], async (tx) => {
    const sales = tx.objectStore("sales");
    for (const { sequence, outcome, ticket_no, code, detail } of answers) {
      const sale = await sales.get([device.device_id, sequence]);
      // What was heard first stays: the same lines may be sent up twice.
      if (sale?.outcome === "waiting") sales.put({ ...sale, outcome, ticket_no, code, detail, settled_at: new Date().toISOString() });
    }
    const old = Date.now() - KEPT_MS;
    for (const sale of await sales.getAll()) {
      const booked = sale.outcome === "accepted" || sale.outcome === "known";
      if (booked && !sale.vouchers.length && Date.parse(sale.record.sold_at) < old) {
        sales.delete([sale.device_id, sale.record.sequence]);
      }
    }
  });
}
