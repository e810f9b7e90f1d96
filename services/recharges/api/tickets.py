"""What reprints and printed tickets are asked and answered with."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Body, Parameters
from services.recharges.api.selling import Printed, TicketFormat, VoucherSold


class Reprint(Body):
    """Why a ticket is printed again with its PINs, and as what."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    format: TicketFormat | None = None


class Reprinted(Answer):
    """A copy of a ticket, DUPLICATA `copy_no`; vouchers that were given back are left out."""

    sale_id: UUID
    ticket_no: int
    copy_no: int
    vouchers: list[VoucherSold]
    printed: Printed | None


class RevealShown(Answer):
    """One time that the PINs of a sale were shown: to whom, when, where and why."""

    kind: Literal["first", "retry", "reprint"]
    revealed_by: UUID
    revealed_at: datetime
    till_id: UUID
    reason: str
    copy_no: int | None


class TicketPaper(Parameters):
    """What a ticket is printed as."""

    format: TicketFormat = "html"


class PrintTicket(Body):
    """As what a refund's receipt is printed; a reason once it was printed already."""

    format: TicketFormat = "html"
    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class PrintReport(Body):
    """As what a closing is printed; a reason once it was printed already."""

    format: Literal["html", "pdf", "escpos"] = "html"
    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class PaperPrinted(Answer):
    """A paper as it was printed: the original (0), or DUPLICATA `copy_no`."""

    copy_no: int
    printed: Printed | None
