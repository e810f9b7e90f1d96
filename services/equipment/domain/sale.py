"""Selling one device, once, to an entitled person, at the price of its condition and grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import NotFound, Refusal
from services.equipment.domain import guarantee as guarantees
from services.equipment.domain.device import Device, NotTested, Proof, Step, take
from services.equipment.domain.entitlement import Entitlement, require_in_force
from services.equipment.domain.guarantee import Guarantee
from services.equipment.domain.kind import Condition, Grade

#: A person may pay today and fetch the device later, within this; more is a slip of the pen.
HANDOVER_DAYS_MAX = 90


class PriceMissing(Refusal):
    """There is no price today for this condition and grade."""

    code = "equipment.price.missing"


class OtherSite(Refusal):
    """This device is at {device_site}, not at {site_code}."""

    code = "equipment.sale.other_site"


class CardNotYet(Refusal):
    """Devices are paid in cash: card payments are not open for them yet."""

    code = "equipment.payment.card_not_open"


class TenderedTooLittle(Refusal):
    """The price is {price_cents}; {tendered_cents} is not enough."""

    code = "equipment.sale.tendered_too_little"


class HandoverTooFar(Refusal):
    """The device must be handed over by {latest_on}."""

    code = "equipment.sale.handover_too_far"


class SaleUnknown(NotFound):
    """There is no such sale."""

    code = "equipment.sale.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One line of the tariff, in force on the day it was looked up."""

    price_id: int
    condition: Condition
    grade: Grade
    price_cents: Cents
    from_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A sold device, with what it cost and what the buyer is promised."""

    sale_id: UUID
    device: Device
    proof: Proof
    price: Price
    #: The reference they bought under; the entitlement may be that of another of theirs.
    person_ref: UUID
    entitlement: Entitlement
    business_date: date
    tendered_cents: Cents
    guarantee: Guarantee

    @property
    def change_cents(self) -> Cents:
        """What the buyer gets back."""
        return Cents(self.tendered_cents - self.price.price_cents)


def sell(
    device: Device,
    *,
    sale_id: UUID,
    site_code: str,
    proof: Proof | None,
    price: Price | None,
    person_ref: UUID,
    entitlements: Sequence[Entitlement],
    business_date: date,
    tendered_cents: Cents,
    handover_on: date | None,
) -> Sale:
    """Sell a device that is ready, here, to a person entitled today, for at least its price."""
    sold = take(device, step=Step.SELL)
    if device.site_code != site_code:
        raise OtherSite(device_site=device.site_code, site_code=site_code)
    if proof is None or not proof.wipe_step_no < proof.test_step_no < proof.grade_step_no:
        raise NotTested
    entitled = require_in_force(entitlements, on=business_date)
    if price is None:
        raise PriceMissing
    if tendered_cents < price.price_cents:
        raise TenderedTooLittle(price_cents=price.price_cents, tendered_cents=tendered_cents)
    latest_on = business_date + timedelta(days=HANDOVER_DAYS_MAX)
    if handover_on is not None and handover_on > latest_on:
        raise HandoverTooFar(latest_on=latest_on)
    return Sale(
        sale_id=sale_id,
        device=sold,
        proof=proof,
        price=price,
        person_ref=person_ref,
        entitlement=entitled,
        business_date=business_date,
        tendered_cents=tendered_cents,
        guarantee=guarantees.grant(
            condition=device.condition, sold_on=business_date, handover_on=handover_on
        ),
    )
