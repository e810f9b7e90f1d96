"""Facts as settlement hears them, made short for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from kernel.envelope import Envelope

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "2026-11-20"
# (operator, quantity, price of one, face value of one)
LineOf = tuple[str, int, int, int]
ONE_SFR: tuple[LineOf, ...] = (("sfr", 1, 250, 1500),)


def an_id(name: object) -> UUID:
    """The same name gives the same id."""
    return uuid5(NAMESPACE_URL, f"tests/settlement/{name}")


def a_batch(
    name: object = "batch",
    *,
    operator: str = "sfr",
    site: str = "saint-denis",
    offers: Sequence[tuple[int, int]] = ((10, 15000),),
    at: datetime = NOON,
    **changes: Any,
) -> Envelope:
    """A delivery of vouchers: `offers` are (count, face value of all of them)."""
    data = {
        "batch_id": str(an_id(name)),
        "operator": operator,
        "batch_code": "A",
        "site_code": site,
        "vouchers": sum(count for count, _ in offers),
        "face_value_cents": sum(cents for _, cents in offers),
        "offers": [
            {"offer_code": f"{operator}-{place}", "count": count, "face_value_cents": cents}
            for place, (count, cents) in enumerate(offers)
        ],
    }
    return _told("recharges.batch.received.v1", name, data | changes, site=site, at=at)


def a_sale(
    name: object = "sale",
    *,
    lines: Sequence[LineOf] = ONE_SFR,
    site: str = "saint-denis",
    day: str = DAY,
    tender: str = "cash",
    fact: object = None,
    **changes: Any,
) -> Envelope:
    """A sale of recharges; `fact` names another fact about the same sale."""
    data = {
        "sale_id": str(an_id(name)),
        "till_id": str(an_id("till")),
        "ticket_no": 1,
        "person_ref": str(an_id("person")),
        "business_date": day,
        "tender": tender,
        "total_cents": sum(quantity * price for _, quantity, price, _ in lines),
        "lines": [
            {
                "offer_code": f"{operator}-15",
                "operator": operator,
                "quantity": quantity,
                "price_cents": price,
                "face_value_cents": face_value,
                "serials": [str(number) for number in range(quantity)],
            }
            for operator, quantity, price, face_value in lines
        ],
    }
    return _told("recharges.sale.completed.v1", fact or name, data | changes, site=site)


def a_refund(
    name: object = "refund",
    *,
    of: object = "sale",
    vouchers: str = "returned",
    **sale: Any,
) -> Envelope:
    """The refund of a whole sale, whose words it repeats; `of` names the sale."""
    total = {key: sale.pop(key) for key in ("total_cents",) if key in sale}
    sold = a_sale(of, **sale)
    data = {**sold.data, "refund_id": str(an_id(name)), "vouchers": vouchers, **total}
    return _told("recharges.sale.refunded.v1", name, data, site=sold.site)


# (offer, operator, count, face value of all of them)
OffersOf = Sequence[tuple[str, str, int, int]]
FOUR_SFR: OffersOf = (("sfr-0", "sfr", 4, 6000),)


def vouchers_moved(
    what: str,
    name: object,
    *,
    site: str = "saint-denis",
    offers: OffersOf = FOUR_SFR,
    day: str = DAY,
    **more: Any,
) -> Envelope:
    """Vouchers left a shelf or came to it: `what` is `transfer.sent` and the like."""
    data = {
        "transfer_id" if what.startswith("transfer") else "change_id": str(an_id(name)),
        "site_code": site,
        "vouchers": sum(count for _, _, count, _ in offers),
        "face_value_cents": sum(cents for _, _, _, cents in offers),
        "offers": [
            {"offer_code": code, "operator": operator, "count": count, "face_value_cents": cents}
            for code, operator, count, cents in offers
        ],
    }
    at = datetime.fromisoformat(f"{day}T12:00:00Z")
    return _told(f"recharges.{what}.v1", name, data | more, site=site, at=at)


def a_till_opened(
    name: object = "drawer", *, site: str = "saint-denis", day: str = DAY, cents: int = 5000
) -> Envelope:
    """A drawer opened with a float."""
    data = {
        "drawer_session_id": str(an_id(name)),
        "till_id": str(an_id("till")),
        "business_date": day,
        "opening": "counted",
        "float_cents": cents,
    }
    return _told("recharges.till.opened.v1", name, data, site=site)


def cash_moved(
    number: int,
    cents: int,
    *,
    purpose: str = "bank",
    site: str = "saint-denis",
    day: str = DAY,
) -> Envelope:
    """Cash put into a drawer, or taken out: below zero."""
    data = {
        "cash_line_id": number,
        "drawer_session_id": str(an_id("drawer")),
        "till_id": str(an_id("till")),
        "business_date": day,
        "purpose": purpose,
        "amount_cents": cents,
    }
    return _told("recharges.cash.moved.v1", number, data, site=site)


def a_drawer(
    name: object = "drawer",
    *,
    site: str = "saint-denis",
    day: str = DAY,
    expected: int = 5000,
    counted: int = 5000,
    **changes: Any,
) -> Envelope:
    """A drawer counted and closed."""
    data = {
        "drawer_session_id": str(an_id(name)),
        "till_id": str(an_id("till")),
        "business_date": day,
        "float_cents": 2000,
        "expected_cents": expected,
        "counted_cents": counted,
        "gap_cents": counted - expected,
    }
    return _told("recharges.drawer.closed.v1", name, data | changes, site=site)


def a_closing(
    name: object = "closing",
    *,
    till: object = "till",
    anchors: Sequence[tuple[str, int, bytes]] = (("ticket", 7, b"7" * 32),),
) -> Envelope:
    """A till closed a day; anchors are (kind, sequence, hash)."""
    data = {
        "closing_id": str(an_id(name)),
        "till_id": str(an_id(till)),
        "period": "day",
        "period_on": DAY,
        "closing_no": 1,
        "from_sequence": 1,
        "until_sequence": 8,
        "real_cents": 500,
        "absolute_cents": 500,
        "perpetual_real_cents": 500,
        "perpetual_absolute_cents": 500,
        "anchors": [
            {"kind": kind, "sequence": sequence, "hash": hash.hex()}
            for kind, sequence, hash in anchors
        ],
    }
    return _told("recharges.till.closed.v1", name, data, site="saint-denis")


def a_report(
    name: object = "report",
    *,
    operator: str = "sfr",
    period: str = "2026-11",
    lines: int = 3,
    billed: int = 300,
    reversed_: int = -100,
    adjusted: int = 0,
    **changes: Any,
) -> Envelope:
    """An operator's report of the 1 euro option."""
    data = {
        "report_id": str(an_id(name)),
        "operator": operator,
        "period": period,
        "lines": lines,
        "billed_cents": billed,
        "reversed_cents": reversed_,
        "adjusted_cents": adjusted,
        "total_cents": billed + reversed_ + adjusted,
    }
    return _told("donations.option.reported.v1", name, data | changes, site="network")


def a_device_sold(
    name: object = "device",
    *,
    site: str = "saint-denis",
    price: int = 6000,
    tender: str = "cash",
    day: str = DAY,
) -> Envelope:
    """A refurbished device sold."""
    data = {
        "device_id": str(an_id(f"{name} itself")),
        "sale_id": str(an_id(name)),
        "site_code": site,
        "person_ref": str(an_id("person")),
        "price_cents": price,
        "tender": tender,
        "business_date": day,
    }
    return _told("equipment.device.sold.v1", name, data, site=site)


def _told(
    fact_type: str, name: object, data: dict[str, Any], *, site: str, at: datetime = NOON
) -> Envelope:
    return Envelope(
        id=an_id(f"{fact_type} {name}"),
        type=fact_type,
        subject=str(name),
        site=site,
        time=at,
        data=data,
    )
