"""The equipment service's entry points; no trade rule lives here."""

from uuid import UUID

from chassis import http
from chassis.aliases import KnowsPeople
from chassis.consume import consume
from chassis.db import Transaction
from chassis.personal import PersonalData
from chassis.service import Service
from chassis.shapes import Paged
from kernel.envelope import Envelope
from services.equipment import api, handlers

# Whoever works at a site receives, wipes, tests, grades and repairs.  Only those who have a drawer
# sell; a manager signs what leaves for recycling; the list of stolen phones is the network's.
STAFF = ("till_operator", "site_manager", "admin")
SELLERS = ("till_operator", "site_manager")
MANAGERS = ("site_manager", "admin")
READERS = (*STAFF, "mediator")


class Equipment(KnowsPeople, PersonalData, Service):
    """Devices at the HTTP door, sites and entitlements on the bus."""

    name = "equipment"

    @consume("accounts.site.opened.v1")
    def on_site_opened(self, tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        """Know the sites."""
        return handlers.learn_sites(tx, facts)

    @consume(
        "referrals.entitlement.opened.v1",
        "referrals.entitlement.renewed.v1",
        "referrals.entitlement.shortened.v1",
    )
    def on_entitlement_told(self, tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        """Know who may buy, from which day until which."""
        return handlers.learn_entitlements(tx, facts)

    @http.command(
        "POST", "/v1/lots", body=api.EnterLot, answer=api.LotEntered, status=201, allow=STAFF
    )
    def enter_lot(self, tx: Transaction, call: http.Call, body: api.EnterLot) -> api.LotEntered:
        """Enter a donor's delivery."""
        return handlers.enter_lot(tx, body, call=call)

    @http.command(
        "POST",
        "/v1/devices",
        body=api.EnterDevice,
        answer=api.DeviceEntered,
        status=201,
        allow=STAFF,
    )
    def enter_device(
        self, tx: Transaction, call: http.Call, body: api.EnterDevice
    ) -> api.DeviceEntered:
        """Enter one device of a lot: IMEI or serial number checked, known nowhere else."""
        return handlers.enter_device(tx, body, call=call)

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/wipes",
        body=api.RecordWipe,
        answer=api.WipeRecorded,
        status=201,
        allow=STAFF,
    )
    def record_wipe(
        self, tx: Transaction, call: http.Call, body: api.RecordWipe, device_id: UUID
    ) -> api.WipeRecorded:
        """Write down that a device's data was erased, or that this failed."""
        return handlers.record_wipe(tx, body, device_id=device_id, call=call)

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/tests",
        body=api.RecordTest,
        answer=api.TestRecorded,
        status=201,
        allow=STAFF,
    )
    def record_test(
        self, tx: Transaction, call: http.Call, body: api.RecordTest, device_id: UUID
    ) -> api.TestRecorded:
        """Write down which functions of a wiped device work, all of them."""
        return handlers.record_test(tx, body, device_id=device_id, call=call)

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/grade",
        body=api.GiveGrade,
        answer=api.GradeGiven,
        allow=STAFF,
    )
    def give_grade(
        self, tx: Transaction, call: http.Call, body: api.GiveGrade, device_id: UUID
    ) -> api.GradeGiven:
        """Give a tested device its grade, which makes it ready for sale."""
        return handlers.give_grade(tx, body, device_id=device_id, call=call)

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/sales",
        body=api.SellDevice,
        answer=api.Sale,
        status=201,
        allow=SELLERS,
    )
    def sell_device(
        self, tx: Transaction, call: http.Call, body: api.SellDevice, device_id: UUID
    ) -> api.Sale:
        """Sell a device that is ready to a person who is entitled today."""
        return handlers.sell_device(tx, body, device_id=device_id, call=call)

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/repairs",
        body=api.OpenRepair,
        answer=api.Repair,
        status=201,
        allow=STAFF,
    )
    def open_repair(
        self, tx: Transaction, call: http.Call, body: api.OpenRepair, device_id: UUID
    ) -> api.Repair:
        """Take a sold device in for repair."""
        return handlers.open_repair(tx, body, device_id=device_id, call=call)

    @http.command(
        "POST",
        "/v1/repairs/<uuid:repair_id>/close",
        body=api.CloseRepair,
        answer=api.Repair,
        allow=STAFF,
    )
    def close_repair(
        self, tx: Transaction, call: http.Call, body: api.CloseRepair, repair_id: UUID
    ) -> api.Repair:
        """Give a repaired device back; its legal guarantee is six months longer."""
        return handlers.close_repair(tx, body, repair_id=repair_id, call=call)

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/end-of-life",
        body=api.RetireDevice,
        answer=api.DeviceRetired,
        status=201,
        allow=MANAGERS,
    )
    def retire_device(
        self, tx: Transaction, call: http.Call, body: api.RetireDevice, device_id: UUID
    ) -> api.DeviceRetired:
        """Send a device that nobody can use to recycling."""
        return handlers.retire_device(tx, body, device_id=device_id, call=call)

    @http.command(
        "POST",
        "/v1/blocked-imeis",
        body=api.BlockImei,
        answer=api.ImeiBlocked,
        status=201,
        allow=("admin",),
    )
    def block_imei(self, tx: Transaction, call: http.Call, body: api.BlockImei) -> api.ImeiBlocked:
        """Put an IMEI on the list of lost and stolen phones."""
        return handlers.block_imei(tx, body, call=call)

    @http.query(
        "GET",
        "/v1/devices",
        query=api.DevicePage,
        answer=list[api.DeviceLine],
        allow=READERS,
    )
    def list_devices(
        self, tx: Transaction, call: http.Call, page: api.DevicePage
    ) -> Paged[api.DeviceLine]:
        """List devices in the order in which they came; the `Link` header names the next page."""
        return handlers.list_devices(tx, page, call=call)

    @http.query("GET", "/v1/devices/<uuid:device_id>", answer=api.DeviceHistory, allow=READERS)
    def get_device(self, tx: Transaction, call: http.Call, device_id: UUID) -> api.DeviceHistory:
        """Show a device with all that happened to it."""
        return handlers.get_device(tx, device_id=device_id, call=call)

    @http.query("GET", "/v1/sales/<uuid:sale_id>", answer=api.Sale, allow=READERS)
    def get_sale(self, tx: Transaction, call: http.Call, sale_id: UUID) -> api.Sale:
        """Show a sale as its receipt did."""
        return handlers.get_sale(tx, sale_id=sale_id, call=call)

    @http.query("GET", "/v1/checks", answer=list[api.Checks], allow=READERS)
    def list_checks(self, tx: Transaction, call: http.Call) -> list[api.Checks]:
        """List the functions that a test covers, for each kind of device."""
        return handlers.list_checks(tx, call=call)

    @http.query("GET", "/v1/prices", answer=list[api.PriceLine], allow=READERS)
    def list_prices(self, tx: Transaction, call: http.Call) -> list[api.PriceLine]:
        """List today's tariff."""
        return handlers.list_prices(tx, call=call)


SERVICE = Equipment
