"""Card payments: our stand-in for Stripe, or Stripe itself when the environment gives its keys."""

import os
import sys
from collections.abc import Iterable, Mapping

from deploy.local import probe
from deploy.local.child import Child, plain_environment
from deploy.local.home import ROOT, Home, Trouble
from deploy.local.keyring import Keyring
from deploy.local.ports import Ports
from deploy.local.processes import ServiceProcess
from deploy.local.stack import Running

NAME = "stripe"
STRIPE_ITSELF = "https://api.stripe.com"
KEY, SECRET, BASE = "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE"
HOOKS_PATH = "/api/recharges/v1/stripe/webhooks"
HEARER = "recharges"


def given() -> dict[str, str]:
    """The address and the secrets of Stripe itself, when the environment gives them; else none."""
    said = {name: os.environ[name].strip() for name in (KEY, SECRET) if name in os.environ}
    base = os.environ.get(BASE, "").strip()
    if empty := [name for name, value in said.items() if not value]:
        raise Trouble(
            f"{' and '.join(empty)} is set and empty: give {KEY} and {SECRET} their values, "
            "or unset both for the stand-in."
        )
    if len(said) == 1 or (base and not said):
        raise Trouble(
            f"{next(iter(said), BASE)} is set alone: Stripe itself needs {KEY} and {SECRET} "
            "together, the stand-in none of them."
        )
    return said | {BASE: base or STRIPE_ITSELF} if said else {}


def stand_in_runs(processes: Iterable[ServiceProcess]) -> bool:
    """Whether one of these processes takes cards, without keys of Stripe itself."""
    return not given() and any(KEY in process.secrets for process in processes)


def environment(process: ServiceProcess, *, ports: Ports) -> dict[str, str]:
    """Where a process that takes cards finds them; secrets of Stripe win over the keyring's."""
    if KEY not in process.secrets:
        return {}
    return given() or {BASE: f"http://127.0.0.1:{ports.stripe}"}


def for_commands(secrets: Mapping[str, str], *, processes: Iterable[Running]) -> dict[str, str]:
    """What a command beside a running stack is told; the keyring's keys open the stand-in alone."""
    stand_in = [process.port for process in processes if process.name == NAME]
    if KEY in secrets and stand_in and not given():
        return {**secrets, BASE: f"http://127.0.0.1:{stand_in[0]}"}
    return {name: value for name, value in secrets.items() if name not in (KEY, SECRET)} | given()


def make_child(home: Home, *, ports: Ports, hearer: ServiceProcess, keyring: Keyring) -> Child:
    """The child that plays Stripe, and tells `hearer` what happens."""
    environment = {
        **keyring.environment((KEY, SECRET)),
        "STRIPE_WEBHOOK_URL": f"http://127.0.0.1:{ports.of(hearer)}{HOOKS_PATH}",
        "STRIPE_READER_AFTER_S": os.environ.get("STRIPE_READER_AFTER_S", ""),
        "STRIPE_STATE_FILE": str(home.folder(NAME) / "stripe.sqlite3"),
        "RELAIS_HTTP_PORT": str(ports.stripe),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    return Child(
        name=NAME,
        command=[sys.executable, "-m", "deploy.stripe"],
        environment=plain_environment() | environment,
        folder=home.folder(f"run/{NAME}"),
        port=ports.stripe,
        order=0,
        answers=lambda: probe.http_ok(ports.stripe, path="/readyz"),
        home=home,
    )
