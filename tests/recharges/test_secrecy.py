"""A day is played and everything that is left of it is searched: no PIN but in the sale's answer.

What is searched: the database as pg_dump writes it, every message on the bus, the logs of the
service and of PostgreSQL, what commands print, what the card service keeps, settings written out,
and every answer but those that are there to show a PIN: sales in cash and by card, and a reprint.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import SecretStr

from chassis import openapi, topology
from chassis.broker import Broker, Delivery
from chassis.settings import Settings
from chassis.topology import Topology
from deploy import contracts
from deploy.local.home import ROOT
from services.recharges.seal import PinSeal
from services.recharges.settings import RechargesSettings
from tests.chassis.bus import eventually
from tests.fix_service import bearer, environment_of, keyed
from tests.fix_stack import FreshSchema, Schema, Servers
from tests.recharges.build import SITE, a_file, a_row, rows
from tests.recharges.cards import a_card_order
from tests.recharges.cards import told as told_of
from tests.recharges.door import SELLER, Door, an_order, committed, open_door
from tests.recharges.shop import JOURNAL_KEYS, PIN_KEYS
from tests.recharges.test_offline_door import Till
from tests.stripe.standin import StandIn, playing

ADMIN = bearer("admin", SITE)
#: Nobody is made to pass these; each stands for a fault in the middle of a transaction.
BROKEN_SALE = "ALTER TABLE sale_line ADD CONSTRAINT broken CHECK (quantity < 0) NOT VALID"
BROKEN_IMPORT = "ALTER TABLE voucher ADD CONSTRAINT broken CHECK (position < 3) NOT VALID"


@dataclass(kw_only=True)
class Day:
    """What a day left behind, by where it was found, and the lines of its deliveries."""

    lines: list[dict[str, str]] = field(default_factory=list)
    left: dict[str, bytes] = field(default_factory=dict)
    revealed: list[str] = field(default_factory=list)

    def leave(self, where: str, what: str | bytes) -> None:
        raw = what.encode() if isinstance(what, str) else what
        self.left[where] = self.left.get(where, b"") + raw + b"\n"

    def found(self, where: str) -> list[str]:
        """The PINs in clear there, or in hexadecimal, or in base64 at whatever place."""
        text = self.left[where]
        return [
            line["pin"]
            for line in self.lines
            if any(written in text for written in written_forms(line["pin"].encode()))
        ]


def written_forms(pin: bytes) -> Iterator[bytes]:
    yield pin
    yield pin.hex().encode()
    for before in range(3):
        coded = base64.b64encode(bytes(before) + pin)
        # What comes before and after the PIN changes the signs at its ends.
        yield coded[(0, 2, 3)[before] : -4]


def run(schema: Schema, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.command", *words],
        cwd=ROOT,
        env=environment_of(schema, RELAIS_PIN_KEYS=PIN_KEYS, RELAIS_HOME=str(home)),
        capture_output=True,
        text=True,
        timeout=120,
    )


@contextlib.contextmanager
def stderr_into(file: int) -> Iterator[None]:
    """Let the processes started in the block write their log there: they inherit descriptor 2."""
    before = os.dup(2)
    os.dup2(file, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


@contextlib.contextmanager
def broken(schema: Schema, statement: str) -> Iterator[None]:
    """A fault in the database for as long as the block lasts."""
    table = statement.split()[2]
    with psycopg.connect(
        schema.admin_url, autocommit=True, options="-c search_path=recharges"
    ) as admin:
        admin.execute(statement.encode())
        yield
        admin.execute(f"ALTER TABLE {table} DROP CONSTRAINT broken".encode())


def play_imports(day: Day, schema: Schema, home: Path) -> None:
    def bring(name: str, lines: list[dict[str, str]], *, exit_code: int = 0) -> None:
        file = home / f"{name}.csv"
        file.write_bytes(a_file(lines))
        words = ("--operator", "sfr", "--site", SITE, "--batch", name)
        ran = run(schema, home, "recharges", "import-vouchers", str(file), *words)
        file.unlink()
        assert ran.returncode == exit_code, ran.stderr
        day.lines += lines
        day.leave("what commands print", ran.stdout + ran.stderr)

    good = rows(12, use_by="2035-06-30")
    bring("good", good)
    bring("PIN known", [*rows(2), a_row(pin=good[3]["pin"])], exit_code=1)
    bring("PIN twice", [a_row(pin="55554444333322") for _ in range(2)], exit_code=1)
    bring("PIN malformed", [a_row(pin="98765432109876 !")], exit_code=1)
    with broken(schema, BROKEN_IMPORT):
        bring("database broken", rows(9), exit_code=1)
    assert "Traceback" in day.left["what commands print"].decode()


def play_sales(day: Day, door: Door, till: UUID, person: UUID) -> None:
    order, key = an_order(till, person, quantity=2), str(uuid4())
    for _ in range(2):  # the reveal, and the retry of a till that lost the answer
        answer = door.sell(order, key=key)
        assert answer.status_code == 201, answer.text
        day.revealed.append(answer.text)
    sale_id = answer.json()["sale_id"]
    day.leave("answers", door.sell(an_order(till, person, quantity=9), key=key).text)
    day.leave("answers", door.sell(an_order(till, person, tendered_cents=1)).text)
    day.leave("answers", door.sell(an_order(uuid4(), person)).text)
    with broken(door.schema, BROKEN_SALE):
        answer = door.sell(an_order(till, person))
        assert answer.status_code == 500
        day.leave("answers", answer.text)
    with committed(door.schema) as shop:
        damaged = shop.all(
            "UPDATE voucher SET pin_sealed = pin_sealed || '\\x00'::bytea"
            " WHERE position = 3 RETURNING pin_sealed"
        )
    answer = door.sell(an_order(till, person))
    assert (len(damaged), answer.status_code) == (1, 500)
    day.leave("answers", answer.text)
    day.leave("answers", door.get(f"/v1/sales/{sale_id}").text)


def play_cards(day: Day, door: Door, stand_in: StandIn, till: UUID, person: UUID) -> None:
    asked = door.sell(a_card_order(till, person))
    assert asked.status_code == 202, asked.text
    day.leave("answers", asked.text)
    intent_id, path = asked.json()["payment"]["intent_id"], f"/v1/sales/{asked.json()['sale_id']}"
    day.leave("answers", door.client.post(f"{path}/reveals", json={}, headers=keyed(SELLER)).text)
    stand_in.control(f"payment_intents/{intent_id}/pay", payment_method="pm_card_visa")
    eventually(lambda: door.get(path).json()["state"] == "completed", within_s=30.0)
    shown = door.client.post(f"{path}/reveals", json={}, headers=keyed(SELLER))
    assert shown.status_code == 201, shown.text
    day.revealed.append(shown.text)
    day.leave("answers", door.get(path).text)
    day.leave("answers", door.client.post(f"{path}/reveals", json={}, headers=keyed(SELLER)).text)


def play_without_the_line(day: Day, door: Door) -> None:
    """A device takes vouchers along: their PINs are in its answer, boxed."""
    till = Till(door.schema)
    with committed(door.schema) as shop:
        person = shop.entitle()
    taken = till.take(door.client, 2, person)
    lines = till.sell(till.device.take(taken), person, 1)
    day.leave("answers", json.dumps([taken, lines, till.upload(door.client, lines)]))


def play_papers(day: Day, door: Door, sale_id: str) -> None:
    path = f"/v1/sales/{sale_id}"
    for format in ("html", "escpos", "sms"):
        looked_at = door.get(f"{path}/ticket", format=format)
        assert looked_at.is_success, looked_at.text
        day.leave("answers", looked_at.content)
    again = {"reason": "illisible", "format": "sms"}
    printed = door.client.post(f"{path}/reprints", json=again, headers=keyed(ADMIN))
    assert printed.status_code == 201, printed.text
    day.revealed.append(printed.text)
    day.leave("answers", door.get(f"{path}/reveals", as_=ADMIN).text)


def play_looking(day: Day, door: Door) -> None:
    """Ask every route that only shows, as somebody who may."""
    shown = set()
    for route, _ in openapi.routes(contracts.service_class("recharges")):
        method, path = route.route.split()
        if method == "GET" and "<" not in path:
            for query in ({}, {"site_code": SITE}):
                answer = door.get(path, as_=ADMIN, **query)
                day.leave("answers", answer.text)
                shown |= {path} if answer.is_success else set()
    assert len(shown) >= 3
    for page in ("openapi.json", "metrics", "readyz"):
        day.leave("answers", door.client.get(f"/{page}").text)


def dump(schema: Schema) -> str:
    program = shutil.which("pg_dump") or max(glob("/usr/lib/postgresql/*/bin/pg_dump"))
    words = ["--inserts", "--schema=recharges", schema.admin_url]
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def messages(broker: Broker, queues: Iterable[str]) -> str:
    heard: list[Delivery] = []
    for queue in queues:
        broker.consume(queue, prefetch=100, on_delivery=heard.append)
    eventually(lambda: bool(broker.drain(0.5) or len(heard) >= 2), within_s=30.0)
    return "\n".join(each.body.decode() for each in heard)


@pytest.fixture(scope="module")
def day(
    fresh_schema: FreshSchema,
    servers: Servers,
    amqp_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Day:
    """A day at a shop: deliveries, sales, faults, the keys turned, sales again."""
    schema, home, played = fresh_schema("recharges"), tmp_path_factory.mktemp("home"), Day()
    log = home / "recharges.log"
    plan = Topology.read()
    with committed(schema) as shop:
        shop.open_site()
        till, person = shop.enrol_till(), shop.entitle(cap_cents=100_000)
    play_imports(played, schema, home)
    with Broker(amqp_url, name="test") as broker, log.open("wb") as written:
        topology.declare(broker, plan, settings=Settings.model_construct())
        parts = {"AMQP_URL": amqp_url, "RELAIS_PARTS": "http,consume,relay"}
        with (
            playing(home) as stand_in,
            stderr_into(written.fileno()),
            open_door(schema, **parts, **told_of(stand_in)) as door,
        ):
            play_sales(played, door, till, person)
            play_papers(played, door, json.loads(played.revealed[0])["sale_id"])
            play_cards(played, door, stand_in, till, person)
            play_without_the_line(played, door)
            play_looking(played, door)
            with committed(schema) as shop:  # mended, or the keys could not be turned
                shop.tx.execute(
                    "UPDATE voucher SET pin_sealed = substr(pin_sealed, 1, length(pin_sealed) - 1)"
                    " WHERE position = 3"
                )
            turned = run(schema, home, "keys", "rotate", "--json")
            assert json.loads(turned.stdout)["left"] == 0, turned.stderr
            played.leave("what commands print", turned.stdout + turned.stderr)
            answer = door.sell(an_order(till, person))
            assert answer.status_code == 201, answer.text
            played.revealed.append(answer.text)
            told = ("recharges.sale.completed.v1", "recharges.batch.received.v1")
            queues = {queue for type_ in told for queue in plan.subscriptions[type_]}
            played.leave("messages", messages(broker, queues))
    for each in home.glob("stripe.sqlite3*"):
        played.leave("the card service", each.read_bytes())
    played.leave("the service's log", log.read_bytes())
    played.leave("the dump of the database", dump(schema))
    for each in servers.home.path.glob("log/*.log"):
        played.leave("the servers' logs", each.read_bytes())
    return played


PLACES = (
    "answers",
    "the card service",
    "messages",
    "the dump of the database",
    "the service's log",
    "the servers' logs",
    "what commands print",
)


class TestPins:
    @pytest.mark.parametrize("place", PLACES)
    def test_are_in_clear_nowhere(self, day: Day, place: str) -> None:
        assert sorted(day.left) == sorted(PLACES)
        assert len(day.left[place]) > 100
        assert day.found(place) == []

    def test_are_in_the_sale_s_answers_and_found_there_by_the_same_search(self, day: Day) -> None:
        day.left["reveals"] = "\n".join(day.revealed).encode()
        try:
            shown = [*day.lines[:3], day.lines[11]]  # cards take from the end of a lot
            assert day.found("reveals") == [line["pin"] for line in shown]
            first, retry, *_ = day.revealed
            assert first == retry
        finally:
            del day.left["reveals"]

    @pytest.mark.parametrize(
        "written", [bytes.hex, lambda pin: base64.b64encode(b"ab" + pin).decode()]
    )
    def test_would_be_found_in_another_form(self, written: Callable[[bytes], str]) -> None:
        line = a_row()
        day = Day(lines=[line], left={"here": f"x{written(line['pin'].encode())}x".encode()})

        assert day.found("here") == [line["pin"]]

    def test_were_at_stake_when_things_broke(self, day: Day) -> None:
        log = day.left["the service's log"].decode()

        assert "CheckViolation" in log
        assert "InvalidTag" in log
        assert "CheckViolation" in day.left["what commands print"].decode()


class TestKeys:
    def test_are_in_no_dump_of_settings_and_of_no_seal(self) -> None:
        seal = PinSeal(PIN_KEYS)
        read = RechargesSettings.model_construct(
            relais_pin_keys=SecretStr(PIN_KEYS), relais_journal_keys=SecretStr(JOURNAL_KEYS)
        )
        written = [
            *(repr(read), str(read), str(read.model_dump()), read.model_dump_json()),
            *(repr(seal), str(seal), repr(seal.new_key("d1"))),
        ]

        for secret in (PIN_KEYS, JOURNAL_KEYS):
            key = secret.partition(":")[2].rstrip("=")
            raw = base64.urlsafe_b64decode(key + "=")
            assert [each for each in written if key in each or raw.hex() in each] == []

    @pytest.mark.parametrize("place", PLACES)
    def test_are_nowhere_in_clear(self, day: Day, place: str) -> None:
        key = PIN_KEYS.partition(":")[2].rstrip("=")
        raw = base64.urlsafe_b64decode(key + "=")

        for form in (key.encode(), raw, raw.hex().encode(), base64.b64encode(raw)):
            assert form not in day.left[place]
