"""The bus says things twice, thrice and backwards; nobody is the wiser for it."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from chassis.topology import Topology, service_of
from deploy.local.processes import present, services_of
from kernel.envelope import Envelope
from tests.fix_network import Network, eventually, refusal
from tests.journeys.bus import cut_off, endings, facts_told, say_all

pytestmark = pytest.mark.journey

SITE = "saint-denis"
SALE, REFUND = "recharges.sale.completed.v1", "recharges.sale.refunded.v1"
COUNTED, CLOSED = "recharges.drawer.closed.v1", "recharges.till.closed.v1"
SHUFFLED_OF_EACH_TYPE_MAX = 50
A_FEW_OF_EACH_TYPE = (
    "event_id IN (SELECT event_id"
    " FROM (SELECT event_id, row_number() OVER (PARTITION BY type ORDER BY random()) AS place"
    " FROM {service}.outbox) AS each WHERE place <= {limit})"
)
ENTITLED, RENEWED = "referrals.entitlement.opened.v1", "referrals.entitlement.renewed.v1"
ENROLLED, REVOKED = "accounts.device.enrolled.v1", "accounts.device.revoked.v1"
#: Everything that services know by hearing of it.
PROJECTIONS = (
    "settlement.entry",
    "settlement.transfer",
    "settlement.day_total",
    "settlement.anchor",
    "recharges.site",
    "recharges.till",
    "recharges.entitlement",
    "recharges.person_merge",
    "recharges.person_alias",
    "referrals.site",
    "referrals.told_user",
    "referrals.first_visit",
    "referrals.told_case",
    "referrals.erasure_receipt",
    "mediation.entitlement",
    "mediation.person_merge",
    "mediation.person_alias",
    "equipment.entitlement",
    "equipment.person_merge",
    "equipment.person_alias",
    "equipment.site",
)


def knowledge(network: Network) -> dict[str, str]:
    """A digest of each projection."""
    digest = "SELECT md5(string_agg(row::text, '' ORDER BY row::text)) AS digest FROM {} AS row"
    return {table: network.rows(digest.format(table))[0]["digest"] for table in PROJECTIONS}


def duplicates(network: Network, consumers: Iterable[str]) -> Counter[str]:
    """How many deliveries each consumer has recognised as handled before."""
    return Counter(
        {
            consumer: endings(network, service_of(consumer), consumer=consumer).get("duplicate", 0)
            for consumer in consumers
        }
    )


def tell_again(network: Network, facts: Sequence[Envelope]) -> None:
    """Tell facts to all who hear them, and wait until each of those has recognised them."""
    subscriptions = Topology.read().subscriptions
    owed = Counter(queue for fact in facts for queue in subscriptions.get(fact.type, ()))
    before = duplicates(network, owed)
    say_all(network.stack.amqp_url, [(fact.type, fact.to_json()) for fact in facts])
    eventually(lambda: duplicates(network, owed) == before + owed)


class TestFact:
    def test_delivered_thrice_has_one_effect(self, network: Network) -> None:
        sale = network.sell(network.entitle(site_code=SITE), site_code=SITE)
        network.settled()
        before = knowledge(network)
        [fact] = facts_told(network, "recharges", "subject = %s", sale["sale_id"])
        tell_again(network, [fact] * 3)
        assert knowledge(network) == before

    def test_told_again_with_all_others_in_any_order_changes_nothing(
        self, network: Network
    ) -> None:
        network.settled()
        before = knowledge(network)
        facts = [
            fact
            for service in services_of(present())
            for fact in facts_told(
                network,
                service,
                A_FEW_OF_EACH_TYPE.format(service=service, limit=SHUFFLED_OF_EACH_TYPE_MAX),
            )
        ]
        random.Random(7).shuffle(facts)
        assert {fact.type for fact in facts} >= {SALE, REFUND, COUNTED, CLOSED, ENTITLED, ENROLLED}
        tell_again(network, facts + facts[::-1])
        assert knowledge(network) == before
        network.audit()


class TestSubject:
    def test_whose_facts_come_in_reverse_is_known_by_the_latest(self, network: Network) -> None:
        queue = "recharges.on_entitlement_told"
        manager = network.as_("site_manager", site_code=SITE)
        with cut_off(network.stack.amqp_url, queue=queue, types=(ENTITLED, RENEWED)):
            first = network.refer(site_code=SITE)
            opened = network.accept(first)
            person_ref = opened["person_ref"]
            renewal = network.refer(site_code=SITE, again=first)
            renewed = manager.post(
                f"referrals/v1/people/{person_ref}/renewals", {"referral_id": renewal.referral_id}
            )
            facts = facts_told(network, "referrals", "subject = %s ORDER BY sequence", person_ref)
            assert [fact.type for fact in facts] == [ENTITLED, RENEWED]
            eventually(
                lambda: self.known_elsewhere(network, person_ref) == [renewed_until(renewed)]
            )
            assert self.known(network, person_ref) == []

        for fact in reversed(facts):
            handled = self.handled(network, queue)
            say_all(network.stack.amqp_url, [(queue, fact.to_json())], exchange="")
            eventually(lambda handled=handled: self.handled(network, queue) > handled)  # type: ignore[misc]
            assert self.known(network, person_ref) == [renewed_until(renewed)]
        network.audit()

    def test_that_was_revoked_before_it_was_enrolled_stays_revoked(self, network: Network) -> None:
        queue = "recharges.on_device_changed"
        manager = network.as_("site_manager", site_code=SITE)
        with cut_off(network.stack.amqp_url, queue=queue, types=(ENROLLED, REVOKED)):
            place = {"site_code": SITE, "till_name": f"Caisse {network.name}"}
            code = manager.post("accounts/v1/devices/enrolments", place)["enrolment_code"]
            device = network.client().post("accounts/v1/devices", {"enrolment_code": code})
            manager.post(f"accounts/v1/devices/{device['device_id']}/revoke", {})
            facts = facts_told(
                network, "accounts", "subject = %s ORDER BY sequence", device["till_id"]
            )
            assert [fact.type for fact in facts] == [ENROLLED, REVOKED]
            for fact in reversed(facts):
                say_all(network.stack.amqp_url, [(queue, fact.to_json())], exchange="")
                eventually(lambda fact=fact: self.is_in_inbox(network, fact, queue))  # type: ignore[misc]
                assert self.till(network, device["till_id"]) == "revoked"
        # Nobody took the facts from the relay meanwhile: it kept them, and brings them now.
        network.settled()
        eventually(lambda: self.unpublished(network, device["till_id"]) == 0)
        assert self.till(network, device["till_id"]) == "revoked"
        person_ref = network.entitle(site_code=SITE)
        till = network.as_("till_operator", site_code=SITE)
        body = network.basket(person_ref, till_id=device["till_id"])
        assert refusal(till.post, "recharges/v1/sales", body) == "recharges.till.revoked"
        network.audit()

    @staticmethod
    def handled(network: Network, queue: str) -> int:
        return sum(endings(network, service_of(queue), consumer=queue).values())

    @staticmethod
    def is_in_inbox(network: Network, fact: Envelope, queue: str) -> bool:
        heard = "SELECT count(*) FROM recharges.inbox WHERE event_id = %s AND consumer = %s"
        return network.number(heard, fact.id, queue) == 1

    @staticmethod
    def known(network: Network, person_ref: str) -> list[str]:
        rows = network.rows(
            "SELECT until_on FROM recharges.entitlement WHERE person_ref = %s::uuid", person_ref
        )
        return [row["until_on"].isoformat() for row in rows]

    @staticmethod
    def known_elsewhere(network: Network, person_ref: str) -> list[str]:
        rows = network.rows(
            "SELECT until_on FROM mediation.entitlement WHERE person_ref = %s::uuid", person_ref
        )
        return [row["until_on"].isoformat() for row in rows]

    @staticmethod
    def till(network: Network, till_id: str) -> str:
        [row] = network.rows("SELECT state FROM recharges.till WHERE till_id = %s::uuid", till_id)
        return str(row["state"])

    @staticmethod
    def unpublished(network: Network, subject: str) -> int:
        return network.number(
            "SELECT count(*) FROM accounts.outbox WHERE subject = %s AND published_at IS NULL",
            subject,
        )


def renewed_until(renewed: Any) -> str:
    return str(renewed["entitlement"]["until"])
