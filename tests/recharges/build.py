"""Lots, orders, books and delivery files for the tests of recharges."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from kernel.money import Cents
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.delivery import COLUMNS
from services.recharges.domain.drawer import Opening
from services.recharges.domain.sale import Books, Offer, Order, Till, Wanted
from services.recharges.domain.stock import Lot

DAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
SITE = "saint-denis"
SFR_15 = Offer(
    offer_code="sfr-15",
    operator="sfr",
    label="Recharge SFR 15 €",
    price_cents=Cents(250),
    face_value_cents=Cents(1500),
)
SFR_500MO = Offer(
    offer_code="sfr-500mo",
    operator="sfr",
    label="Recharge SFR 500 Mo",
    price_cents=Cents(150),
    face_value_cents=Cents(500),
    data_mb=500,
)
_numbers = count(1)


def a_lot(
    count: int,
    *,
    use_by: date = date(2027, 6, 30),
    lot_id: UUID | None = None,
    batch_id: UUID | None = None,
    site_code: str = SITE,
    first_position: int = 1,
) -> Lot:
    return Lot(
        lot_id=lot_id or uuid4(),
        batch_id=batch_id or uuid4(),
        site_code=site_code,
        offer_code="sfr-15",
        face_value_cents=Cents(1500),
        use_by=use_by,
        next_position=first_position,
        end_position=first_position + count,
    )


def a_till(*, site_code: str = SITE, active: bool = True, last_sequence: int = 0) -> Till:
    return Till(
        till_id=uuid4(),
        site_code=site_code,
        active=active,
        last_sequence=last_sequence,
        last_hash=b"\x01" * 32 if last_sequence else b"",
    )


def an_entitlement(
    person_ref: UUID,
    *,
    from_on: date = DAY - timedelta(days=30),
    until_on: date = DAY + timedelta(days=30),
    cap_cents: int = 3000,
) -> Entitlement:
    return Entitlement(
        person_ref=person_ref,
        from_on=from_on,
        until_on=until_on,
        monthly_cap_cents=Cents(cap_cents),
    )


def an_order(
    till_id: UUID,
    person_ref: UUID,
    *wanted: tuple[str, int],
    tendered_cents: int = 10_000,
    key: str | None = None,
    request_hash: bytes | None = None,
    seller_id: UUID | None = None,
    seller_sites: frozenset[str] | None = frozenset({SITE}),
    seller_supervises: bool = False,
    ordered_at: datetime = NOON,
) -> Order:
    lines = tuple(Wanted(offer_code=code, quantity=quantity) for code, quantity in wanted)
    return Order(
        sale_id=uuid4(),
        key=key or f"key-{uuid4()}",
        request_hash=request_hash or repr((till_id, person_ref, lines, tendered_cents)).encode(),
        till_id=till_id,
        person_ref=person_ref,
        seller_id=seller_id or UUID(int=7),
        seller_sites=seller_sites,
        seller_supervises=seller_supervises,
        lines=lines or (Wanted(offer_code="sfr-15", quantity=1),),
        tendered_cents=Cents(tendered_cents),
        ordered_at=ordered_at,
    )


def the_books(
    *,
    tills: Sequence[Till] = (),
    entitlements: Sequence[Entitlement] = (),
    used_cents: Mapping[UUID, int] | None = None,
    lots: Sequence[Lot] = (),
    counts: Counts = Counts.PRICE,
) -> Books:
    places: dict[tuple[str, str], tuple[Lot, ...]] = {}
    for lot in lots:
        place = lot.site_code, lot.offer_code
        places[place] = (*places.get(place, ()), lot)
    return Books(
        on=DAY,
        counts=counts,
        opening=Opening.BY_SALE,
        same_as={each.person_ref: each.person_ref for each in entitlements},
        tills={till.till_id: till for till in tills},
        offers={offer.offer_code: offer for offer in (SFR_15, SFR_500MO)},
        used_cents={person_ref: Cents(used) for person_ref, used in (used_cents or {}).items()},
        entitlements={each.person_ref: [each] for each in entitlements},
        allowances={
            each.person_ref: Allowance(
                cap_cents=each.monthly_cap_cents,
                used_cents=Cents((used_cents or {}).get(each.person_ref, 0)),
            )
            for each in entitlements
        },
        lots=places,
    )


def a_row(
    *,
    serial: str | None = None,
    pin: str | None = None,
    offer_code: str = "sfr-15",
    face_value_cents: int | str | None = None,
    use_by: date | str = date(2027, 6, 30),
) -> dict[str, str]:
    """A line of a delivery file; its serial and PIN are nobody else's."""
    number = next(_numbers)
    worth = {"sfr-15": 1500, "sfr-500mo": 500}.get(offer_code, 1500)
    return {
        "serial": f"{7_000_000_000 + number}" if serial is None else serial,
        "pin": f"{31_000_000_000_000 + number}" if pin is None else pin,
        "offer_code": offer_code,
        "face_value_cents": str(worth if face_value_cents is None else face_value_cents),
        "use_by": str(use_by),
    }


def rows(
    count: int, *, offer_code: str = "sfr-15", use_by: str = "2027-06-30"
) -> list[dict[str, str]]:
    return [a_row(offer_code=offer_code, use_by=use_by) for _ in range(count)]


def a_file(
    lines: Sequence[Mapping[str, str]],
    *,
    delimiter: str = ";",
    encoding: str = "utf-8",
    line_end: str = "\n",
    columns: Sequence[str] = COLUMNS,
) -> bytes:
    """Write a delivery file, its columns in the order given."""
    cells = [list(columns), *([line.get(column, "") for column in columns] for line in lines)]
    return "".join(delimiter.join(row) + line_end for row in cells).encode(encoding)
