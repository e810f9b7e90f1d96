"""What a person does with a delivery that failed for good."""

import json
import time
from typing import Any

import pytest

from chassis import parking
from deploy import command
from tests.chassis.bus import ON_SALE, SALE, Bus, a_fact, eventually
from tests.chassis.hearing import handle


class Desk:
    """The commands of `relais parked`, as a person at a terminal runs them."""

    def __init__(self, bus: Bus, terminal: pytest.CaptureFixture[str]) -> None:
        self.bus = bus
        self._terminal = terminal

    def run(self, *words: str, fails: bool = False) -> str:
        self._terminal.readouterr()
        with pytest.raises(SystemExit) as end:
            command.main(["parked", *words])
        said, complained = self._terminal.readouterr()
        assert end.value.code == (1 if fails else 0), complained
        return complained if fails else said

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def empty_desk(
    bus: Bus, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setenv("RELAIS_ADMIN_DATABASE_URL", bus.database_url)
    monkeypatch.setenv("AMQP_URL", bus.amqp_url)
    monkeypatch.setenv("COLUMNS", "200")
    return Desk(bus, capsys)


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """A desk with one delivery on it: number 1 failed because the gate was closed."""
    bus = empty_desk.bus
    bus.declare()
    bus.put_facts([a_fact(1, do="need gate")])
    with bus.receiving(bus.listener(handle).receiver):
        eventually(lambda: len(bus.parked()) == 1)
    return empty_desk


def open_gate(bus: Bus) -> None:
    with bus.database("settlement").transaction() as tx:
        tx.execute("INSERT INTO gate VALUES (true)")


class TestList:
    def test_shows_what_is_parked_in_every_service(self, desk: Desk) -> None:
        [row] = desk.json("list")
        [parked] = desk.bus.parked()

        assert row["id"] == f"settlement:{parked['parked_id']}"
        assert (row["consumer"], row["type"], row["reason"]) == (ON_SALE, SALE, "crashed")
        assert row["event_id"] == str(parked["event_id"])
        assert row["detail"] == "LookupError: the gate is closed for number 1"
        assert row["id"] in desk.run("list")

    def test_says_so_when_nothing_is(self, empty_desk: Desk) -> None:
        assert empty_desk.json("list") == []
        assert "Nothing is parked." in empty_desk.run("list")


class TestShow:
    def test_shows_the_body(self, desk: Desk) -> None:
        [row] = desk.json("list")

        shown = desk.json("show", row["id"])

        assert json.loads(shown["body"])["data"] == {"number": 1, "do": "need gate"}
        assert "need gate" in desk.run("show", row["id"])

    @pytest.mark.parametrize("name", ["settlement:999", "settlement:x", "nobody:1", "1", ":", "²"])
    def test_of_an_unknown_one_is_a_sentence(self, desk: Desk, name: str) -> None:
        assert f"no delivery is parked as {name}" in desk.run("show", name, fails=True)


class TestReplay:
    def test_has_its_effect_once(self, desk: Desk) -> None:
        open_gate(desk.bus)
        [row] = desk.json("list")

        desk.run("replay", row["id"], "--why", "the gate is open now", "--by", "jeanne")
        with desk.bus.receiving(desk.bus.listener(handle).receiver):
            eventually(lambda: desk.bus.effects() == 1)

        assert desk.bus.endings() == {"applied": 1}
        [parked] = desk.bus.parked()
        assert (parked["state"], parked["settled_by"]) == ("replayed", "jeanne")
        assert parked["settled_why"] == "the gate is open now"
        assert desk.json("list") == []
        assert len(desk.json("list", "--all")) == 1

    def test_twice_is_refused(self, desk: Desk) -> None:
        [row] = desk.json("list")
        desk.run("replay", row["id"])

        assert "was replayed by" in desk.run("replay", row["id"], fails=True)
        assert desk.bus.depth(ON_SALE) == 1

    def test_of_one_that_was_applied_meanwhile_changes_nothing(self, desk: Desk) -> None:
        open_gate(desk.bus)
        [parked] = desk.bus.parked()
        desk.bus.put(bytes(parked["body"]))  # the relay's duplicate came after the gate was open
        with desk.bus.receiving(desk.bus.listener(handle).receiver):
            eventually(lambda: desk.bus.effects() == 1)
            [row] = desk.json("list")
            desk.run("replay", row["id"])
            eventually(lambda: desk.bus.depth(ON_SALE) == 0)

        assert desk.bus.effects() == 1

    def test_that_fails_again_is_parked_again(self, desk: Desk) -> None:
        [row] = desk.json("list")

        with desk.bus.receiving(desk.bus.listener(handle).receiver):
            desk.run("replay", row["id"])
            eventually(lambda: len(desk.bus.parked()) == 2)

        assert [row["state"] for row in desk.bus.parked()] == ["replayed", "parked"]

    def test_that_fails_before_it_is_settled_is_parked_again_all_the_same(self, desk: Desk) -> None:
        bus = desk.bus
        [parked] = bus.parked()
        with bus.receiving(bus.listener(handle).receiver):
            with bus.database("settlement").transaction() as tx:
                row = parking.lock(tx, parked["parked_id"])
                assert row
                bus.put(bytes(row["body"]))
                time.sleep(0.5)  # long enough for the handler to fail again
                parking.settle(tx, row["parked_id"], state="replayed", who="jeanne", why="")
            eventually(lambda: len(bus.parked()) == 2)

    def test_into_a_queue_that_is_gone_leaves_it_parked(self, desk: Desk) -> None:
        with desk.bus.database("settlement").transaction() as tx:
            tx.execute("UPDATE parked_delivery SET consumer = 'settlement.long_gone'")
        [row] = desk.json("list")

        said = desk.run("replay", row["id"], fails=True)

        assert "There is no queue settlement.long_gone any more" in said
        assert [row["state"] for row in desk.bus.parked()] == ["parked"]


class TestDiscard:
    def test_keeps_who_and_why(self, desk: Desk) -> None:
        [row] = desk.json("list")

        desk.run("discard", row["id"], "--why", "sent by mistake", "--by", "jeanne")

        [parked] = desk.bus.parked()
        assert (parked["state"], parked["settled_by"], parked["settled_why"]) == (
            "discarded",
            "jeanne",
            "sent by mistake",
        )
        assert "was discarded by jeanne" in desk.run("replay", row["id"], fails=True)
        assert desk.bus.depth(ON_SALE) == 0
