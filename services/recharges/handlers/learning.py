"""What recharges remembers of what others tell: sites, tills, people's entitlements."""

from collections.abc import Sequence

from chassis.columns import column
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


def learn_merges(
    tx: Transaction, heard: Sequence[tuple[events.PersonMerged | events.PersonUnmerged, int]]
) -> None:
    """Remember who is the same person, as the fact with the highest sequence tells of each.

    A merge is an alias: purchases, caps and entitlements stay where they are, so that one that is
    undone leaves each with their own.
    """
    tx.execute(SQL["lock_merges"])
    changed = {told.person_ref for told, _ in heard}
    tx.execute(
        SQL["lock_aliases"],
        {"person_refs": column(changed | {told.merged_into for told, _ in heard})},
    )
    tx.execute(
        SQL["learn_merges"],
        {
            "person_refs": column(told.person_ref for told, _ in heard),
            "into": column(told.merged_into for told, _ in heard),
            "sequences": column(sequence for _, sequence in heard),
            "merged": column(
                "t" if isinstance(told, events.PersonMerged) else "f" for told, _ in heard
            ),
        },
    )
    tx.execute(SQL["resolve_aliases"], {"changed": column(changed)})
