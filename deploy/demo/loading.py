"""Loads the demonstration network: sites, users, tills, vouchers, devices, each by its own door.

Every command has a key that says what it does, so a load that was interrupted is simply begun
again: what was done answers as it did, and what was not is done.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chassis import clock
from deploy.demo import data
from deploy.demo.book import Book
from deploy.demo.client import HEARD_WITHIN_S, Client, Refused
from deploy.demo.data import Demonstration
from deploy.demo.data.devices import Device
from deploy.demo.data.network import User
from deploy.local.home import ROOT, Trouble, write_private
from deploy.local.stack import Stack
from kernel.period import business_date

_SITE_UNKNOWN = ("equipment.site.unknown", "referrals.site.unknown")
ADMIN_ROLE = "admin"


def load(stack: Stack) -> None:
    """Load the whole network into a running stack, once."""
    book = Book.open(stack.home, today=business_date(clock.now()))
    made = data.demonstration(today=book.today)
    door = Client(stack.web)
    admin = _first_admin(stack, door, made, book)
    _open_sites(admin, made)
    _make_users(admin, made, book)
    tills = _enrol_tills(admin, made)
    _await_tills(admin, count=len(made.network.tills))
    _deliver_vouchers(stack, made)
    _receive_devices(admin, made)
    _write_accounts(stack.home / "demo.json", made, book, tills)


def _first_admin(stack: Stack, door: Client, made: Demonstration, book: Book) -> Client:
    user = next(user for user in made.network.users if user.role == ADMIN_ROLE)
    name = ("--email", user.email, "--display-name", user.display_name)
    password = {"RELAIS_ADMIN_PASSWORD": book.password(user.email)}
    done = _command(stack, "accounts", "create-admin", *name, environment=password)
    try:
        return door.sign_in(user.email, book.password(user.email))
    except Refused as refused:
        raise Trouble(f"no administrator could be made: {done.stderr.strip()}") from refused


def _open_sites(admin: Client, made: Demonstration) -> None:
    known = {site["site_code"] for site in admin.get("accounts/v1/sites")}
    for site in made.network.sites:
        if site.site_code not in known:
            body = {"site_code": site.site_code, "name": site.name, "address": site.address}
            admin.post("accounts/v1/sites", body, key=f"demo-site-{site.site_code}")


def _make_users(admin: Client, made: Demonstration, book: Book) -> None:
    for user in made.network.users:
        if user.role == ADMIN_ROLE:
            continue
        body = user.account(password=book.password(user.email))
        try:
            admin.post("accounts/v1/users", body, key=f"demo-user-{user.email}")
        except Refused as refused:
            if refused.code != "accounts.user.email_taken":
                raise


def _enrol_tills(admin: Client, made: Demonstration) -> dict[tuple[str, str], str]:
    """Enrol a device at each till; return the till ids by site and name."""
    enrolled = {
        (device["site_code"], device["till_name"]): device["till_id"]
        for site in made.network.sites
        for device in admin.get(f"accounts/v1/devices?site_code={site.site_code}")
        if device["revoked_at"] is None
    }
    for till in made.network.tills:
        if (till.site_code, till.name) not in enrolled:
            place = {"site_code": till.site_code, "till_name": till.name}
            code = admin.post("accounts/v1/devices/enrolments", place)["enrolment_code"]
            device = admin.post("accounts/v1/devices", {"enrolment_code": code})
            enrolled[till.site_code, till.name] = device["till_id"]
    return enrolled


def _await_tills(admin: Client, *, count: int) -> None:
    """Wait until recharges has heard of every till, and with them of their sites."""
    deadline = time.monotonic() + HEARD_WITHIN_S
    while len(admin.get("recharges/v1/tills")) < count:
        if time.monotonic() > deadline:
            raise Trouble("the facts about the tills did not reach recharges in time.")
        time.sleep(0.05)


def _deliver_vouchers(stack: Stack, made: Demonstration) -> None:
    """Import each delivery with the command that a stock keeper uses."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for delivery in made.deliveries:
            (Path(folder) / delivery.file_name).write_bytes(delivery.content)

        def bring(delivery: Any) -> None:
            done = _command(
                stack,
                *("recharges", "import-vouchers", str(Path(folder) / delivery.file_name)),
                *("--operator", delivery.operator, "--batch", delivery.batch),
                *("--site", delivery.site_code, "--count", str(delivery.count)),
                *("--face-value-cents", str(delivery.face_value_cents)),
            )
            # The same file is refused the second time: an interrupted load has brought it.
            if done.returncode != 0 and "déjà" not in done.stderr:
                raise Trouble(f"{delivery.file_name} was not imported: {done.stderr.strip()}")

        list(pool.map(bring, made.deliveries))


def _command(
    stack: Stack, *words: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a `relais` command that finds this stack and knows nothing of what runs it."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.command", *words],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "RELAIS_HOME": str(stack.home), "LC_ALL": "C.UTF-8"}
        | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _receive_devices(admin: Client, made: Demonstration) -> None:
    """Receive, wipe, test and grade the donated lot; some devices fail, as in life."""
    functions = {each["kind"]: each["checks"] for each in admin.get("equipment/v1/checks")}
    lot = admin.post(
        "equipment/v1/lots",
        made.lot.delivery(),
        key=f"demo-lot-{made.lot.lot_code}",
        until_heard=_SITE_UNKNOWN,
    )
    for number, device in enumerate(made.lot.devices):
        _prepare(admin, device, number=number, lot_id=lot["lot_id"], made=made, checks=functions)


def _prepare(
    admin: Client,
    device: Device,
    *,
    number: int,
    lot_id: str,
    made: Demonstration,
    checks: dict[str, list[str]],
) -> None:
    key = f"demo-device-{number}"
    received = admin.post(
        "equipment/v1/devices",
        {"lot_id": lot_id, **device.receipt()},
        key=key,
        until_heard=_SITE_UNKNOWN,
    )
    path = f"equipment/v1/devices/{received['device_id']}"
    admin.post(f"{path}/wipes", device.wipe(performed_on=made.today), key=f"{key}-wipe")
    if not device.wipe_passed:
        return
    admin.post(f"{path}/tests", device.test(checks[device.kind]), key=f"{key}-test")
    if device.test_passed and device.grade is not None:
        admin.post(f"{path}/grade", {"grade": device.grade}, key=f"{key}-grade")


def _write_accounts(
    path: Path, made: Demonstration, book: Book, tills: dict[tuple[str, str], str]
) -> None:
    """Write `demo.json`: who can sign in, where and with what; the sign that loading is done."""

    def row(user: User, site_code: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "role": user.role,
            "site_code": site_code,
            "operator": user.operator,
            "email": user.email,
            "password": book.password(user.email),
        }
        if user.till_name is not None:
            found["till_id"] = tills[site_code, user.till_name]
        return found

    rows = [row(user, site_code) for user in made.network.users for site_code in user.listed_at]
    write_private(path, content=json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
