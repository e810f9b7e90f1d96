"""What offline tills lease, send up and give back."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, RootModel

from chassis.http import Answer, Body
from services.recharges.api.selling import Amount, Code

#: A SHA-256 in hexadecimal; empty before the first sale of a chain.
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PreviousHash = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
#: Gap-free numbers; far below what is no longer exact in JSON.
Sequence = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]
Serial = Annotated[str, Field(min_length=1, max_length=64)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


def _in_utc(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("This is no instant in UTC, such as 2026-11-22T09:30:00Z.") from error
    return text


#: Kept as it was written, for it is hashed so.
Instant = Annotated[
    str,
    Field(pattern=r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"),
    AfterValidator(_in_utc),
]


class TakeLease(Body):
    """Vouchers of one offer for a till to sell without the network, and for whom."""

    offer_code: Code
    quantity: Annotated[int, Field(ge=1, le=1_000, strict=True)]
    people: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    allowance_cents: Amount | None = None


class LeasedVoucher(Answer):
    """A voucher whose PIN is boxed under the lease's key: nonce and AES-256-GCM, base64url."""

    serial: str
    box: str
    face_value_cents: int
    use_by: date


class Allowance(Answer):
    """What a person may buy at this till offline in this month."""

    person_ref: UUID
    month: str
    allowed_cents: int


class ChainHead(Answer):
    """The end of the device's chain as we have it."""

    sequence: int
    hash: str


class LeaseTaken(Answer):
    """An allotment: the box of each voucher opens with the key, its serial as associated data."""

    lease_id: UUID
    offer_code: str
    price_cents: int
    expires_at: datetime
    key: str
    vouchers: list[LeasedVoucher]
    allowances: list[Allowance]
    cap_counts: Literal["price", "face_value"]
    chain: ChainHead


class LeaseShown(Answer):
    """A lease as it stands."""

    lease_id: UUID
    till_id: UUID
    device_id: UUID
    offer_code: str
    price_cents: int
    state: Literal["open", "returned", "revoked"]
    count: int
    sold: int
    leased_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class DeviceHead(Body):
    """The end of the chain as the device has it."""

    sequence: Sequence
    hash: PreviousHash


class ReturnLease(Body):
    """What is not sold goes back.  The device says where its chain ends, so that none is missed."""

    chain: DeviceHead | None = None


class OfflineLine(Body):
    """Vouchers of one offer; price and face value are of one."""

    offer_code: Code
    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=20)]
    price_cents: Amount
    face_value_cents: Amount


class OfflineSale(Body):
    """One sale of the device's chain: its record, chained by SHA-256 to the one before."""

    sequence: Annotated[Sequence, Field(ge=1)]
    previous_hash: PreviousHash
    hash: Hash
    till_id: UUID
    sale_id: UUID
    sold_at: Instant
    person_ref: UUID
    seller_id: UUID
    lease_id: UUID
    lines: Annotated[tuple[OfflineLine, ...], Field(min_length=1, max_length=10)]
    tendered_cents: Amount
    total_cents: Amount
    change_cents: Amount


class OfflineSales(RootModel[Annotated[tuple[OfflineSale, ...], Field(max_length=200)]]):
    """What a device sold, in order; at most 200 at a time."""


class OfflineOutcome(Answer):
    """What became of one of them; a refused one says why, as a problem document does."""

    sequence: int
    outcome: Literal["accepted", "known", "refused"]
    sale_id: UUID
    ticket_no: int | None = None
    code: str | None = None
    detail: str | None = None


class Unfreeze(Body):
    """Why a frozen till may sell again."""

    reason: Reason


class TillUnfrozen(Answer):
    """A till that may sell again, and why it was frozen."""

    till_id: UUID
    frozen_at: datetime
    frozen_why: str
    frozen_detail: str
