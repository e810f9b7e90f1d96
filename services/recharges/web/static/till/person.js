// Who somebody is and what they may buy: asked of referrals by slip, code, name or phone.

import { ask } from "/static/chassis/api.js";
import { day, t } from "/static/chassis/say.js";

const SLIP = "RELAIS1.";
const UNANSWERED = ["submitted", "seen"];

/** Look for people; `{ people }`, or `{ problem }` in words. */
export async function find(text) {
  let asked = text.trim();
  if (asked.startsWith(SLIP)) {
    const slip = await ask("POST", "/api/referrals/v1/slips", { body: { qr: asked } });
    if (!slip.ok) return { problem: slip.sentence, cut: slip.cut };
    if (UNANSWERED.includes(slip.answer.state)) {
      return { problem: t("This slip is good, and nobody has received the person yet: the reception desk does that first."), desk: true };
    }
    asked = slip.answer.code;
  }
  if (asked.length < 3) return { problem: t("Type at least three letters or figures.") };
  const outcome = await ask("GET", `/api/referrals/v1/people?q=${encodeURIComponent(asked)}`);
  if (!outcome.ok) return { problem: outcome.sentence, cut: outcome.cut };
  if (outcome.answer.length === 0) {
    return { problem: t("Nobody is found under “{text}”. Try the code of the slip, or another spelling.", { text: asked }) };
  }
  return { people: outcome.answer };
}

/** Read what a person may buy; `{ person }`, or `{ problem }` in words. */
export async function load(personRef) {
  const [who, cap] = await Promise.all([
    ask("GET", `/api/referrals/v1/people/${personRef}`),
    ask("GET", `/api/recharges/v1/people/${personRef}/cap`),
  ]);
  if (!who.ok) return { problem: who.sentence, cut: who.cut };
  const name = `${who.answer.given_name} ${who.answer.family_name}`;
  if (who.answer.use_restricted) {
    return { problem: t("{name} has asked that their data be kept and not used: nothing is sold to them for now.", { name }) };
  }
  if (!cap.ok) return { problem: t("{name}: {sentence}", { name, sentence: cap.sentence }), cut: cap.cut, desk: true };
  const until = lastDay(who.answer.entitlement?.until);
  return { person: { ...cap.answer, person_ref: who.answer.person_ref, name, until } };
}

/** Say the last day of what ends before a day. */
export function lastDay(until) {
  if (!until) return "";
  const last = new Date(`${until}T00:00Z`);
  last.setUTCDate(last.getUTCDate() - 1);
  return day(last.toISOString().slice(0, 10));
}

/** Look again at what is left of the month of somebody who is buying. */
export async function lookAgain(person) {
  const cap = await ask("GET", `/api/recharges/v1/people/${person.person_ref}/cap`);
  if (cap.ok) Object.assign(person, cap.answer);
}
