"""What each service's paths and bodies name, found at a site of the demonstration."""

from collections.abc import Mapping
from typing import Any

from tests.doors.copies import Copy, User
from tests.doors.filling import WORDS

#: For each name in a path or a body, where one lies at a site.
WHERE: Mapping[str, Mapping[str, str]] = {
    "accounts": {
        "device_id": "SELECT device_id FROM device JOIN till USING (till_id)"
        " WHERE site_code = %(site)s AND revoked_at IS NULL",
        "user_id": "SELECT user_id FROM account"
        " WHERE role = 'till_operator' AND %(site)s = ANY (site_codes)",
        "session_id": "SELECT session_id FROM session JOIN account USING (user_id)"
        " WHERE role = 'till_operator' AND %(site)s = ANY (site_codes)",
    },
    "referrals": {
        "referral_id": "SELECT referral_id FROM referral WHERE site_code = %(site)s",
        "person_ref": "SELECT person_ref FROM referral"
        " WHERE site_code = %(site)s AND state = 'accepted'",
        "into": "SELECT person_ref FROM referral WHERE site_code <> %(site)s",
        "structure_id": "SELECT structure_id FROM convention",
        "convention_id": "SELECT convention_id FROM convention",
        "user_id": "SELECT user_id FROM employment",
    },
    "recharges": {
        "till_id": "SELECT till_id FROM till WHERE site_code = %(site)s AND state = 'active'",
        "batch_id": "SELECT batch_id FROM batch WHERE site_code = %(site)s",
        "drawer_session_id": "SELECT drawer_session.drawer_session_id FROM drawer_session JOIN till"
        " USING (till_id) WHERE till.site_code = %(site)s",
        "sale_id": "SELECT sale_id FROM sale WHERE site_code = %(site)s",
        "person_ref": "SELECT person_ref FROM sale WHERE site_code = %(site)s",
        "lease_id": "SELECT lease_id FROM lease WHERE site_code = %(site)s",
        "closing_id": "SELECT closing_id FROM closing WHERE site_code = %(site)s",
        "refund_id": "SELECT refund_id FROM refund JOIN sale USING (sale_id)"
        " WHERE sale.site_code = %(site)s",
        "transfer_id": "SELECT transfer_id FROM transfer WHERE from_site = %(site)s",
        "year": "SELECT extract(year FROM now())::integer",
    },
    "mediation": {
        "case_id": "SELECT case_id FROM debt_case WHERE site_code = %(site)s",
        "mandate_id": "SELECT mandate_id FROM mandate JOIN debt_case USING (case_id)"
        " WHERE site_code = %(site)s",
        "offer_id": "SELECT offer_id FROM offer JOIN debt_case USING (case_id)"
        " WHERE site_code = %(site)s",
        "person_ref": "SELECT person_ref FROM entitlement",
    },
    "equipment": {
        "device_id": "SELECT device_id FROM device WHERE site_code = %(site)s",
        "lot_id": "SELECT lot_id FROM device WHERE site_code = %(site)s",
        "repair_id": "SELECT repair_id FROM repair JOIN device USING (device_id)"
        " WHERE site_code = %(site)s",
        "sale_id": "SELECT sale_id FROM sale JOIN device USING (device_id)"
        " WHERE device.site_code = %(site)s",
        "person_ref": "SELECT person_ref FROM entitlement",
    },
    "donations": {},
    # A period is no id: the month of the demonstration.
    "settlement": {"period": "SELECT to_char(now(), 'YYYY-MM')"},
}
#: Where the path of a route means another one than its name does elsewhere.
OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "POST recharges/v1/sales/{sale_id}/cancellations": {
        "sale_id": "SELECT sale_id FROM card_sale WHERE site_code = %(site)s",
    },
    "POST recharges/v1/transfers/{transfer_id}/receive": {
        "transfer_id": "SELECT transfer_id FROM transfer WHERE to_site = %(site)s",
    },
}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def known_at(site_code: str, *, copy: Copy, route: str) -> dict[str, Any]:
    """What a route may name at a site: one of each; UNKNOWN where the demonstration has none."""
    found: dict[str, Any] = {
        "site_code": site_code,
        "from_site": site_code,
        "operator": WORDS["operator"],
        "provider": "nobody-s",
        "q": "Camille",
        "parked_id": "1",
    }
    for name, query in {**WHERE[copy.service], **OTHERWISE.get(route, {})}.items():
        rows = copy.rows(f"{query} LIMIT 1", site=site_code)
        found[name] = str(next(iter(rows[0].values()))) if rows else UNKNOWN
    return found


def someone(users: list[User], role: str, *, site_code: str) -> User:
    """Somebody of a role who works at a site, or at none where the role has none."""
    return next(
        user
        for user in users
        if user.role == role and (site_code in user.site_codes or not user.site_codes)
    )
