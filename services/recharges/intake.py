"""Taking in an operator's delivery: one transaction, all or nothing, progress shown on the way."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.db import Transaction
from kernel.period import business_date
from kernel.refusal import NotFound, Refusal
from services.recharges import events
from services.recharges.domain import delivery
from services.recharges.domain.delivery import DeliveredVoucher, Range
from services.recharges.seal import PinSeal
from services.recharges.store import SQL
from services.recharges.store import selling as store

#: Told after each thousand lines: which step, how many are done, how many there are.
Progress = Callable[[str, int, int], None]
_STEP = 1_000


class OperatorUnknown(NotFound):
    """The tariff has no offer of the operator {operator}."""

    code = "recharges.delivery.operator_unknown"


class SiteUnknown(NotFound):
    """There is no site {site_code}."""

    code = "recharges.delivery.site_unknown"


class FileTwice(Refusal):
    """This very file was imported before, as batch {batch_code} of {site_code}."""

    code = "recharges.delivery.file_twice"


class BatchTwice(Refusal):
    """The batch {batch_code} was imported at {site_code} before, from another file."""

    code = "recharges.delivery.batch_twice"


def receive_batch(
    tx: Transaction,
    content: bytes,
    *,
    operator: str,
    batch_code: str,
    site_code: str,
    count: int | None,
    face_value_cents: int | None,
    pins: PinSeal,
    new_id: Callable[[], UUID],
    now: datetime,
    progress: Progress,
) -> events.BatchReceived:
    """Read, check, seal and store a delivery, and tell that it arrived; or refuse it whole."""
    on = business_date(now)
    face_values = store.face_values(tx, on=on, operator=operator)
    if not face_values:
        raise OperatorUnknown(operator=operator)
    _require_new(tx, content, operator=operator, batch_code=batch_code, site_code=site_code)
    total = content.count(b"\n") + 1
    seen, read = delivery.Seen(), []
    for voucher in delivery.read(delivery.decode(content), face_values=face_values, on=on):
        seen.add(voucher)
        read.append(voucher)
        if len(read) % _STEP == 0:
            progress("read", len(read), total)
    delivery.check_totals(read, count=count, face_value_cents=face_value_cents)
    placed, ranges = delivery.arrange(read)
    batch_id = new_id()
    fact = _fact(
        placed, batch_id=batch_id, operator=operator, batch_code=batch_code, site_code=site_code
    )
    tx.execute(
        SQL["save_batch"],
        {
            "batch_id": batch_id,
            "operator": operator,
            "batch_code": batch_code,
            "site_code": site_code,
            "file_sha256": hashlib.sha256(content).digest(),
            "voucher_count": fact.vouchers,
            "face_value_cents": fact.face_value_cents,
            "received_at": now,
        },
    )
    _store_vouchers(tx, placed, batch_id=batch_id, operator=operator, pins=pins, progress=progress)
    _store_lots(tx, ranges, batch_id=batch_id, site_code=site_code, new_id=new_id)
    outbox.append(tx, [fact.tell(id=new_id(), subject=str(batch_id), site=site_code, at=now)])
    return fact


def _require_new(
    tx: Transaction, content: bytes, *, operator: str, batch_code: str, site_code: str
) -> None:
    tx.execute(SQL["lock_deliveries"])
    if tx.execute(SQL["find_site"], {"site_code": site_code}).fetchone() is None:
        raise SiteUnknown(site_code=site_code)
    before = tx.execute(
        SQL["find_batch_again"],
        {
            "file_sha256": hashlib.sha256(content).digest(),
            "operator": operator,
            "batch_code": batch_code,
            "site_code": site_code,
        },
    ).fetchone()
    if before is not None:
        kind = FileTwice if before["same_file"] else BatchTwice
        raise kind(batch_code=before["batch_code"], site_code=before["site_code"])


def _store_vouchers(
    tx: Transaction,
    placed: list[DeliveredVoucher],
    *,
    batch_id: UUID,
    operator: str,
    pins: PinSeal,
    progress: Progress,
) -> None:
    tx.execute(SQL["create_incoming"])
    with tx.cursor() as cursor, cursor.copy(SQL["copy_incoming"]) as copy:
        copy.set_types(["int8", "int8", "text", "text", "bytea", "bytea"])
        for position, voucher in enumerate(placed, start=1):
            sealed = pins.seal(voucher.pin, operator=operator, serial=voucher.serial)
            index = pins.index(voucher.pin, operator=operator)
            copy.write_row(
                (position, voucher.line_no, voucher.serial, sealed.key_id, sealed.box, index)
            )
            if position % _STEP == 0:
                progress("seal", position, len(placed))
    known = tx.execute(SQL["find_known_voucher"], {"operator": operator}).fetchone()
    if known is not None:
        kind = delivery.SerialKnown if known["same_serial"] else delivery.PinKnown
        raise kind(line_no=known["line_no"], serial=known["serial"])
    progress("store", 0, len(placed))
    tx.execute(SQL["save_vouchers"], {"batch_id": batch_id, "operator": operator})
    progress("store", len(placed), len(placed))


def _store_lots(
    tx: Transaction,
    ranges: list[Range],
    *,
    batch_id: UUID,
    site_code: str,
    new_id: Callable[[], UUID],
) -> None:
    columns: dict[str, Any] = {
        "batch_id": batch_id,
        "site_code": site_code,
        "lot_ids": [new_id() for _ in ranges],
        "offer_codes": [each.offer_code for each in ranges],
        "face_values": [each.face_value_cents for each in ranges],
        "use_by": [each.use_by for each in ranges],
        "firsts": [each.first_position for each in ranges],
        "ends": [each.end_position for each in ranges],
    }
    tx.execute(SQL["save_lots"], columns)


def _fact(
    placed: list[DeliveredVoucher],
    *,
    batch_id: UUID,
    operator: str,
    batch_code: str,
    site_code: str,
) -> events.BatchReceived:
    counts = Counter(voucher.offer_code for voucher in placed)
    worth: Counter[str] = Counter()
    for voucher in placed:
        worth[voucher.offer_code] += voucher.face_value_cents
    return events.BatchReceived(
        batch_id=batch_id,
        operator=operator,
        batch_code=batch_code,
        site_code=site_code,
        vouchers=len(placed),
        face_value_cents=sum(worth.values()),
        offers=[
            events.OfferReceived(
                offer_code=offer_code, count=counts[offer_code], face_value_cents=worth[offer_code]
            )
            for offer_code in sorted(counts)
        ],
    )
