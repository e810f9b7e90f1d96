"""A reference device: what a till does offline, as its maker would write it from our documents.

It knows nothing of the service's own code: it opens its boxes, writes its records in canonical JSON
(RFC 8785) and chains them by itself.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Sale = dict[str, Any]


@dataclass(kw_only=True)
class Device:
    """A till's device: its leases, its chain, what it has not sent up."""

    till_id: str
    seller_id: str = field(default_factory=lambda: str(uuid4()))
    sequence: int = 0
    hash: str = ""
    leases: dict[str, dict[str, Any]] = field(default_factory=dict)
    vouchers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    allowances: dict[tuple[str, str], int] = field(default_factory=dict)
    unsent: list[Sale] = field(default_factory=list)

    def take(self, lease: Mapping[str, Any]) -> str:
        """Keep a lease that was answered; return its id."""
        lease_id = str(lease["lease_id"])
        self.leases[lease_id] = dict(lease)
        self.vouchers[lease_id] = list(lease["vouchers"])
        for each in lease["allowances"]:
            place = each["person_ref"], each["month"]
            self.allowances[place] = self.allowances.get(place, 0) + each["allowed_cents"]
        return lease_id

    def may_sell(self, lease_id: str, person_ref: str, *, month: str, quantity: int = 1) -> bool:
        """Whether the person has allowance, and the lease vouchers, for so many."""
        counted = self._counted(lease_id, quantity)
        enough = len(self.vouchers[lease_id]) >= quantity
        return enough and self.allowances.get((person_ref, month), 0) >= counted

    def _counted(self, lease_id: str, quantity: int) -> int:
        lease = self.leases[lease_id]
        if lease["cap_counts"] == "price":
            return int(lease["price_cents"]) * quantity
        return sum(each["face_value_cents"] for each in self.vouchers[lease_id][:quantity])

    def sell(
        self,
        lease_id: str,
        person_ref: str,
        *,
        at: datetime,
        quantity: int = 1,
        tendered_cents: int | None = None,
    ) -> tuple[Sale, list[str]]:
        """Sell vouchers offline; return the line of the chain, and the PINs that were shown."""
        lease = self.leases[lease_id]
        month = f"{at.astimezone(UTC):%Y-%m}"  # tests that sell near midnight pass it themselves
        counted = self._counted(lease_id, quantity)
        place = person_ref, month
        self.allowances[place] = self.allowances.get(place, 0) - counted
        sold = [self.vouchers[lease_id].pop(0) for _ in range(quantity)]
        by_worth: dict[int, list[str]] = {}
        for each in sold:
            by_worth.setdefault(each["face_value_cents"], []).append(each["serial"])
        price = lease["price_cents"]
        total = price * quantity
        tendered = total if tendered_cents is None else tendered_cents
        record = {
            "till_id": self.till_id,
            "sequence": self.sequence + 1,
            "sale_id": str(uuid4()),
            "sold_at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
            "person_ref": person_ref,
            "seller_id": self.seller_id,
            "lease_id": lease_id,
            "lines": [
                {
                    "offer_code": lease["offer_code"],
                    "serials": serials,
                    "price_cents": price,
                    "face_value_cents": worth,
                }
                for worth, serials in by_worth.items()
            ],
            "tendered_cents": tendered,
            "total_cents": total,
            "change_cents": tendered - total,
        }
        return self.append(record), [self.open(lease_id, each) for each in sold]

    def append(self, record: Sale) -> Sale:
        """Chain a record to the one before, and keep it to be sent up."""
        line = chained(record, self.hash)
        self.sequence, self.hash = record["sequence"], line["hash"]
        self.unsent.append(line)
        return line

    def open(self, lease_id: str, voucher: Mapping[str, Any]) -> str:
        """Open a voucher's box."""
        key = base64.urlsafe_b64decode(self.leases[lease_id]["key"])
        box = base64.urlsafe_b64decode(voucher["box"])
        return AESGCM(key).decrypt(box[:12], box[12:], voucher["serial"].encode()).decode()

    def sent(self, outcomes: list[Mapping[str, Any]]) -> None:
        """Forget what was accepted or is known; what was refused stays."""
        done = {each["sequence"] for each in outcomes if each["outcome"] != "refused"}
        self.unsent = [line for line in self.unsent if line["sequence"] not in done]

    @property
    def chain(self) -> dict[str, Any]:
        """Where the chain ends, as a return says it."""
        return {"sequence": self.sequence, "hash": self.hash}


def chained(record: Sale, previous_hash: str) -> Sale:
    """Return a record with the hash of the one before and its own."""
    written = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(bytes.fromhex(previous_hash) + written.encode())
    return record | {"previous_hash": previous_hash, "hash": digest.hexdigest()}


def record_of(line: Sale) -> Sale:
    """Return the record of a line, without its place in the chain."""
    return {name: value for name, value in line.items() if name not in ("previous_hash", "hash")}
