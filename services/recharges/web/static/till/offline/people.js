// Who may buy here without the line: people known at this site, by reference and code, and the slip
// they bring, checked with the public key alone.  No name is kept.

import { ask } from "/static/chassis/api.js";
import { day, t } from "/static/chassis/say.js";
import { fromBase64, toBase64 } from "./canonical.js";
import { businessDate } from "./days.js";
import { Refused } from "./refusal.js";
import { fact, read, write } from "./store.js";

const ID_BYTES = 16;
const DAY_BYTES = 4;
const SIGNATURE_BYTES = 64;
const CODE_BYTES_MAX = 20;
const DAY_MS = 86_400_000;
// 1970-01-01, counted from 0001-01-01 as day 1.
const EPOCH_ORDINAL = 719_163;
const PAGES_MAX = 20;

/** Learn who is known at the site, which slips were revoked, and the key of slips. */
export async function refresh({ siteCode }) {
  const [people, revoked, key] = await Promise.all([
    ask("GET", `/api/referrals/v1/sites/${encodeURIComponent(siteCode)}/expected`, { again: false }),
    everyRevoked(),
    ask("GET", "/api/referrals/v1/slips/key"),
  ]);
  if (!people.ok || !revoked || !key.ok) return;
  await write(["people", "revoked", "facts"], async (tx) => {
    const [known, bad] = [tx.objectStore("people"), tx.objectStore("revoked")];
    await Promise.all([known.clear(), bad.clear()]);
    for (const each of people.answer) known.put(each);
    for (const each of revoked) bad.put(each);
    tx.objectStore("facts").put(key.answer, "slip_key");
    await tx.objectStore("facts").put(Date.now(), "people_at");
  });
}

async function everyRevoked() {
  const all = [];
  let after = "";
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const outcome = await ask("GET", `/api/referrals/v1/slips/revoked?limit=200${after}`, { again: false });
    if (!outcome.ok) return null;
    all.push(...outcome.answer);
    if (outcome.answer.length < 200) return all;
    after = `&after=${outcome.answer.at(-1).referral_id}`;
  }
  return all;
}

/** Find the person a slip or a code belongs to, or refuse in words. */
export async function find(text) {
  const asked = text.trim();
  const slipKey = await fact("slip_key");
  if (slipKey && asked.startsWith(slipKey.prefix)) {
    const slip = await readSlip(asked, slipKey);
    const [revoked, person] = await read(["revoked", "people"], (tx) =>
      Promise.all([
        tx.objectStore("revoked").get(slip.referral_id),
        tx.objectStore("people").index("by_referral").get(slip.referral_id),
      ]),
    );
    if (revoked) throw new Refused(t("This referral slip has been revoked."));
    if (slip.expires_on <= businessDate()) {
      throw new Refused(t("This referral slip expired on {date}.", { date: day(slip.expires_on) }));
    }
    return person ?? notTaken();
  }
  const signs = asked.toUpperCase().replace(/[^0-9A-Z]/g, "");
  const code = `${signs.slice(0, 4)}-${signs.slice(4)}`;
  return (await read(["people"], (tx) => tx.objectStore("people").index("by_code").get(code))) ?? notTaken();
}

function notTaken() {
  throw new Refused(t("This person is not among those whom the till knows without the line. Serve them when it is back."));
}

/** Read the signed text of a slip (services/referrals/seal.py); refuse one that is not ours. */
export async function readSlip(text, { public_key: publicKey, prefix, purpose }) {
  const raw = fromBase64(text.slice(prefix.length));
  const payload = raw?.slice(0, -SIGNATURE_BYTES);
  const codeLength = (payload?.length ?? 0) - ID_BYTES - DAY_BYTES;
  // One slip has one text.
  const wellMade = raw && prefix + toBase64(raw) === text && codeLength > 0 && codeLength <= CODE_BYTES_MAX;
  if (!wellMade || !(await isSigned(payload, raw.slice(-SIGNATURE_BYTES), { publicKey, purpose }))) {
    throw new Refused(t("This is not one of our referral slips, or it has been changed."));
  }
  const hex = Array.from(payload.slice(0, ID_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const ordinal = new DataView(payload.buffer).getUint32(ID_BYTES);
  return {
    referral_id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    expires_on: new Date((ordinal - EPOCH_ORDINAL) * DAY_MS).toISOString().slice(0, 10),
    code: new TextDecoder().decode(payload.slice(ID_BYTES + DAY_BYTES)),
  };
}

async function isSigned(payload, signature, { publicKey, purpose }) {
  let key;
  try {
    key = await crypto.subtle.importKey("raw", fromBase64(publicKey), "Ed25519", false, ["verify"]);
  } catch {
    throw new Refused(t("This browser cannot check slips without the line: type the code that is printed on it."));
  }
  const said = new TextEncoder().encode(purpose);
  // A NUL byte stands between the purpose and what was signed.
  const signed = new Uint8Array(said.length + 1 + payload.length);
  signed.set(said);
  signed.set(payload, said.length + 1);
  return crypto.subtle.verify("Ed25519", key, signature, signed);
}
