// The till's service worker; the page of services/recharges/web/offline.py writes `RELEASE` above it.
//
// It keeps one release of the till's files, checked against their digests, and the page as whoever
// is signed in has seen it (who signs in or out makes it forgotten: chassis/web/static/kept.js); it keeps
// no answer of the API.  The next release is kept beside it until it is whole, and then takes its
// place: what the till stores (IndexedDB) it never touches.

const KEPT = `relais-till-${RELEASE.name}`;
const PAGE = "/caisse";
const PATIENCE_MS = 4_000;
// Windows whose page is of another release than this worker's: their files come over the line.
const others = new Set();

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));

async function keep() {
  const cache = await caches.open(KEPT);
  const wanted = Object.entries(RELEASE.files).map(async ([path, integrity]) => {
    // A file of another release than ours (one is being put in place) is refused, and this tried again.
    const response = await fetch(path, { cache: "no-cache", integrity });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    await cache.put(path, response);
  });
  await Promise.all(wanted);
  await keepPage(await fetch(PAGE, { cache: "no-store" }).catch(() => null));
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith("relais-till-") && name !== KEPT) await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(event));
  else if (request.method === "GET" && url.pathname in RELEASE.files) event.respondWith(file(event, url));
});

async function page(event) {
  const kept = await (await caches.open(KEPT)).match(PAGE);
  const asking = fetch(event.request);
  const answered = asking.catch(() => null);
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const fresh = await (kept ? Promise.race([answered, patience]) : answered);
  // Cut, slow, or the service is away: the till starts as it was.
  if (kept && (!fresh || fresh.status >= 500)) {
    event.waitUntil(answered.then((late) => doubt(late, kept, event.resultingClientId)));
    return kept.clone();
  }
  await hear(fresh, event.resultingClientId);
  return fresh ?? asking;
}

async function hear(answer, clientId) {
  if (answer?.ok) await keepPage(answer.clone(), clientId);
  // Nobody is signed in any more, or may not be here: the page of whoever was is not for the next one.
  else if (answer && answer.status < 500) await forgetPage();
}

// What is shown was kept, and the service says only now what it would have shown: to somebody else, or nothing.
async function doubt(late, kept, clientId) {
  if (!late || late.status >= 500) return;
  const isSame = late.ok && userOf(await late.clone().text()) === userOf(await kept.text());
  await hear(late);
  if (!isSame) await (await self.clients.get(clientId))?.navigate(PAGE);
}

const userOf = (text) => text.match(/data-user="([^"]*)"/)?.[1];

async function keepPage(response, clientId) {
  if (!response?.ok || response.redirected) return;
  const text = await response.clone().text();
  if (text.includes(`content="${RELEASE.name}"`)) await (await caches.open(KEPT)).put(PAGE, response);
  else if (clientId) others.add(clientId);
}

const forgetPage = async () => (await caches.open(KEPT)).delete(PAGE);

async function file(event, url) {
  if (others.has(event.clientId)) return fetch(event.request);
  const kept = await (await caches.open(KEPT)).match(url.pathname);
  return kept ?? fetch(event.request);
}
