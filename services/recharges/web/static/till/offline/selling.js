// A sale without the line: decided as the service will decide it, on the disk before its code is seen.
//
// The voucher, its place in the chain and the person's allowance are written together or not at
// all.  What the service would refuse later is refused now, while the customer is still there.

import { euros, t } from "/static/chassis/say.js";
import { refusal } from "../asking.js";
import { fromBase64, seal } from "./canonical.js";
import { businessDate, businessMonth } from "./days.js";
import * as leases from "./leases.js";
import { Refused } from "./refusal.js";
import { alone, read, write } from "./store.js";

const NONCE_BYTES = 12;
// The service takes a clock that is up to a quarter of an hour off; we stop before that.
const SKEW_MS_MAX = 10 * 60_000;

/** What a person may still buy here this month without the line, in cents. */
export async function leftFor(personRef, at = new Date()) {
  const shares = await sharesOf(personRef, at);
  return shares.reduce((sum, share) => sum + share.left_cents, 0);
}

const sharesOf = async (personRef, at) =>
  (await read(["allowances"], (tx) => tx.objectStore("allowances").index("by_person").getAll(personRef))).filter(
    (share) => share.month === businessMonth(at),
  );

/** Sell, or refuse in words; `skewMs` is what is known of this computer's clock. */
export function sell(device, { personRef, offerCode, quantity, tenderedCents, sellerId, skewMs }) {
  return alone(async () => {
    const at = new Date();
    const chain = await soundChain(device, { personRef, at, skewMs });
    const { lease, vouchers } = await chosen(device, { offerCode, quantity, at });
    const total = lease.price_cents * quantity;
    if (tenderedCents < total) throw new Refused(t("{amount} are to be paid.", { amount: euros(total) }));
    const used = await usedShares(personRef, { lease, vouchers, at });
    const record = {
      till_id: device.till_id,
      sequence: chain.sequence + 1,
      sale_id: crypto.randomUUID(),
      sold_at: at.toISOString(),
      person_ref: personRef,
      seller_id: sellerId,
      lease_id: lease.lease_id,
      lines: linesOf(lease, vouchers),
      tendered_cents: tenderedCents,
      total_cents: total,
      change_cents: tenderedCents - total,
    };
    const sale = {
      device_id: device.device_id,
      record,
      previous_hash: chain.hash,
      hash: await seal(record, chain.hash),
      outcome: "waiting",
      vouchers,
    };
    const opened = await openAll(lease, vouchers);
    await store(device, { chain, sale, used });
    return answer(sale, opened);
  });
}

async function soundChain(device, { personRef, at, skewMs }) {
  const [chain, refused, asked] = await read(["facts", "sales", "asked"], (tx) =>
    Promise.all([
      tx.objectStore("facts").get("chain"),
      tx.objectStore("sales").index("by_outcome").count([device.device_id, "refused"]),
      tx.objectStore("asked").getAll(),
    ]),
  );
  if (refused > 0) {
    throw new Refused(t("A sale made without the line was refused: nothing more is sold so until a supervisor has looked."));
  }
  if (asked.some((each) => each.kind === "sale" && each.body.person_ref === personRef)) {
    throw new Refused(refusal().sentence);
  }
  if (Math.abs(skewMs) > SKEW_MS_MAX || (chain?.sold_at && at - new Date(chain.sold_at) < -SKEW_MS_MAX)) {
    throw new Refused(t("This computer's clock is wrong: set it before you sell without the line."));
  }
  if (!chain || chain.device_id !== device.device_id) throw nothingTaken();
  return chain;
}

const nothingTaken = () =>
  new Refused(t("The till has taken along too few of these recharges to sell them without the line."));

async function chosen(device, { offerCode, quantity, at }) {
  const today = businessDate(at);
  // One sale is of one lease; the one that ends first is used up first.
  const held = (await leases.open(device.device_id, at))
    .filter((lease) => lease.offer_code === offerCode)
    .sort((one, other) => (one.expires_at < other.expires_at ? -1 : 1));
  for (const lease of held) {
    const vouchers = lease.vouchers.filter((voucher) => voucher.use_by >= today).slice(0, quantity);
    if (quantity > 0 && vouchers.length === quantity) return { lease, vouchers };
  }
  throw nothingTaken();
}

