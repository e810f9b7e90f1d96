// One line of the chain, written and sealed as the service does it (kernel/chain.py): canonical
// JSON (RFC 8785) under SHA-256, each hash taken of the one before and the record.

const utf8 = new TextEncoder();

/** Write texts, whole numbers, lists and objects as RFC 8785 has it; refuse anything else. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "string" || typeof value === "boolean" || value === null) return JSON.stringify(value);
  if (Number.isSafeInteger(value)) return JSON.stringify(value);
  if (typeof value === "object") {
    // Names sort by UTF-16 units: what sort() does by itself.
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  throw new TypeError(`no canonical JSON for ${typeof value} ${value}`);
}

/** Chain a record to the hash before it (hexadecimal; empty before the first). */
export async function seal(record, previousHash) {
  const before = fromHex(previousHash);
  const written = utf8.encode(canonical(record));
  const bytes = new Uint8Array(before.length + written.length);
  bytes.set(before);
  bytes.set(written, before.length);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** Read base64url, with or without its padding; null when it is none. */
export function fromBase64(text) {
  if (!/^[\w-]*=*$/.test(text)) return null;
  try {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, ""));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Write base64url without padding. */
export const toBase64 = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
