"""A till with its reference device, in a shop: leases, offline sales and what becomes of them."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.auth import Caller
from services.recharges.api import leases as api
from services.recharges.api import selling as selling_api
from services.recharges.doors.leases import read_sale
from services.recharges.events import DeviceRevoked
from services.recharges.handlers import leases, offline, selling
from services.recharges.handlers.journalling import Pen
from services.recharges.handlers.learning import learn_tills
from tests.recharges.build import NOON, SITE
from tests.recharges.device import Device
from tests.recharges.shop import KEYS, PINS, Shop, new_id

SELLER = Caller(user_id=uuid4(), role="till_operator", site_codes=frozenset({SITE}))
MANAGER = Caller(user_id=uuid4(), role="site_manager", site_codes=frozenset({SITE}))
STRANGER = Caller(user_id=uuid4(), role="till_operator", site_codes=frozenset({"antony"}))
HOUR = timedelta(hours=1)


@dataclass(kw_only=True)
class Counter:
    """A till with its device, in a shop; the device itself speaks unless somebody else is named."""

    shop: Shop
    device_id: UUID = field(default_factory=uuid4)
    till_id: UUID = field(init=False)
    device: Device = field(init=False)

    def __post_init__(self) -> None:
        self.till_id = self.shop.enrol_till(device_id=self.device_id)
        self.device = Device(till_id=str(self.till_id))

    @property
    def itself(self) -> Caller:
        return Caller(user_id=self.device_id, role="till_device", site_codes=frozenset({SITE}))

    def in_person(self) -> "Counter":
        """The same till, at which somebody keeps a chain that is not the device's."""
        beside = copy(self)
        beside.device = Device(till_id=str(self.till_id))
        return beside

    def take(
        self,
        quantity: int,
        *people: UUID,
        cents: int | None = None,
        caller: Caller | None = None,
        at: datetime = NOON,
    ) -> str:
        caller = caller or self.itself
        taken = leases.take_lease(
            self.shop.tx,
            self.till_id,
            api.TakeLease(
                offer_code="sfr-15", quantity=quantity, people=people, allowance_cents=cents
            ),
            lease_id=new_id(),
            caller=caller,
            pins=PINS,
            pen=pen(at, caller),
        )
        return self.device.take(taken.model_dump(mode="json"))

    def sell(self, lease_id: str, person: UUID, **more: Any) -> dict[str, Any]:
        line, _ = self.device.sell(lease_id, str(person), at=more.pop("at", NOON + HOUR), **more)
        return line

    def upload(
        self,
        lines: Sequence[dict[str, Any]] | None = None,
        *,
        caller: Caller | None = None,
        at: datetime = NOON + 2 * HOUR,
    ) -> list[tuple[str, str | None]]:
        """Send up; return the outcome of each line with its code."""
        outcomes = self.outcomes(lines, caller=caller, at=at)
        return [(each.outcome, each.code) for each in outcomes]

    def outcomes(
        self,
        lines: Sequence[dict[str, Any]] | None = None,
        *,
        caller: Caller | None = None,
        at: datetime = NOON + 2 * HOUR,
    ) -> list[api.OfflineOutcome]:
        caller = caller or self.itself
        sent = api.OfflineSales.model_validate(self.device.unsent if lines is None else lines)
        outcomes, _ = offline.take_sales(
            self.shop.tx,
            self.till_id,
            [read_sale(each) for each in sent.root],
            caller=caller,
            language="fr",
            pen=pen(at, caller),
        )
        self.device.sent([each.model_dump(mode="json") for each in outcomes])
        return outcomes

    def tills(self) -> list[selling_api.TillShown]:
        """The tills of the site, as the device is shown them."""
        return selling.show_tills(self.shop.tx, site_codes=[SITE], language="fr")

    def give_back(
        self,
        lease_id: str,
        *,
        caller: Caller | None = None,
        said: bool = True,
        at: datetime = NOON + 3 * HOUR,
    ) -> api.LeaseShown:
        asked = {"chain": self.device.chain} if said else {}
        caller = caller or self.itself
        return leases.return_lease(
            self.shop.tx,
            UUID(lease_id),
            api.ReturnLease.model_validate(asked),
            caller=caller,
            pen=pen(at, caller),
        )

    def lose(self, *, at: datetime = NOON + 2 * HOUR) -> None:
        revoked = DeviceRevoked(device_id=self.device_id, till_id=self.till_id, site_code=SITE)
        learn_tills(self.shop.tx, [(revoked, 2)])
        leases.revoke_devices(self.shop.tx, [(self.till_id, self.device_id, at)], pen=pen(at, None))

    def events(self) -> list[str]:
        rows = self.shop.all(
            "SELECT record::json->>'name' AS name FROM journal"
            " WHERE kind = 'event' AND till_id = %s ORDER BY sequence",
            self.till_id,
        )
        return [row["name"] for row in rows if row["name"] != "journal_begun"]


def pen(at: datetime, caller: Caller | None) -> Pen:
    return Pen(keys=KEYS, new_id=new_id, now=at, by=None if caller is None else caller.user_id)


def used(shop: Shop, person: UUID) -> int:
    cents = shop.all("SELECT used_cents FROM cap_month WHERE person_ref = %s", person)
    return int(cents[0]["used_cents"]) if cents else 0


def states(shop: Shop) -> dict[str, int]:
    """How many vouchers are in which state; what a pointer has passed is sold."""
    counted: dict[str, int] = {}
    for row in shop.all("SELECT * FROM lot"):
        taken = row["state"] in ("sold_out", "disputed", "refunded_by_operator")
        if not taken:
            left = row["end_position"] - row["next_position"]
            counted[row["state"]] = counted.get(row["state"], 0) + left
        passed = row["next_position"] - row["first_position"]
        counted["sold_out"] = counted.get("sold_out", 0) + passed
    return {state: count for state, count in counted.items() if count}