// The lease's own share is used first, then the others in their order: as the service counts.
async function usedShares(personRef, { lease, vouchers, at }) {
  const counted =
    lease.cap_counts === "price"
      ? lease.price_cents * vouchers.length
      : vouchers.reduce((sum, voucher) => sum + voucher.face_value_cents, 0);
  const shares = (await sharesOf(personRef, at)).sort(
    (one, other) => (other.lease_id === lease.lease_id) - (one.lease_id === lease.lease_id),
  );
  let missing = counted;
  const used = [];
  for (const share of shares) {
    const part = Math.min(missing, share.left_cents);
    if (part > 0) used.push({ ...share, left_cents: share.left_cents - part });
    missing -= part;
  }
  if (missing > 0) {
    throw new Refused(
      t("Without the line, this person may still buy for {left}. The rest of their month is sold when it is back.", {
        left: euros(counted - missing),
      }),
    );
  }
  return used;
}

function linesOf(lease, vouchers) {
  const serials = new Map();
  for (const { serial, face_value_cents: worth } of vouchers) {
    serials.set(worth, [...(serials.get(worth) ?? []), serial]);
  }
  return Array.from(serials, ([worth, of]) => ({
    offer_code: lease.offer_code,
    serials: of,
    price_cents: lease.price_cents,
    face_value_cents: worth,
  }));
}

const openAll = (lease, vouchers) => Promise.all(vouchers.map((voucher) => openBox(lease.key, voucher)));

/** Open the box of a voucher: nonce and AES-256-GCM, the serial as associated data (boxes.py). */
export async function openBox(key, { serial, box }) {
  const bytes = fromBase64(box);
  const opened = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: bytes.slice(0, NONCE_BYTES), additionalData: new TextEncoder().encode(serial) },
    key,
    bytes.slice(NONCE_BYTES),
  );
  return new TextDecoder().decode(opened);
}

async function store(device, { chain, sale, used }) {
  const { record } = sale;
  await write(["facts", "vouchers", "allowances", "sales"], async (tx) => {
    const end = await tx.objectStore("facts").get("chain");
    if (end.sequence !== chain.sequence || end.hash !== chain.hash) throw new Error("the chain has moved");
    const places = sale.vouchers.map(({ serial }) => [record.lease_id, serial]);
    for (const place of places) {
      if (!(await tx.objectStore("vouchers").getKey(place))) throw new Error("a voucher is gone");
      tx.objectStore("vouchers").delete(place);
    }
    for (const share of used) tx.objectStore("allowances").put(share);
    tx.objectStore("sales").add(sale);
    await tx
      .objectStore("facts")
      .put({ device_id: device.device_id, sequence: record.sequence, hash: sale.hash, sold_at: record.sold_at }, "chain");
  });
}

function answer({ record, vouchers }, pins) {
  return {
    sale_id: record.sale_id,
    sold_at: record.sold_at,
    person_ref: record.person_ref,
    total_cents: record.total_cents,
    tendered_cents: record.tendered_cents,
    change_cents: record.change_cents,
    vouchers: vouchers.map(({ serial, face_value_cents, use_by }, number) => ({
      serial,
      pin: pins[number],
      offer_code: record.lines[0].offer_code,
      face_value_cents,
      use_by,
    })),
    waiting: true,
  };
}

const SALE = ["sales", "leases"];
const bySaleId = (tx, saleId) => tx.objectStore("sales").index("by_id").get(saleId);

/** Somebody has seen the codes of a sale: from now on nothing here can open them. */
export const shown = (saleId) =>
  alone(() =>
    write(SALE, async (tx) => {
      const sale = await bySaleId(tx, saleId);
      if (!sale?.vouchers.length) return;
      await tx.objectStore("sales").put({ ...sale, vouchers: [], shown_at: new Date().toISOString() });
    }),
  );

/** Open the codes of a sale that the till was closed upon before they were seen: once, and written down first. */
export const showOnceMore = (saleId) =>
  alone(async () => {
    const [sale, lease] = await read(SALE, async (tx) => {
      const found = await bySaleId(tx, saleId);
      return [found, found && (await tx.objectStore("leases").get(found.record.lease_id))];
    });
    if (!sale?.vouchers.length || !lease) {
      throw new Refused(t("The codes of this sale have been shown already."));
    }
    const pins = await openAll(lease, sale.vouchers);
    await write(["sales"], (tx) =>
      tx.objectStore("sales").put({ ...sale, vouchers: [], shown_again_at: new Date().toISOString() }),
    );
    return answer(sale, pins);
  });
