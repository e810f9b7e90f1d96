"""One line of an offline till's chain, as it is sent up, and what may be wrong with it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from kernel.money import Cents
from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges.domain import journal


class Fork(Refusal):
    """Another sale was already accepted under the number {sequence}."""

    code = "recharges.offline.fork"


class ChainBroken(Refusal):
    """This sale does not follow the one before it: sale {expected} was awaited."""

    code = "recharges.offline.chain_broken"


class HashWrong(Refusal):
    """This sale is not what its hash was taken of."""

    code = "recharges.offline.hash_wrong"


class TimeBroken(Refusal):
    """This sale's time cannot be right: it lies before the sale before it, or in the future."""

    code = "recharges.offline.time_broken"


class LeaseNotHeld(Refusal):
    """This till had no such lease when the sale was made."""

    code = "recharges.offline.lease_not_held"


class AmountsWrong(Refusal):
    """The amounts of this sale are not those of its lease, or do not add up."""

    code = "recharges.offline.amounts_wrong"


class VoucherNotHeld(Refusal):
    """The voucher {serial} was not this lease's to sell, or has been sold already."""

    code = "recharges.offline.voucher_not_held"


class NoAllowance(Refusal):
    """This sale counts {counted_cents} and {left_cents} are left for this person."""

    code = "recharges.offline.no_allowance"


class SaleKnown(Refusal):
    """Another sale has this sale's id."""

    code = "recharges.offline.sale_known"


class AfterRefused(Refusal):
    """A sale before this one was refused."""

    code = "recharges.offline.after_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Vouchers of one offer; price and face value are of one."""

    offer_code: str
    serials: tuple[str, ...]
    price_cents: Cents
    face_value_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineSale:
    """One line of a device's chain, as it was sent up."""

    till_id: UUID
    sequence: int
    previous_hash: bytes
    hash: bytes
    sale_id: UUID
    sold_at: datetime
    #: The same instant, as the device wrote it.
    sold_at_text: str
    person_ref: UUID
    seller_id: UUID
    lease_id: UUID
    lines: tuple[Line, ...]
    tendered_cents: Cents
    total_cents: Cents
    change_cents: Cents

    @property
    def record(self) -> str:
        """The canonical JSON that the hash is taken of."""
        return journal.canonical(
            {
                "till_id": str(self.till_id),
                "sequence": self.sequence,
                "sale_id": str(self.sale_id),
                "sold_at": self.sold_at_text,
                "person_ref": str(self.person_ref),
                "seller_id": str(self.seller_id),
                "lease_id": str(self.lease_id),
                "lines": [
                    {
                        "offer_code": line.offer_code,
                        "serials": list(line.serials),
                        "price_cents": line.price_cents,
                        "face_value_cents": line.face_value_cents,
                    }
                    for line in self.lines
                ],
                "tendered_cents": self.tendered_cents,
                "total_cents": self.total_cents,
                "change_cents": self.change_cents,
            }
        )

    @property
    def serials(self) -> list[str]:
        """Every voucher of the sale."""
        return [serial for line in self.lines for serial in line.serials]

    @property
    def business_date(self) -> date:
        """The day the sale belongs to."""
        return business_date(self.sold_at)

    @property
    def own_hash(self) -> bytes:
        """What its hash must be."""
        return journal.seal(self.record, previous_hash=self.previous_hash)
