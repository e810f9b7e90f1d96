"""Turning the keys that seal PINs: every voucher gets a new box while tills sell and imports run.

Each batch is a transaction of its own and a voucher's old key stays where it is, so a PIN can be
opened at every instant.  A turn that was cut short goes on where it stood: as long as vouchers are
left under an older key, no newer one is made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag

from chassis.db import Transaction
from kernel.refusal import Refusal
from services.recharges.seal import KeyUnknown, PinSeal, Sealed
from services.recharges.store import SQL
from services.recharges.store import keys as store

#: Told after each batch: how many vouchers have a new box, how many there are to do.
Progress = Callable[[int, int], None]
_BATCH = 2_000
_FIRST = (UUID(int=0), 0)


class TurnRunning(Refusal):
    """The keys are being turned already, by another process."""

    code = "recharges.keys.turn_running"


class KeyMissing(Refusal):
    """RELAIS_PIN_KEYS does not hold the key {key_id}, which something is still sealed with."""

    code = "recharges.keys.key_missing"


class IndexKeyWrong(Refusal):
    """RELAIS_PIN_KEYS does not hold the key that PINs are compared by: was the oldest dropped?"""

    code = "recharges.keys.index_key_wrong"


class PinDamaged(Refusal):
    """The sealed PIN of serial {serial} of {operator} does not open: it was changed."""

    code = "recharges.keys.pin_damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a turn of the keys did."""

    key_id: str
    continued: bool
    resealed: int
    #: Vouchers still under an older key.
    left: int
    rewrapped: int
    #: Keys of RELAIS_PIN_KEYS that nothing needs any more.
    droppable: tuple[str, ...]


def turn_keys(
    connection: Transaction, *, pins: PinSeal, new_key_id: str, now: datetime, progress: Progress
) -> Turned:
    """Seal every PIN with a new data key.  The connection is in autocommit and nobody else's."""
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET lock_timeout = 0")
    lock = connection.execute(SQL["lock_rotation"]).fetchone()
    if lock is None or not lock["taken"]:
        raise TurnRunning()
    try:
        rewrapped = _keep_keys(connection, pins=pins, now=now)
        continued = _choose_key(connection, pins=pins, new_key_id=new_key_id, now=now)
        # An import that began before there was this key still seals with an older one; the ones
        # after it do not.
        with connection.transaction():
            connection.execute(SQL["lock_deliveries"])
        resealed = _reseal_all(connection, pins=pins, progress=progress)
    except KeyUnknown as missing:
        raise KeyMissing(key_id=str(missing)) from missing
    left = _count_otherwise(connection, pins.current)
    return Turned(
        key_id=pins.current,
        continued=continued,
        resealed=resealed,
        left=left,
        rewrapped=rewrapped,
        droppable=pins.key_ids[1:] if left == 0 else (),
    )


def _keep_keys(connection: Transaction, *, pins: PinSeal, now: datetime) -> int:
    """Wrap every data key, and the one under the blind index, by the first key; count them."""
    with connection.transaction():
        store.learn_to_seal(connection, pins)
        _require_index(connection, pins)
        older = store.keys_wrapped_otherwise(connection, pins.key_ids[0])
        for key in older:
            store.rewrap(connection, pins.rewrap(key))
        store.save(connection, pins.wrapped_index(), made_at=now)
    return len(older)


def _require_index(connection: Transaction, pins: PinSeal) -> None:
    """Hold the key under the blind index against a voucher: with a wrong one, twins would pass."""
    for row in connection.execute(SQL["find_a_voucher"]):
        store.learn(connection, pins, [row["pin_key_id"]])
        if pins.index(_open(row, pins), operator=row["operator"]) != row["pin_index"]:
            raise IndexKeyWrong()


def _choose_key(connection: Transaction, *, pins: PinSeal, new_key_id: str, now: datetime) -> bool:
    """Go on with the newest data key where vouchers wait for it, or make one; say which."""
    newest = pins.current
    if newest not in pins.key_ids and _count_otherwise(connection, newest):
        return True
    key = pins.new_key(new_key_id)
    with connection.transaction():
        store.save(connection, key, made_at=now)
    pins.learn(key)
    pins.seal_with(key.key_id)
    return False


def _reseal_all(connection: Transaction, *, pins: PinSeal, progress: Progress) -> int:
    total, done = _count_otherwise(connection, pins.current), 0
    progress(0, total)
    last = _FIRST
    while True:
        with connection.transaction():
            rows = connection.execute(
                SQL["find_sealed_otherwise"],
                {
                    "batch_id": last[0],
                    "position": last[1],
                    "key_id": pins.current,
                    "limit": _BATCH,
                },
            ).fetchall()
            if not rows:
                return done
            done += _reseal(connection, rows, pins=pins)
        last = rows[-1]["batch_id"], rows[-1]["position"]
        progress(done, total)


def _reseal(connection: Transaction, rows: Sequence[dict[str, Any]], *, pins: PinSeal) -> int:
    store.learn(connection, pins, (row["pin_key_id"] for row in rows))
    boxes = [
        pins.seal(_open(row, pins), operator=row["operator"], serial=row["serial"]).box
        for row in rows
    ]
    return connection.execute(
        SQL["reseal_vouchers"],
        {
            "key_id": pins.current,
            "batch_ids": [row["batch_id"] for row in rows],
            "positions": [row["position"] for row in rows],
            "was": [row["pin_key_id"] for row in rows],
            "boxes": boxes,
        },
    ).rowcount


def _open(row: dict[str, Any], pins: PinSeal) -> str:
    operator, serial = row["operator"], row["serial"]
    sealed = Sealed(row["pin_key_id"], row["pin_sealed"])
    try:
        return pins.open(sealed, operator=operator, serial=serial)
    except InvalidTag:
        raise PinDamaged(operator=operator, serial=serial) from None


def _count_otherwise(connection: Transaction, key_id: str) -> int:
    row = connection.execute(SQL["count_sealed_otherwise"], {"key_id": key_id}).fetchone()
    return 0 if row is None else int(row["count"])
