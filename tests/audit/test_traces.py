"""What is left of an erased person is found, in whatever text of whichever schema it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.audit import checks
from deploy.local import keyring
from deploy.local.processes import PROCESSES, services_of
from services.referrals.doors.vault import digest_of_traces
from tests.bodies import a_referral
from tests.fix_network import Network, eventually

pytestmark = pytest.mark.journey

SITE = "saint-denis"
PHONE, EMAIL = "06 39 98 77 31", "pia.renoncule@example.org"
#: What somebody forgot, or put back, and in which kind of column.
LEFT = {
    "a text": "UPDATE accounts.site SET address = 'chez RENONCULE Pïa' WHERE site_code = 'lyon'",
    "JSON": 'UPDATE recharges.drawer_session SET float = \'{"note": "Pia Renoncule"}\'',
    "a list": "UPDATE mediation.mandate SET operators = '{sfr,Pia-Renoncule}'",
    "bytes": "INSERT INTO settlement.parked_delivery (consumer, reason, body)"
    " VALUES ('settlement.x', 'unreadable', convert_to('Mme Pia RENONCULE', 'UTF8'))",
    "a phone": "UPDATE accounts.site SET address = 'tél. +33 6.39.98.77.31' "
    "WHERE site_code = 'lyon'",
    "an e-mail": "UPDATE accounts.site SET name = 'Pia.Renoncule@Example.org' "
    "WHERE site_code = 'lyon'",
}


@dataclass(frozen=True, kw_only=True)
class Erased:
    """The audit's view of a database in which one person was erased."""

    connection: psycopg.Connection[dict[str, Any]]
    network: Network

    def look(self) -> checks.Check:
        key = keyring.load(self.network.stack.home).referral_key
        return checks.no_word_of_the_erased(
            self.connection, services=services_of(PROCESSES), digest=digest_of_traces(key)
        )


@pytest.fixture(scope="module")
def erased_url(network: Network) -> str:
    """A person is referred, taken in and erased; nobody else has their name."""
    referrer = network.as_("referrer", site_code=SITE)
    manager = network.as_("site_manager", site_code=SITE)
    person = {
        "given_name": "Pia",
        "family_name": "Renoncule",
        "birth_date": "1958-08-09",
        "phone": PHONE,
        "email": EMAIL,
    }
    body = a_referral(site_code=SITE, person=person)
    made = referrer.post("referrals/v1/referrals", body)
    taken = manager.post(f"referrals/v1/referrals/{made['referral_id']}/accept", {})
    path = f"referrals/v1/people/{taken['person_ref']}/erasure"
    manager.post(path, {"reason": "asked_by_person"})
    network.settled()
    return network.stack.database_url


@pytest.fixture
def erased(network: Network, erased_url: str) -> Iterator[Erased]:
    with psycopg.connect(erased_url, row_factory=dict_row) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        yield Erased(connection=connection, network=network)
        connection.rollback()


class TestTraces:
    def test_of_an_erased_person_are_nowhere(self, erased: Erased) -> None:
        # What was said a moment before, about anybody, is still on its way through the services.
        eventually(lambda: erased.look().broken == 0)

        assert erased.look().examined > 1_000

    @pytest.mark.parametrize("where", LEFT)
    def test_are_found_in(self, erased: Erased, where: str) -> None:
        assert erased.connection.execute(LEFT[where].encode()).rowcount > 0

        found = erased.look()
        assert found.broken > 0
        assert all("Renoncule" not in place for place in found.examples)

    def test_are_no_longer_theirs_once_somebody_of_that_name_is_known(self, erased: Erased) -> None:
        erased.connection.execute(LEFT["a text"].encode())
        erased.connection.execute(
            "INSERT INTO referrals.person (person_ref, given_name, family_name, name_key,"
            " birth_date, known_since) VALUES (gen_random_uuid(), 'Pia', 'Renoncule',"
            " 'pia renoncule', '2000-01-01', now())"
        )

        assert erased.look().broken == 0
