// What a browser keeps to show without the line, and forgets when whoever it was shown to has left.

const PAGES = ["/caisse"];

/** Forget the pages that the till's worker has kept: somebody has signed in, or has left. */
export async function forgetPages() {
  if (!globalThis.caches) return; // no secure context: no worker either
  for (const name of await caches.keys()) {
    if (!name.startsWith("relais-till-")) continue;
    const cache = await caches.open(name);
    for (const page of PAGES) await cache.delete(page);
  }
}
