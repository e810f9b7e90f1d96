"""A till that lost its network: what its device does by itself, from our documents alone.

It opens boxes with the lease's key, writes each sale in canonical JSON (RFC 8785) and chains it to
the one before by SHA-256.
"""

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


@dataclass(kw_only=True)
class Device:
    """One till's device with one lease, its chain, and what waits to be sent up."""

    till_id: str
    seller_id: str
    lease: dict[str, Any]
    waiting: list[dict[str, Any]] = field(default_factory=list)
    pins_shown: int = 0

    def __post_init__(self) -> None:
        """Go on where the service says that the chain ends."""
        self.sequence: int = self.lease["chain"]["sequence"]
        self.hash: str = self.lease["chain"]["hash"]

    def sell(self, person_ref: str, *, at: datetime) -> str:
        """Sell one voucher without the network; return the PIN that the customer sees."""
        voucher = self.lease["vouchers"].pop(0)
        price = self.lease["price_cents"]
        record = {
            "till_id": self.till_id,
            "sequence": self.sequence + 1,
            "sale_id": str(uuid.uuid4()),
            "sold_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "person_ref": person_ref,
            "seller_id": self.seller_id,
            "lease_id": self.lease["lease_id"],
            "lines": [
                {
                    "offer_code": self.lease["offer_code"],
                    "serials": [voucher["serial"]],
                    "price_cents": price,
                    "face_value_cents": voucher["face_value_cents"],
                }
            ],
            "tendered_cents": price,
            "total_cents": price,
            "change_cents": 0,
        }
        written = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        hash_ = hashlib.sha256(bytes.fromhex(self.hash) + written.encode()).hexdigest()
        self.waiting.append(record | {"previous_hash": self.hash, "hash": hash_})
        self.sequence, self.hash = self.sequence + 1, hash_
        self.pins_shown += 1
        return self._open(voucher)

    def _open(self, voucher: dict[str, Any]) -> str:
        key = base64.urlsafe_b64decode(self.lease["key"])
        box = base64.urlsafe_b64decode(voucher["box"])
        cipher = AESGCM(key)
        return cipher.decrypt(
            box[:_NONCE_BYTES], box[_NONCE_BYTES:], voucher["serial"].encode()
        ).decode()
