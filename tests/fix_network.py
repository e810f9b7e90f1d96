"""The fixture `network`: the demonstration's network on the session's stack, and its people.

Journeys and faults act in it through the doors its people use.  A day of the demonstration has
been played in it, so that every check of the audit has something to examine from the start.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from deploy.audit.cli import await_quiet, look
from deploy.demo.client import Client, Refused
from kernel.period import business_date
from tests.bodies import a_referral
from tests.connections import borrowed
from tests.fix_stack import RunningStack

HEARD_WITHIN_S = 60.0
POLL_S = 0.05
#: Refusals that mean: the fact has not arrived yet.
UNHEARD = (
    "recharges.entitlement.missing",
    "recharges.till.unknown",
    "equipment.entitlement.unknown",
    "equipment.site.unknown",
    "mediation.entitlement.unknown",
    "referrals.site.unknown",
)
#: A face value of 5 euros for 1.50: twenty of them reach the cap of 30 euros a month.
SMALL_OFFER, SMALL_PRICE_CENTS, SMALL_FACE_CENTS = "sfr-500mo", 150, 500
LARGE_OFFER, LARGE_PRICE_CENTS, LARGE_FACE_CENTS = "sfr-15", 250, 1_500
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def refusal(ask: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    """Ask for what a rule forbids, and return the code of the refusal."""
    with pytest.raises(Refused) as refused:
        ask(*arguments, **more)
    return refused.value.code


def eventually(holds: Callable[[], bool], *, within_s: float = HEARD_WITHIN_S) -> float:
    """Wait until something holds; return how long it took; fail when it never does."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < within_s, f"still not so after {within_s} s"
        time.sleep(POLL_S)
    return time.monotonic() - started


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """A person whom a social worker has sent to a site."""

    number: int
    name: str
    referral_id: str
    site_code: str
    referrer: Client
    #: The code and the text of the square on it.
    slip: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Network:
    """The network of a running stack, seen by the people who work in it."""

    stack: RunningStack
    sign_ins: Sequence[Mapping[str, Any]]
    opened: ExitStack
    #: Several sessions may play on one stack: each has people of its own.
    name: str = field(default_factory=lambda: "".join(secrets.choice(_LETTERS) for _ in range(8)))
    _tokens: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)
    _people: Iterator[int] = field(default_factory=lambda: iter(range(26**3)))
    _signing_in: threading.Lock = field(default_factory=threading.Lock)

    # -- who works here ------------------------------------------------------------------------

    def sign_in(
        self,
        role: str,
        *,
        site_code: str | None = None,
        operator: str | None = None,
        till_id: str | None = None,
    ) -> Mapping[str, Any]:
        """What `demo.json` says of somebody in a role, at a site or of an operator."""
        return next(
            each
            for each in self.sign_ins
            if each["role"] == role
            and site_code in (None, each["site_code"])
            and operator in (None, each["operator"])
            and till_id in (None, each.get("till_id"))
        )

    def token(self, role: str, *, site_code: str | None = None, operator: str | None = None) -> str:
        """The token of somebody in a role, who signs in once."""
        who = self.sign_in(role, site_code=site_code, operator=operator)
        with self._signing_in:
            if who["email"] not in self._tokens:
                self._tokens[who["email"]] = self.post_as_nobody(
                    "accounts/v1/sessions", {"email": who["email"], "password": who["password"]}
                )["token"]
        return self._tokens[who["email"]]

    def as_(
        self, role: str, *, site_code: str | None = None, operator: str | None = None
    ) -> Client:
        """The client of somebody in a role."""
        token = self.token(role, site_code=site_code, operator=operator)
        with self._signing_in:
            if token not in self._clients:
                self._clients[token] = self.client(token)
        return self._clients[token]

    def client(self, token: str | None = None) -> Client:
        """A client with any token, or none, closed at the end of the session."""
        made = Client(self.stack.web, token=token)
        self.opened.callback(made.close)
        return made

    def post_as_nobody(self, path: str, body: dict[str, Any]) -> Any:
        door = Client(self.stack.web)
        try:
            return door.post(path, body)
        finally:
            door.close()

    def till(self, site_code: str) -> str:
        """The till of the first operator of a site."""
        return str(self.sign_in("till_operator", site_code=site_code)["till_id"])

    # -- who comes -----------------------------------------------------------------------------

    def refer(
        self, *, site_code: str, again: Referred | None = None, given_name: str = "Camille"
    ) -> Referred:
        """A social worker sends a person, one never seen before unless they are sent again."""
        number = next(self._people) if again is None else again.number
        letters = "".join(_LETTERS[number // 26**place % 26] for place in range(3))
        person = {
            "given_name": f"{given_name} {letters}",
            "family_name": f"Fictif {self.name}",
            "birth_date": (date(1950, 1, 1) + timedelta(days=number)).isoformat(),
        }
        body = a_referral(site_code=site_code, person=person)
        referrer = self.as_("referrer", site_code=site_code)
        made = referrer.post("referrals/v1/referrals", body, until_heard=UNHEARD)
        return Referred(
            number=number,
            name=f"{person['given_name']} {person['family_name']}",
            referral_id=made["referral_id"],
            site_code=site_code,
            referrer=referrer,
            slip={name: made[name] for name in ("code", "qr")},
        )

    def accept(self, referred: Referred) -> Any:
        """The site takes the person in; gives the answer with the entitlement."""
        manager = self.as_("site_manager", site_code=referred.site_code)
        return manager.post(f"referrals/v1/referrals/{referred.referral_id}/accept", {})

    def take_in(self, referred: Referred) -> str:
        """The site takes the person in, and recharges hears of it; gives their name there."""
        person_ref = str(self.accept(referred)["person_ref"])
        heard = "SELECT count(*) FROM recharges.entitlement WHERE person_ref = %s"
        eventually(lambda: self.number(heard, person_ref) == 1)
        return person_ref

    def entitle(self, *, site_code: str) -> str:
        """A person who may buy; gives the name other services know them by."""
        return str(self.accept(self.refer(site_code=site_code))["person_ref"])

    def entitle_many(self, count: int, *, site_codes: Sequence[str]) -> list[str]:
        """Many people at once, of whom recharges has heard."""
        sites = [site_codes[number % len(site_codes)] for number in range(count)]
        for site_code in site_codes:
            self.token("referrer", site_code=site_code)
            self.token("site_manager", site_code=site_code)
        with ThreadPoolExecutor(6) as pool:
            people = list(pool.map(lambda site_code: self.entitle(site_code=site_code), sites))
        eventually(
            lambda: (
                self.number(
                    "SELECT count(*) FROM recharges.entitlement WHERE person_ref = ANY(%s::uuid[])",
                    people,
                )
                == count
            )
        )
        return people

    # -- what they buy -------------------------------------------------------------------------

    def basket(
        self,
        person_ref: str,
        *,
        till_id: str,
        offer_code: str = LARGE_OFFER,
        quantity: int = 1,
        tendered_cents: int = 5_000,
    ) -> dict[str, Any]:
        """The body of POST recharges/v1/sales."""
        return {
            "till_id": till_id,
            "person_ref": person_ref,
            "lines": [{"offer_code": offer_code, "quantity": quantity}],
            "payment": {"tender": "cash", "tendered_cents": tendered_cents},
        }

    def sell(self, person_ref: str, *, site_code: str, **basket: Any) -> Any:
        """A sale at the first till of a site, once recharges has heard of the person."""
        body = self.basket(person_ref, till_id=self.till(site_code), **basket)
        return self.as_("till_operator", site_code=site_code).post(
            "recharges/v1/sales", body, until_heard=UNHEARD
        )

    def write_delivery(
        self,
        folder: Path,
        *,
        site_code: str,
        count: int,
        offer_code: str = SMALL_OFFER,
        face_value_cents: int = SMALL_FACE_CENTS,
    ) -> "Delivery":
        """An operator sends vouchers that nobody has seen before."""
        use_by = (business_date(clock.now()) + timedelta(days=400)).isoformat()
        pins = {f"{secrets.randbelow(10**14):014d}" for _ in range(count)}
        assert len(pins) == count
        first = secrets.randbelow(10**11) * 10_000
        lines = [
            f"{first + place};{pin};{offer_code};{face_value_cents};{use_by}"
            for place, pin in enumerate(pins)
        ]
        file = folder / f"vouchers-{first}.csv"
        file.write_text("\n".join(["serial;pin;offer_code;face_value_cents;use_by", *lines, ""]))
        return Delivery(
            file=file,
            batch=f"SFR-{first}",
            site_code=site_code,
            pins=frozenset(pins),
            face_value_cents=count * face_value_cents,
        )

    def deliver(self, folder: Path, **what: Any) -> "Delivery":
        """A stock keeper imports an operator's vouchers with the command."""
        delivery = self.write_delivery(folder, **what)
        done = self.stack.relais(*delivery.words())
        assert done.returncode == 0, done.stdout + done.stderr
        return delivery

    # -- what became of it ---------------------------------------------------------------------

    def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """What an administrator sees in the database."""
        with borrowed(self.stack.database_url) as connection:
            return connection.execute(query.encode(), arguments or None).fetchall()

    def number(self, query: str, *arguments: Any) -> int:
        """The one number of a query."""
        [row] = self.rows(query, *arguments)
        [value] = row.values()
        return int(value)

    def settled(self) -> None:
        """Wait until every fact told has been handled by all who hear it."""
        assert await_quiet(self.stack.database_url, limit_s=HEARD_WITHIN_S)

    def ledger(self, *, site_code: str, operator: str = "sfr") -> dict[str, tuple[int, int]]:
        """What the ledger says of a site: cents and items by account."""
        accounts = self.as_("admin").get(
            f"settlement/v1/ledger?operator={operator}&site_code={site_code}"
        )["accounts"]
        return {
            each["account"]: (each["balance_cents"], each["balance_count"]) for each in accounts
        }

    def audit(self) -> None:
        """See that the audit finds every invariant kept, and something in every check."""
        found = look(self.stack.home, wait_s=HEARD_WITHIN_S)
        assert [each for each in found if not each.ok] == []


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An operator's voucher file, with what its delivery note says."""

    file: Path
    batch: str
    site_code: str
    pins: frozenset[str]
    face_value_cents: int

    def words(self) -> list[str]:
        """The command that imports it."""
        return [
            *("recharges", "import-vouchers", str(self.file)),
            *("--operator", "sfr", "--batch", self.batch, "--site", self.site_code),
            *("--count", str(len(self.pins)), "--face-value-cents", str(self.face_value_cents)),
        ]


@pytest.fixture(scope="session")
def network(stack: RunningStack) -> Iterator[Network]:
    """Loads the demonstration network into the stack once, and plays one day in it."""
    played = stack.relais("demo", "--json")
    assert played.returncode == 0, played.stdout + played.stderr
    with ExitStack() as opened:
        made = Network(
            stack=stack, sign_ins=json.loads(stack.home.demo_file.read_text()), opened=opened
        )
        made.audit()
        yield made
