"""Plays a day of the network at three reception points, through the doors its people use.

Social workers refer people, sites receive them, tills sell recharges, mediators bring debts to a
plan, a refurbished computer finds its owner, operators report the option.  Some of it is refused,
as on any day.  A second play is another day with other people, until the vouchers are gone.
"""

import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from chassis import clock
from deploy.audit.cli import await_quiet
from deploy.demo import computers, data, referrers, rights, till
from deploy.demo.book import Book
from deploy.demo.client import HEARD_WITHIN_S, Client, Refused
from deploy.demo.data import Demonstration
from deploy.demo.data.debts import DebtFile
from deploy.demo.data.network import SELLING, User
from deploy.demo.data.people import Person
from deploy.demo.doubles import tell_doubles
from deploy.demo.result import Played
from deploy.local.stack import Stack
from kernel.period import business_date

_ENTITLEMENT_UNHEARD = (
    "recharges.entitlement.missing",
    "equipment.entitlement.unknown",
    "mediation.entitlement.unknown",
    "mediation.entitlement.missing",
)
_SITE_UNHEARD = ("referrals.site.unknown", "equipment.site.unknown", "mediation.site.unknown")
# One referral in ten is refused: the person is not meant for this programme.
_REFUSED_EACH = 10


@dataclass(kw_only=True)
class Day:
    """One day being played."""

    stack: Stack
    made: Demonstration
    book: Book
    number: int
    tills: dict[tuple[str, str], str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    persons: dict[int, str] = field(default_factory=dict)
    houses: dict[str, str] = field(default_factory=dict)
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    def user(self, role: str, *, site_code: str | None = None, operator: str | None = None) -> User:
        """Find somebody in a role, at a site or of an operator."""
        return next(
            user
            for user in self.made.network.users
            if user.role == role
            and (site_code is None or site_code in (*user.site_codes, *user.listed_at))
            and (operator is None or user.operator == operator)
        )

    def as_(
        self, role: str, *, site_code: str | None = None, operator: str | None = None
    ) -> Client:
        """Return the client of somebody in a role, signed in once."""
        user = self.user(role, site_code=site_code, operator=operator)
        if user.email not in self.clients:
            door = Client(self.stack.web)
            self.clients[user.email] = door.sign_in(user.email, self.book.password(user.email))
        return self.clients[user.email]

    def till_of(self, site_code: str) -> str:
        """Return the till of a site's first operator."""
        till_name = self.user("till_operator", site_code=site_code).till_name
        return self.tills[site_code, till_name or ""]

    def person_at(self, site_code: str, *, place: int) -> str:
        """Return one of the people of a site who may buy."""
        there = [
            person_ref
            for number, person_ref in self.persons.items()
            if self.made.people[number].site_code == site_code
        ]
        return there[place]

    def basket(self, site_code: str, person_ref: str) -> dict[str, Any]:
        """Return the body of a sale of credit for cash."""
        return {
            "till_id": self.till_of(site_code),
            "person_ref": person_ref,
            "lines": [{"offer_code": "sfr-15", "quantity": self.rng.choice((1, 1, 1, 2))}],
            "payment": {"tender": "cash", "tendered_cents": 1_000},
        }

    def count_sale(self, sale: dict[str, Any]) -> None:
        """Count a cash sale that was made."""
        self.done["sales"] += 1
        self.done["vouchers sold"] += len(sale["vouchers"])
        self.cents["cash taken"] += sale["total_cents"]
        self.cents["credit handed over"] += sum(
            each["face_value_cents"] for each in sale["vouchers"]
        )

    def expect_refusal(self, code: str, client: Client, path: str, body: dict[str, Any]) -> None:
        """Ask for something the rules forbid, and see that they do."""
        try:
            client.post(path, body)
        except Refused as refused:
            if refused.code != code:
                raise
            self.refused[code] += 1
        else:
            raise AssertionError(f"{path} was expected to be refused with {code}")


def play(stack: Stack) -> Played:
    """Play one day and return what was done and what each service then knew."""
    day = _begin(stack)
    started = time.monotonic()
    _find_tills(day)
    referrers.sign_conventions(day)
    _refer(day)
    referrers.walk_in(day)
    till.open_drawers(day)
    tell_doubles(day, dict(_people_of(day)))
    _sell(day)
    till.use_cards(day)
    till.complain(day)
    till.transfer(day)
    till.lose_and_damage(day)
    till.move_cash(day)
    till.hand_over(day)
    till.go_offline(day)
    if day.number == 1:
        _mediate(day)
        _report_option(day)
    computers.sell(day)
    till.close_drawers(day)
    rights.show_and_forget(day)
    day.book.days_played = day.number
    day.book.save()
    known = _await_knowledge(day)
    return Played(
        day=day.number,
        seconds=round(time.monotonic() - started, 1),
        done=dict(day.done),
        refused=dict(day.refused),
        cents=dict(day.cents),
        known=known,
    )


def know(stack: Stack) -> Played:
    """Play nothing; return what each service knows of the days before."""
    day = _begin(stack)
    known = _await_knowledge(day)
    played = day.number - 1
    return Played(day=played, seconds=0, done={}, refused={}, cents={}, known=known)


def _begin(stack: Stack) -> Day:
    book = Book.open(stack.home, today=business_date(clock.now()))
    number = book.days_played + 1
    return Day(
        stack=stack,
        made=data.demonstration(today=book.today),
        book=book,
        number=number,
        rng=random.Random(number),
    )


def _find_tills(day: Day) -> None:
    admin = day.as_("admin")
    day.tills = {
        (till["site_code"], till["name"]): till["till_id"]
        for till in admin.get("recharges/v1/tills")
    }


def _people_of(day: Day) -> list[tuple[int, Person]]:
    """The people of the selling sites; on a later day, others with the same names."""
    older = timedelta(days=day.number - 1)
    return [
        (
            place,
            replace(
                person, birth_date=person.birth_date - older, phone=None if older else person.phone
            ),
        )
        for place, person in enumerate(day.made.people)
        if person.site_code in SELLING
    ]


def _refer(day: Day) -> None:
    """Social workers refer people; the sites accept most of them and refuse a few."""
    mediated = {each.person for each in day.made.debt_files}
    for place, person in _people_of(day):
        key = f"demo-{day.number}-referral-{place}"
        referrer = day.as_("referrer", site_code=person.site_code)
        referral = referrer.post(
            "referrals/v1/referrals", person.referral(), key=key, until_heard=_SITE_UNHEARD
        )
        day.done["referrals submitted"] += 1
        site = day.as_("site_manager", site_code=person.site_code)
        path = f"referrals/v1/referrals/{referral['referral_id']}"
        if place % _REFUSED_EACH == _REFUSED_EACH - 1 and place not in mediated:
            site.post(f"{path}/refuse", {"reason": "Hors du territoire du site"}, key=f"{key}-no")
            day.done["referrals refused"] += 1
            continue
        accepted = site.post(f"{path}/accept", {}, key=f"{key}-yes")
        day.persons[place] = accepted["person_ref"]
        day.done["entitlements opened"] += 1


def _sell(day: Day) -> None:
    """Each person buys one to three times; one of them meets the monthly cap."""
    for place, person_ref in day.persons.items():
        site_code = day.made.people[place].site_code
        for _ in range(day.rng.randint(1, 3)):
            _sell_one(day, site_code=site_code, person_ref=person_ref)
    place, person_ref = next(iter(day.persons.items()))
    site_code = day.made.people[place].site_code
    basket = day.basket(site_code, person_ref)
    seller = day.as_("till_operator", site_code=site_code)
    over_cap = basket | {
        "lines": [{"offer_code": "sfr-15", "quantity": 13}],
        "payment": {"tender": "cash", "tendered_cents": 5_000},
    }
    day.expect_refusal("recharges.sale.cap_exceeded", seller, "recharges/v1/sales", over_cap)
    too_little = basket | {"payment": {"tender": "cash", "tendered_cents": 100}}
    day.expect_refusal(
        "recharges.payment.tendered_too_little", seller, "recharges/v1/sales", too_little
    )


def _sell_one(day: Day, *, site_code: str, person_ref: str) -> None:
    body = day.basket(site_code, person_ref)
    if day.rng.random() < 0.3:
        body["lines"].append({"offer_code": "sfr-500mo", "quantity": 1})
    seller = day.as_("till_operator", site_code=site_code)
    try:
        sale = seller.post("recharges/v1/sales", body, until_heard=_ENTITLEMENT_UNHEARD)
    except Refused as refused:
        # After many days the shelves are empty, or somebody has bought all a month allows.
        if refused.code not in ("recharges.stock.no_voucher_left", "recharges.sale.cap_exceeded"):
            raise
        day.refused[refused.code] += 1
        return
    day.count_sale(sale)


def _mediate(day: Day) -> None:
    """The three debt files, each to the plan that closes its case."""
    for number, debts in enumerate(day.made.debt_files):
        _mediate_one(day, debts, key=f"demo-case-{number}")


def _mediate_one(day: Day, debts: DebtFile, *, key: str) -> None:
    mediator = day.as_("mediator", site_code=debts.site_code)
    manager = day.as_("site_manager", site_code=debts.site_code)
    opened = mediator.post(
        "mediation/v1/cases",
        {"person_ref": day.persons[debts.person], "site_code": debts.site_code},
        key=key,
        until_heard=(*_ENTITLEMENT_UNHEARD, *_SITE_UNHEARD),
    )
    path = f"mediation/v1/cases/{opened['case_id']}"
    mediator.post(f"{path}/mandates", debts.mandate(), key=f"{key}-mandate")
    if debts.contract is not None:
        mediator.post("mediation/v1/calculators/termination-fee", debts.contract.question())
    lines: list[str] = []
    for place, line in enumerate(debts.lines):
        mediator.post("mediation/v1/calculators/limitation", line.question(on=day.made.today))
        added = mediator.post(
            f"{path}/lines", line.claim(operator=debts.operator), key=f"{key}-line-{place}"
        )
        lines.append(added["line_id"])
        day.cents["debt claimed"] += line.claimed_cents
    today = business_date(clock.now()).isoformat()
    for place, proposal in enumerate(debts.proposals):
        offer = proposal.offer(
            operator=debts.operator, line_ids=[lines[each] for each in proposal.lines]
        )
        asker = manager if proposal.override_reason else mediator
        made = asker.post(f"{path}/offers", offer, key=f"{key}-offer-{place}")
        offer_id, terms = made["offer_id"], proposal.terms
        if proposal.counter is not None:
            answer = {
                "answer": "countered",
                "answered_on": today,
                "counter": proposal.counter.body(),
            }
            countered = mediator.post(
                f"mediation/v1/offers/{offer_id}/answers", answer, key=f"{key}-counter-{place}"
            )
            offer_id, terms = countered["counter_offer_id"], proposal.counter
        accepted: dict[str, Any] = {"answer": "accepted", "answered_on": today}
        if terms.amount_cents:
            accepted["person_signed_on"] = today
        if proposal.override_reason:
            accepted["override_reason"] = proposal.override_reason
        ended = asker.post(
            f"mediation/v1/offers/{offer_id}/answers", accepted, key=f"{key}-answer-{place}"
        )
    if ended["status"] != "closed":
        raise AssertionError(f"case {opened['case_id']} is {ended['status']}, not closed")
    day.done["mediation cases closed by a plan"] += 1
    day.cents["debt agreed"] += ended["agreed_cents"]
    day.cents["debt saved"] += ended["saved_cents"]


def _report_option(day: Day) -> None:
    """Each operator partner delivers the month's report of the 1 euro option; twice is refused."""
    for report in day.made.option_reports:
        partner = day.as_("operator_partner", operator=report.operator)
        done = partner.post(
            "donations/v1/option-reports",
            report.content,
            key=f"demo-option-{report.operator}-{report.period}",
        )
        day.done["option reports"] += 1
        day.done["option lines"] += done["lines"]
        day.cents["option euros"] += done["total_cents"]
        try:
            partner.post("donations/v1/option-reports", report.content)
        except Refused as refused:
            day.refused[refused.code] += 1


def _await_knowledge(day: Day) -> dict[str, dict[str, int]]:
    """Wait, for a bounded time, until every fact has reached its hearers; say what all know."""
    await_quiet(day.stack.database_url, limit_s=HEARD_WITHIN_S)
    admin = day.as_("admin")
    sites = admin.get("accounts/v1/sites")
    stock = [
        each
        for site in sites
        for each in admin.get(f"recharges/v1/stock?site_code={site['site_code']}")
    ]
    return {
        "accounts": {
            "sites": len(sites),
            "tills": len(admin.get("recharges/v1/tills")),
        },
        "recharges": {
            "vouchers received": sum(each["received"] for each in stock),
            "vouchers sold": sum(each["sold"] for each in stock),
            "vouchers available": sum(each["available"] for each in stock),
        },
        "settlement": _ledger(admin),
    }


def _ledger(admin: Client) -> dict[str, int]:
    """The ledger's balances by account, all operators and sites together."""
    totals: dict[str, int] = defaultdict(int)
    for each in admin.get("settlement/v1/ledger")["accounts"]:
        totals[f"{each['account']} cents"] += each["balance_cents"]
        if each["account"] == "credits_sold":
            totals["vouchers sold"] += each["balance_count"]
        if each["account"] == "credits_given":
            totals["vouchers given"] += each["balance_count"]
        if each["account"] == "credits_stock":
            totals["vouchers left"] += each["balance_count"]
    return dict(totals)
