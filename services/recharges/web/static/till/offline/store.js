// What an offline till keeps, and nobody but this tab writes: IndexedDB, committed to the disk.
//
//   facts       device, chain, offers and small things, by name
//   leases      what was lent; their key is one that no script can read out (CryptoKey)
//   vouchers    those not sold yet, boxed
//   allowances  what each person may still buy here, by lease
//   sales       the chain: every sale of every device this browser was, and what became of it
//   people      who is known here: references and codes, never a name
//   revoked     referrals whose slip is no longer good
//   asked       what was asked for and has no answer yet, with its Idempotency-Key

import { openDB } from "../../vendor/idb-8.0.4/index.js";
import { t } from "/static/chassis/say.js";
import { Refused } from "./refusal.js";

const NAME = "relais-till";
const VERSION = 1;
const LOCK = "relais-till";
// A page that is reloaded gives its lock up in less.
const PASSING_MS = 1_500;

let db = null;

function make(fresh) {
  fresh.createObjectStore("facts");
  fresh.createObjectStore("leases", { keyPath: "lease_id" });
  const vouchers = fresh.createObjectStore("vouchers", { keyPath: ["lease_id", "serial"] });
  vouchers.createIndex("by_lease", ["lease_id", "place"]);
  const allowances = fresh.createObjectStore("allowances", { keyPath: ["lease_id", "person_ref"] });
  allowances.createIndex("by_person", "person_ref");
  const sales = fresh.createObjectStore("sales", { keyPath: ["device_id", "record.sequence"] });
  sales.createIndex("by_id", "record.sale_id", { unique: true });
  sales.createIndex("by_outcome", ["device_id", "outcome"]);
  const people = fresh.createObjectStore("people", { keyPath: "person_ref" });
  people.createIndex("by_code", "codes", { multiEntry: true });
  people.createIndex("by_referral", "referral_ids", { multiEntry: true });
  fresh.createObjectStore("revoked", { keyPath: "referral_id" });
  fresh.createObjectStore("asked", { keyPath: "key" });
}

/** Open the store, or say in words why this browser cannot be trusted with a sale. */
export async function open({ onLost }) {
  if (!globalThis.isSecureContext || !navigator.locks || !crypto.subtle || !navigator.storage?.persist) {
    throw new Refused(t("This browser is too old to sell without the line. Update it, or use another one."));
  }
  try {
    db = await openDB(NAME, VERSION, {
      upgrade: make,
      // A newer release of ours wants the store: let go of it, and say that the page is to be loaded anew.
      blocking: () => (db.close(), onLost(t("A newer version of the till is open. Load this page again."))),
      terminated: () => onLost(t("The browser has closed the till's store. Load this page again.")),
    });
    await write(["facts"], (tx) => tx.objectStore("facts").put(Date.now(), "opened_at"));
  } catch {
    db = null;
    throw new Refused(t("This browser lets the till keep nothing, so sales made without the line would be lost. Leave private browsing, or free some space."));
  }
  if (!(await navigator.storage.persisted()) && !(await navigator.storage.persist())) {
    throw new Refused(t("This browser does not promise to keep what the till stores, as in a private window: sales made without the line would be lost. Open the till in an ordinary window and install it, or add it to your bookmarks."));
  }
}

/**
 * Become the one tab that writes, now or when the other one goes; `onOurs` is called once it is so.
 * Returns whether another tab has the store for now.
 */
export function becomeWriter({ onOurs }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(true), PASSING_MS);
    navigator.locks.request(LOCK, async () => {
      clearTimeout(timer);
      await onOurs().then(() => resolve(false), reject);
      return new Promise(() => {}); // kept until the tab goes
    });
  });
}

/** Read in one transaction: `read(["sales"], (tx) => …)`. */
export async function read(names, work) {
  const tx = db.transaction(names, "readonly");
  const [found] = await Promise.all([work(tx), tx.done]);
  return found;
}

/** Write in one transaction, on the disk when this returns; all of it or, where `work` throws, nothing. */
export async function write(names, work) {
  const tx = db.transaction(names, "readwrite", { durability: "strict" });
  const ended = tx.done.catch((error) => error ?? new Error("aborted"));
  let done;
  try {
    done = await work(tx);
  } catch (error) {
    try {
      tx.abort();
    } catch {
      // It has ended by itself.
    }
    await ended;
    throw error;
  }
  const error = await ended;
  if (error) throw error;
  return done;
}

/** Read one of the facts. */
export const fact = (name) => read(["facts"], (tx) => tx.objectStore("facts").get(name));
/** Write one of the facts. */
export const keep = (name, value) => write(["facts"], (tx) => tx.objectStore("facts").put(value, name));

let turn = Promise.resolve();

/** Do one thing at a time: what is decided on the store still holds when it is written. */
export function alone(work) {
  const mine = turn.then(work);
  turn = mine.catch(() => {});
  return mine;
}
