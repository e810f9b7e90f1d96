// Names the referrers of a structure: accounts knows who they are, this service does not.

import { ask } from "/static/chassis/api.js";

const PAGE = 200;
const users = [];
let after = "";
do {
  const outcome = await ask("GET", `/api/accounts/v1/users?limit=${PAGE}${after}`);
  if (!outcome.ok) break;
  users.push(...outcome.answer);
  after = outcome.answer.length < PAGE ? "" : `&after=${encodeURIComponent(outcome.answer.at(-1).email)}`;
} while (after);

const names = new Map(users.map((user) => [user.user_id, user.display_name]));
for (const place of document.querySelectorAll("[data-worker]")) {
  place.textContent = names.get(place.dataset.worker) ?? place.textContent;
}
const choice = document.querySelector("[data-referrers]");
for (const user of users.filter((each) => each.role === "referrer" && !each.disabled)) {
  choice?.append(new Option(`${user.display_name} · ${user.email}`, user.user_id));
}
