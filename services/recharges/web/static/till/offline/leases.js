// What the till takes along while the line is there: a few vouchers of each offer and a little of
// each person's cap, taken in good time, renewed before it is too late, given back when not needed.

import { ask, newKey } from "/static/chassis/api.js";
import { fromBase64 } from "./canonical.js";
import { businessMonth } from "./days.js";
import { alone, fact, read, write } from "./store.js";

// Vouchers of each offer: what a till sells in an hour or two without the line.
const QUANTITY = 8;
const FEW = 3;
// Of at most 24 hours: renewed in the evening, it lasts the next day's morning.
const EXPIRING_MS = 6 * 3_600_000;
// Those who came in since are taken along too, but not one by one; where nobody was, at once.
const NEWCOMERS_MS = 20 * 60_000;
const PEOPLE_MAX = 200;
const HELD = ["leases", "vouchers", "allowances"];

/** Read the leases of this device that can be sold from, each with its vouchers. */
export async function open(deviceId, at = new Date()) {
  const all = await read(["leases", "vouchers"], async (tx) => {
    const leases = await tx.objectStore("leases").getAll();
    const vouchers = tx.objectStore("vouchers").index("by_lease");
    const of = (lease) => IDBKeyRange.bound([lease.lease_id, 0], [lease.lease_id, Infinity]);
    return Promise.all(leases.map(async (lease) => ({ ...lease, vouchers: await vouchers.getAll(of(lease)) })));
  });
  return all.filter(
    (lease) => lease.device_id === deviceId && lease.state === "open" && at < new Date(lease.expires_at),
  );
}

/** Keep what the till may sell without the line fresh; returns the sentence of what was refused. */
export async function tend(device, { offers }) {
  await Promise.all((await pending()).map((asked) => finish(asked, device)));
  const people = (await read(["people"], (tx) => tx.objectStore("people").getAll())).map((each) => each.person_ref);
  const allowed = new Set(
    (await read(["allowances"], (tx) => tx.objectStore("allowances").getAll())).map((each) => each.person_ref),
  );
  const newcomers = people.some((person) => !allowed.has(person));
  let refusal = null;
  for (const offer of offers) {
    const held = (await open(device.device_id)).filter((lease) => lease.offer_code === offer.offer_code);
    const good = held.find((lease) => !isDue(lease, { offer, newcomers }));
    if (!good) {
      const outcome = await take(device, offer, people);
      if (!outcome.ok) {
        refusal ??= outcome.sentence;
        continue;
      }
    }
    for (const lease of held) if (lease !== good) await giveBack(device, lease.lease_id);
  }
  await giveBackOld(device);
  return refusal;
}

function isDue(lease, { offer, newcomers }) {
  const now = Date.now();
  return (
    lease.vouchers.length < FEW ||
    lease.price_cents !== offer.price_cents ||
    lease.month !== businessMonth() ||
    new Date(lease.expires_at) - now < EXPIRING_MS ||
    (newcomers && (now - lease.taken_at > NEWCOMERS_MS || !lease.people))
  );
}

async function take(device, offer, people) {
  // One recharge of each offer for each person: the rest of their month stays free elsewhere.
  const counts = (await fact("cap_counts")) ?? "price";
  const allowance = counts === "price" ? offer.price_cents : offer.face_value_cents;
  let outcome;
  for (let quantity = QUANTITY; quantity > 0; quantity >>= 1) {
    const asked = {
      key: newKey(),
      kind: "lease",
      path: `/api/recharges/v1/tills/${device.till_id}/leases`,
      body: { offer_code: offer.offer_code, quantity, people: people.slice(0, PEOPLE_MAX), allowance_cents: allowance },
      asked_at: Date.now(),
    };
    // Before it is asked: an answer that gets lost is asked for again, and its vouchers with it.
    await write(["asked"], (tx) => tx.objectStore("asked").put(asked));
    outcome = await finish(asked, device);
    // A site that has few left lends fewer.
    if (outcome.ok || outcome.status !== 409) return outcome;
  }
  return outcome;
}

const pending = async () =>
  (await read(["asked"], (tx) => tx.objectStore("asked").getAll())).filter((asked) => asked.kind === "lease");

