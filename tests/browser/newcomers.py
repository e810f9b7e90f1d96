"""Accounts of a test's own: whoever changes a password must not do it to others."""

import itertools
from collections.abc import Mapping
from typing import Any

from tests.fix_network import Network

PASSWORD = "une phrase que personne ne devine"  # of fictional people
_numbers = itertools.count(1)


def newcomer(network: Network, role: str, *, site_code: str | None = None) -> Mapping[str, Any]:
    """Somebody whom an administrator lets in; gives what they sign in with."""
    name = f"{network.name}{next(_numbers)}"
    body = {
        "email": f"{name}@relais.example",
        "display_name": f"Alix Fictif {name}",
        "role": role,
        "site_codes": [site_code] if site_code else [],
        "operator": "sfr" if role == "operator_partner" else None,
        "password": PASSWORD,
    }
    made: dict[str, Any] = network.as_("admin").post("accounts/v1/users", body)
    return made | {"password": PASSWORD}
