"""What a handler cannot digest is parked with its reason, shown, replayed or discarded."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.fix_network import Network, eventually, refusal
from tests.journeys.bus import facts_told, parked, say

pytestmark = pytest.mark.journey

SITE = "saint-denis"
SALE = "recharges.sale.completed.v1"
LEDGER = "settlement.on_sale_completed"
VISITS = "referrals.on_sale_completed"
#: A second or so, on a machine that may be busy with other things.
FLOWS_ON_WITHIN_S = 5.0


def envelope(**changed: Any) -> bytes:
    """A fact of a sale that never was."""
    attributes = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/relais/recharges",
        "type": SALE,
        "subject": str(uuid.uuid4()),
        "time": "2026-11-22T09:30:00Z",
        "siteid": SITE,
        "sequence": "1",
        "data": {},
    }
    return json.dumps(attributes | changed).encode()


def a_sale(**changed: Any) -> dict[str, Any]:
    """The data of such a fact."""
    line = {
        "offer_code": "sfr-15",
        "operator": "sfr",
        "quantity": 1,
        "price_cents": 250,
        "face_value_cents": 1_500,
    }
    return {
        "sale_id": str(uuid.uuid4()),
        "person_ref": str(uuid.uuid4()),
        "business_date": "2026-11-22",
        "tender": "cash",
        "total_cents": 250,
        "lines": [line],
    } | changed


#: What nobody can digest, and the reason under which it is parked.
INDIGESTIBLE = (
    (b"this is no JSON", "malformed"),
    (b"\x00\xff\x00", "malformed"),
    (b"[]", "malformed"),
    (envelope(specversion="9"), "malformed"),
    (envelope(type="recharges.sale.invented.v1"), "unknown_type"),
    (envelope(data={"total_cents": "much"}), "unreadable"),
    (envelope(data=a_sale(total_cents=10**30)), "crashed"),
)


def in_ledger(network: Network, sale_id: str) -> int:
    """How often a sale stands in the ledger."""
    return network.number("SELECT count(*) FROM settlement.entry WHERE document = %s", sale_id)


def settle(network: Network, verb: str, delivery_id: str) -> Any:
    """`relais parked replay` or `discard`."""
    done = network.stack.relais("parked", verb, delivery_id, "--why", "a test", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def count_parked(network: Network) -> int:
    """How many deliveries wait for a person, without the start of a command."""
    return network.number(
        "SELECT (SELECT count(*) FROM settlement.parked_delivery WHERE state = 'parked')"
        " + (SELECT count(*) FROM referrals.parked_delivery WHERE state = 'parked')"
    )


@pytest.fixture
def nothing_parked(network: Network) -> Iterator[None]:
    assert count_parked(network) == 0
    yield
    with psycopg.connect(network.stack.database_url, autocommit=True) as admin:
        for service in ("settlement", "referrals"):
            admin.execute(
                f"UPDATE {service}.parked_delivery SET state = 'discarded', settled_at = now()"
                " WHERE state = 'parked'".encode()
            )


@contextmanager
def forbidden(network: Network, *, table: str, role: str) -> Iterator[None]:
    """A role that lacks a right, as after a migration that forgot to grant it."""
    with psycopg.connect(network.stack.database_url, autocommit=True) as admin:
        admin.execute(f"REVOKE INSERT ON {table} FROM {role}".encode())
        try:
            yield
        finally:
            admin.execute(f"GRANT INSERT ON {table} TO {role}".encode())


@pytest.mark.usefixtures("nothing_parked")
class TestDelivery:
    def test_that_cannot_be_digested_is_parked_and_the_rest_flows_on(
        self, network: Network
    ) -> None:
        person_ref = network.entitle(site_code=SITE)
        network.settled()
        for body, _ in INDIGESTIBLE:
            say(network.stack.amqp_url, body, to=LEDGER, exchange="")
        sale = network.sell(person_ref, site_code=SITE)
        eventually(lambda: in_ledger(network, sale["sale_id"]) == 1, within_s=FLOWS_ON_WITHIN_S)
        eventually(lambda: count_parked(network) == len(INDIGESTIBLE))
        rows = parked(network)
        assert {(row["consumer"], row["state"]) for row in rows} == {(LEDGER, "parked")}
        assert Counter(row["reason"] for row in rows) == Counter(why for _, why in INDIGESTIBLE)
        assert all(row["detail"] for row in rows)
        network.audit()

    def test_is_parked_once_by_each_who_hears_it(self, network: Network) -> None:
        for _ in range(3):
            say(network.stack.amqp_url, b"this is no JSON", to=SALE)
        say(network.stack.amqp_url, b"and this is the last", to=SALE)
        eventually(lambda: count_parked(network) == 4)
        found = Counter(row["consumer"] for row in parked(network))
        assert found == {LEDGER: 2, VISITS: 2}

    def test_is_discarded_with_who_and_why(self, network: Network) -> None:
        say(network.stack.amqp_url, b"this is no JSON", to=LEDGER, exchange="")
        eventually(lambda: count_parked(network) == 1)
        [row] = parked(network)
        shown = network.stack.relais("parked", "show", row["id"], "--json")
        assert json.loads(shown.stdout)["body"] == "this is no JSON"
        assert settle(network, "discard", row["id"])["state"] == "discarded"
        kept = next(each for each in parked(network, "--all") if each["id"] == row["id"])
        assert (kept["state"], kept["settled_why"]) == ("discarded", "a test")
        again = network.stack.relais("parked", "discard", row["id"])
        assert again.returncode == 1
        assert "Traceback" not in again.stderr

    def test_is_settled_at_the_door_of_its_service_once_for_each_key(
        self, network: Network
    ) -> None:
        say(network.stack.amqp_url, b"this is no JSON", to=LEDGER, exchange="")
        eventually(lambda: count_parked(network) == 1)
        admin = network.as_("admin")
        [row] = admin.get("settlement/v1/parked")
        assert (row["consumer"], row["body"]) == (LEDGER, "this is no JSON")
        assert admin.get("settlement/v1/backlog")["parked"] == 1
        path, key = f"settlement/v1/parked/{row['parked_id']}", f"settle-{row['parked_id']}"
        given_up = admin.post(f"{path}/discard", {"why": "a test"}, key=key)
        assert admin.post(f"{path}/discard", {"why": "a test"}, key=key) == given_up
        me = admin.get("accounts/v1/me")["user_id"]
        assert (given_up["state"], given_up["settled_by"]) == ("discarded", me)
        assert refusal(admin.post, f"{path}/replay", {}) == "relais.parked.settled"
        assert admin.get("settlement/v1/parked") == []
        assert given_up in admin.get(
            f"settlement/v1/parked?settled=true&after={row['parked_id'] - 1}"
        )

    def test_whose_cause_is_mended_is_replayed_and_takes_effect_once(
        self, network: Network
    ) -> None:
        person_ref = network.entitle(site_code=SITE)
        network.settled()
        with forbidden(network, table="settlement.entry", role="settlement"):
            sale = network.sell(person_ref, site_code=SITE)
            eventually(lambda: count_parked(network) == 1)
            [row] = parked(network)
            [fact] = facts_told(network, "recharges", "subject = %s", sale["sale_id"])
            assert (row["consumer"], row["event_id"]) == (LEDGER, str(fact.id))
            assert (row["reason"], row["type"]) == ("crashed", SALE)
            # The audit sees what is missing.
            found = network.stack.relais("audit", "--json", "--wait", "0")
            assert found.returncode == 1
            broken = {each["name"] for each in json.loads(found.stdout)["checks"] if each["broken"]}
            assert "every_fact_was_handled_once_by_its_hearers" in broken
            assert "each_sale_is_in_the_ledger_once" in broken
            # Too early: it is parked again, beside the one that was replayed.
            settle(network, "replay", row["id"])
            eventually(lambda: count_parked(network) == 1)
            [again] = parked(network)
            assert again["id"] != row["id"]
            assert again["event_id"] == row["event_id"]
        settle(network, "replay", again["id"])
        eventually(lambda: in_ledger(network, sale["sale_id"]) == 1)
        assert count_parked(network) == 0
        network.audit()
