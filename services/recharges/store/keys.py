"""The data keys that seal PINs, taught to a PinSeal inside a transaction."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from chassis.db import Transaction
from services.recharges.seal import INDEX, PinSeal, WrappedKey
from services.recharges.store import SQL


def learn(tx: Transaction, pins: PinSeal, key_ids: Iterable[str]) -> None:
    """Teach the keys that these PINs are sealed with; asks the database for unknown ones alone.

    With the first of them comes the key under the blind index: what it was derived from may have
    left RELAIS_PIN_KEYS since.
    """
    unknown = [key_id for key_id in {*key_ids} if not pins.knows(key_id)]
    if unknown:
        for row in tx.execute(SQL["find_pin_keys"], {"key_ids": [*unknown, INDEX]}):
            pins.learn(WrappedKey(**row))


def learn_to_seal(tx: Transaction, pins: PinSeal) -> None:
    """Teach what an import seals with: the newest data key, if there is one, and the index key."""
    pins.seal_with(pins.key_ids[0])
    for row in tx.execute(SQL["find_sealing_keys"]).fetchall():
        pins.learn(WrappedKey(**row))
        if row["key_id"] != INDEX:
            pins.seal_with(row["key_id"])


def keys_wrapped_otherwise(tx: Transaction, wrapped_by: str) -> list[WrappedKey]:
    """Return, locked, the data keys that another key of RELAIS_PIN_KEYS wraps."""
    rows = tx.execute(SQL["find_keys_wrapped_otherwise"], {"wrapped_by": wrapped_by})
    return [WrappedKey(**row) for row in rows]


def save(tx: Transaction, key: WrappedKey, *, made_at: datetime) -> None:
    """Keep a key, unless there is one of that name."""
    tx.execute(SQL["save_pin_key"], asdict(key) | {"made_at": made_at})


def rewrap(tx: Transaction, key: WrappedKey) -> None:
    """Keep a key as it is wrapped now."""
    tx.execute(SQL["rewrap_key"], asdict(key))
