"""Mails: our mailbox on this machine, or the mail server that the environment names."""

import os
import sys
from collections.abc import Iterable

from deploy.local import probe
from deploy.local.child import Child, plain_environment
from deploy.local.home import ROOT, Home
from deploy.local.ports import Ports
from deploy.local.processes import ServiceProcess
from deploy.local.stack import Running

NAME = "mail"
URL = "SMTP_URL"
#: Where the mail of a forgotten password leads.
RESET_PAGE_URL = "RESET_PAGE_URL"


def given() -> str:
    """The mail server of the user's own; an empty address says nothing."""
    return os.environ.get(URL, "").strip()


def mailbox_runs(processes: Iterable[ServiceProcess]) -> bool:
    """Whether one of these processes writes mails, and no server of the user's own takes them."""
    return not given() and any(process.writes_mails for process in processes)


def environment(process: ServiceProcess, *, ports: Ports) -> dict[str, str]:
    """Where a process that writes mails hands them over."""
    if not process.writes_mails:
        return {}
    told = {URL: given() or f"smtp://127.0.0.1:{ports.mail}"}
    if process.service == "accounts":
        page = f"http://127.0.0.1:{ports.web}/connexion/nouveau-mot-de-passe"
        told[RESET_PAGE_URL] = os.environ.get(RESET_PAGE_URL, "").strip() or page
    return told


def for_commands(process: ServiceProcess, *, processes: Iterable[Running]) -> dict[str, str]:
    """What a command of a service that writes mails is told, beside a running stack."""
    if not process.writes_mails:
        return {}
    mailboxes = [f"smtp://127.0.0.1:{each.port}" for each in processes if each.name == NAME]
    url = given() or next(iter(mailboxes), "")
    return {URL: url} if url else {}


def make_child(home: Home, *, ports: Ports) -> Child:
    """The child that keeps every mail in the stack's folder `mail`."""
    environment = {
        "RELAIS_MAIL_FOLDER": str(home.folder(NAME)),
        "RELAIS_SMTP_PORT": str(ports.mail),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    return Child(
        name=NAME,
        command=[sys.executable, "-m", "deploy.mailbox"],
        environment=plain_environment() | environment,
        folder=home.folder(f"run/{NAME}"),
        port=ports.mail,
        order=0,
        answers=lambda: probe.listens(ports.mail),
        home=home,
    )
