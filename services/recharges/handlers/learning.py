"""What recharges remembers of what others tell: sites, tills, people's entitlements."""

from collections.abc import Sequence

from chassis.db import Transaction
from services.recharges import events
from services.recharges.store import SQL


def learn_sites(tx: Transaction, heard: Sequence[events.SiteOpened]) -> None:
    """Remember the sites that have opened."""
    tx.execute(
        SQL["learn_sites"],
        {
            "site_codes": [site.site_code for site in heard],
            "names": [site.name for site in heard],
            "addresses": [site.address for site in heard],
        },
    )


def learn_tills(
    tx: Transaction, heard: Sequence[tuple[events.DeviceEnrolled | events.DeviceRevoked, int]]
) -> None:
    """Remember each till as the fact with the highest sequence tells it."""
    # In the order in which sales lock tills, so that neither waits for the other for ever.
    for fact, sequence in sorted(heard, key=lambda told: told[0].till_id):
        enrolled = isinstance(fact, events.DeviceEnrolled)
        tx.execute(
            SQL["learn_tills"],
            {
                "till_id": fact.till_id,
                "site_code": fact.site_code,
                "name": fact.till_name if isinstance(fact, events.DeviceEnrolled) else "",
                "state": "active" if enrolled else "revoked",
                "device_id": fact.device_id,
                "sequence": sequence,
            },
        )


def learn_entitlements(
    tx: Transaction, heard: Sequence[tuple[events.EntitlementTold, int]]
) -> None:
    """Remember each person's entitlement as the fact with the highest sequence tells it."""
    tx.execute(
        SQL["learn_entitlements"],
        {
            "person_refs": [told.person_ref for told, _ in heard],
            "from_on": [told.from_on for told, _ in heard],
            "until_on": [told.until_on for told, _ in heard],
            "caps": [told.monthly_cap_cents for told, _ in heard],
            "sequences": [sequence for _, sequence in heard],
        },
    )