async function finish(asked, device) {
  const outcome = await ask("POST", asked.path, { body: asked.body, key: asked.key, as: "till" });
  if (outcome.cut || outcome.status >= 500) return outcome;
  if (!outcome.ok) {
    await write(["asked"], (tx) => tx.objectStore("asked").delete(asked.key));
    return outcome;
  }
  await alone(() => receive(asked, device, outcome.answer));
  return outcome;
}

async function receive(asked, device, answer) {
  const { key, vouchers, allowances, chain, ...lease } = answer;
  const locked = await crypto.subtle.importKey("raw", fromBase64(key), "AES-GCM", false, ["decrypt"]);
  await write([...HELD, "asked", "facts", "sales"], async (tx) => {
    tx.objectStore("asked").delete(asked.key);
    tx.objectStore("leases").put({
      ...lease,
      device_id: device.device_id,
      key: locked,
      state: "open",
      month: allowances[0]?.month ?? businessMonth(),
      taken_at: Date.now(),
      people: allowances.length,
    });
    vouchers.forEach((voucher, place) =>
      tx.objectStore("vouchers").put({ ...voucher, lease_id: lease.lease_id, place }),
    );
    for (const { person_ref, month, allowed_cents } of allowances) {
      tx.objectStore("allowances").put({ lease_id: lease.lease_id, person_ref, month, left_cents: allowed_cents });
    }
    tx.objectStore("facts").put(lease.cap_counts, "cap_counts");
    const own = await tx.objectStore("facts").get("chain");
    const waiting = await tx.objectStore("sales").index("by_outcome").count([device.device_id, "waiting"]);
    // A store that was emptied goes on where the service says that its chain ends.
    if (!own || own.device_id !== device.device_id || (waiting === 0 && own.sequence < chain.sequence)) {
      await tx.objectStore("facts").put({ ...chain, device_id: device.device_id }, "chain");
    }
  });
}

/** Give back what a lease still holds; nothing is sold from it from the moment that this is asked. */
async function giveBack(device, leaseId) {
  const may = await alone(() =>
    write(["leases", "sales"], async (tx) => {
      const lease = await tx.objectStore("leases").get(leaseId);
      const outcomes = tx.objectStore("sales").index("by_outcome");
      const [waiting, refused] = await Promise.all(
        ["waiting", "refused"].map((outcome) => outcomes.count([device.device_id, outcome])),
      );
      // A code that a customer has and the service knows nothing of must not go on sale again.
      if (!lease || lease.state === "ended" || waiting + refused > 0) return false;
      await tx.objectStore("leases").put({ ...lease, state: "returning" });
      return true;
    }),
  );
  if (!may) return;
  const { sequence, hash } = await fact("chain");
  const outcome = await ask("POST", `/api/recharges/v1/leases/${leaseId}/return`, {
    body: { chain: { sequence, hash } },
    key: newKey(),
    as: "till",
  });
  // Unknown, or not now: it is asked again, and nothing is sold from it until then.
  if (outcome.ok) await forget(leaseId);
}

async function giveBackOld(device) {
  const leases = await read(["leases"], (tx) => tx.objectStore("leases").getAll());
  for (const lease of leases) {
    if (lease.device_id !== device.device_id) await forget(lease.lease_id);
    else if (lease.state === "returning" || new Date(lease.expires_at) <= new Date()) {
      await giveBack(device, lease.lease_id);
    }
  }
}

/** Give everything back: nothing can be sold without the line until it is tended again. */
export async function giveAllBack(device) {
  await Promise.all((await pending()).map((asked) => finish(asked, device)));
  const leases = await read(["leases"], (tx) => tx.objectStore("leases").getAll());
  for (const lease of leases) if (lease.state !== "ended") await giveBack(device, lease.lease_id);
}

// The key of a lease stays as long as a code that was sold has not been seen by anybody.
async function forget(leaseId) {
  await write([...HELD, "sales"], async (tx) => {
    const leases = tx.objectStore("leases");
    const range = IDBKeyRange.bound([leaseId], [leaseId, []]);
    tx.objectStore("vouchers").delete(range);
    tx.objectStore("allowances").delete(range);
    const sales = await tx.objectStore("sales").getAll();
    const unseen = sales.some((sale) => sale.record.lease_id === leaseId && sale.vouchers.length > 0);
    const lease = await leases.get(leaseId);
    if (unseen && lease) await leases.put({ ...lease, state: "ended" });
    else await leases.delete(leaseId);
  });
}
