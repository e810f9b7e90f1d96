"""Taking in an operator's delivery: one transaction, all or nothing, progress shown on the way."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.db import Transaction
from kernel.period import business_date
from kernel.refusal import NotFound, Refusal
from services.recharges import events
from services.recharges.domain import delivery
from services.recharges.domain.delivery import Kind, Range, SiteUnknown
from services.recharges.domain.reading import Reader
from services.recharges.seal import PinSeal
from services.recharges.store import SQL, deliveries, keys
from services.recharges.store import selling as store

#: Told after each block of lines: which step, how many are done, how many there are.
Progress = Callable[[str, int, int], None]


class OperatorUnknown(NotFound):
    """The tariff has no offer of the operator {operator}."""

    code = "recharges.delivery.operator_unknown"


class FileTwice(Refusal):
    """This very file was imported before, as batch {batch_code} of {site_code}."""

    code = "recharges.delivery.file_twice"


class BatchTwice(Refusal):
    """The batch {batch_code} was imported at {site_code} before, from another file."""

    code = "recharges.delivery.batch_twice"


class ReceiverUnsaid(Refusal):
    """A second person releases the deliveries of {operator}. Please say who received this one."""

    code = "recharges.delivery.receiver_unsaid"


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
    received_by: UUID | None = None,
) -> events.BatchReceived:
    """Read, check, seal and store a delivery, and tell that it arrived; or refuse it whole.

    The file is read twice, so that no more of it is held than a block, and what was read before.
    """
    on = business_date(now)
    face_values = store.face_values(tx, on=on, operator=operator)
    if not face_values:
        raise OperatorUnknown(operator=operator)
    _require_new(tx, content, operator=operator, batch_code=batch_code, site_code=site_code)
    rule = tx.execute(SQL["find_quarantine"], {"operator": operator, "on": on}).fetchone()
    quarantined = rule is not None and rule["quarantined"]
    if quarantined and received_by is None:  # or that very person could release it
        raise ReceiverUnsaid(operator=operator)
    reader = Reader(delivery.decode(content), face_values=face_values, on=on)
    counts = reader.survey(lambda done: progress("read", done, reader.lines))
    delivery.check_totals(counts, count=count, face_value_cents=face_value_cents)
    fact = _fact(
        counts, batch_id=new_id(), operator=operator, batch_code=batch_code, site_code=site_code
    )
    ranges = delivery.arrange(counts)
    received = {
        "batch_id": fact.batch_id,
        "operator": operator,
        "batch_code": batch_code,
        "site_code": site_code,
        "file_sha256": hashlib.sha256(content).digest(),
        "voucher_count": fact.vouchers,
        "face_value_cents": fact.face_value_cents,
        "received_at": now,
        "received_by": received_by,
        "state": "received" if quarantined else "active",
        "lot_state": "quarantined" if quarantined else "available",
    }
    tx.execute(SQL["save_batch"], received)
    keys.learn_to_seal(tx, pins)
    _store_vouchers(tx, reader, ranges, fact=fact, pins=pins, progress=progress)
    tx.execute(SQL["save_lots"], received | _columns_of_lots(ranges, new_id=new_id))
    outbox.append(tx, [fact.tell(id=new_id(), subject=str(fact.batch_id), site=site_code, at=now)])
    return fact


def waits_for_release(tx: Transaction, batch_id: UUID) -> bool:
    """Say whether a second person must release the batch before it is sold from."""
    row = tx.execute(SQL["find_batch_state"], {"batch_id": batch_id}).fetchone()
    return row is not None and row["state"] == "received"


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
    reader: Reader,
    ranges: Sequence[Range],
    *,
    fact: events.BatchReceived,
    pins: PinSeal,
    progress: Progress,
) -> None:
    """Copy the vouchers straight into their table: it is its constraints that find a twin."""
    try:
        with tx.transaction(), tx.cursor() as cursor:
            with cursor.copy(SQL["copy_vouchers"]) as copy:
                copy.write(deliveries.COPY_BEGINS)
                done = 0
                for rows, number in _sealed(reader, ranges, fact=fact, pins=pins):
                    copy.write(rows)
                    done += number
                    progress("seal", done, fact.vouchers)
                copy.write(deliveries.COPY_ENDS)
                progress("store", 0, fact.vouchers)
            progress("store", fact.vouchers, fact.vouchers)
    except deliveries.Twin:
        _refuse_known(tx, reader, operator=fact.operator, pins=pins)
        raise


def _sealed(
    reader: Reader, ranges: Sequence[Range], *, fact: events.BatchReceived, pins: PinSeal
) -> Iterator[tuple[bytes, int]]:
    """Yield the vouchers as rows, and how many: PINs sealed, each kind at its own next position."""
    places = {each.kind: itertools.count(each.first_position).__next__ for each in ranges}
    for block in reader.blocks():
        serials = [serial.encode() for serial in block.serials]
        clear = list(zip(serials, (pin.encode() for pin in block.pins), strict=True))
        sealed = pins.seal_all(clear, operator=fact.operator)
        rows = deliveries.voucher_rows(
            (
                (places[kind](), serial, box, index)
                for kind, serial, (box, index) in zip(block.kinds, serials, sealed, strict=True)
            ),
            batch_id=fact.batch_id,
            operator=fact.operator,
            key_id=pins.current,
        )
        yield rows, len(serials)


def _refuse_known(tx: Transaction, reader: Reader, *, operator: str, pins: PinSeal) -> None:
    """Name the first line that brings what we have."""
    known = deliveries.find_known(
        tx,
        (
            (each.line_no, each.serial, pins.index(each.pin, operator=operator))
            for each in reader.vouchers()
        ),
        operator=operator,
    )
    if known is not None:
        line_no, serial, same_serial = known
        kind = delivery.SerialKnown if same_serial else delivery.PinKnown
        raise kind(line_no=line_no, serial=serial)


def _columns_of_lots(ranges: Sequence[Range], *, new_id: Callable[[], UUID]) -> dict[str, Any]:
    return {
        "lot_ids": [new_id() for _ in ranges],
        "move_ids": [new_id() for _ in ranges],
        "offer_codes": [each.kind.offer_code for each in ranges],
        "face_values": [each.kind.face_value_cents for each in ranges],
        "use_by": [each.kind.use_by for each in ranges],
        "firsts": [each.first_position for each in ranges],
        "ends": [each.end_position for each in ranges],
    }


def _fact(
    counts: Mapping[Kind, int],
    *,
    batch_id: UUID,
    operator: str,
    batch_code: str,
    site_code: str,
) -> events.BatchReceived:
    of_offer: dict[str, dict[Kind, int]] = {}
    for kind, number in counts.items():
        of_offer.setdefault(kind.offer_code, {})[kind] = number
    return events.BatchReceived(
        batch_id=batch_id,
        operator=operator,
        batch_code=batch_code,
        site_code=site_code,
        vouchers=sum(counts.values()),
        face_value_cents=delivery.worth(counts),
        offers=[
            events.OfferReceived(
                offer_code=offer_code,
                count=sum(of_offer[offer_code].values()),
                face_value_cents=delivery.worth(of_offer[offer_code]),
            )
            for offer_code in sorted(of_offer)
        ],
    )
