"""Who sells, for a stack that only demonstrates: nobody, under a number that nobody has."""

import os

from deploy.local.processes import ServiceProcess

NAME, SIRET = "RELAIS_SELLER_NAME", "RELAIS_SELLER_SIRET"
DEMONSTRATION = {NAME: "Relais (démonstration)", SIRET: "12345678200002"}


def environment(process: ServiceProcess) -> dict[str, str]:
    """What a process that prints tickets is told of the seller; what we are told wins."""
    if process.service != "recharges" or not process.serves_http:
        return {}
    return {name: os.environ.get(name, value) for name, value in DEMONSTRATION.items()}
