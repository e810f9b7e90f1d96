"""Tickets and reports to print, and how their prints are read back."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from chassis import texts
from kernel.money import Cents
from kernel.period import Month
from services.recharges.domain import ticket as model
from services.recharges.domain.journal import Period
from services.recharges.domain.report import (
    Anchor,
    Approval,
    ClosingReport,
    Denomination,
    DrawerMovement,
    DrawerReport,
    Handover,
    LateTickets,
    Place,
    ReportKind,
    Takings,
    TicketWindow,
)
from services.recharges.domain.ticket import (
    Seller,
    Tender,
    Ticket,
    TicketLine,
    TicketVoucher,
    VatShare,
)

SOLD_AT = datetime(2026, 11, 22, 13, 3, 27, tzinfo=UTC)
SOLD_ON = date(2026, 11, 22)


SELLER = Seller(name="Relais Solidaire", siret="12345678200002")


def line(**changes: Any) -> TicketLine:
    said: dict[str, Any] = {
        "label": "Recharge SFR crédit",
        "quantity": 1,
        "unit_price_cents": Cents(250),
    }
    return TicketLine(**(said | changes))


def voucher(**changes: Any) -> TicketVoucher:
    said: dict[str, Any] = {
        "offer_label": "Recharge SFR crédit",
        "operator": "sfr",
        "operator_name": "SFR",
        "serial": "SFR0004217733",
        "pin": "84120957316604",
        "face_value_cents": Cents(1500),
        "use_by_on": date(2027, 12, 31),
        "how_to_top_up": model.top_up("sfr", on=SOLD_ON).how,
        "how_to_top_up_briefly": model.top_up("sfr", on=SOLD_ON).how_briefly,
    }
    return TicketVoucher(**(said | changes))


def sale(**changes: Any) -> Ticket:
    said: dict[str, Any] = {
        "site_name": "Paris 19",
        "till_name": "Caisse 1",
        "ticket_no": 4217,
        "recorded_at": SOLD_AT,
        "business_date": SOLD_ON,
        "lines": (line(),),
        "tender": Tender.CASH,
        "tendered_cents": Cents(500),
        "cap_left": model.CapLeft(month=Month(2026, 11), left_cents=Cents(2750)),
        "vouchers": (voucher(),),
        "signature_characters": "aX7_",
        "software_version": "Relais 0.1.0",
    }
    return Ticket(**(said | changes))


def place(**changes: Any) -> Place:
    said: dict[str, Any] = {
        "site_name": "Paris 19",
        "till_name": "Caisse 1",
        "printed_at": datetime(2026, 11, 22, 17, 31, 40, tzinfo=UTC),
        "printed_by_code": "M2",
        "software_version": "Relais 0.1.0",
    }
    return Place(**(said | changes))


_ANCHORS = (
    Anchor(kind="ticket", sequence=4302, hash_start="9f86d081884c7d65"),
    Anchor(kind="duplicate", sequence=12, hash_start="60303ae22b998861"),
)
_LATE = (LateTickets(business_date=date(2026, 11, 21), count=3, total_cents=Cents(750)),)


def closing(**changes: Any) -> DrawerReport:
    said: dict[str, Any] = {
        "kind": ReportKind.Z,
        "report_no": 118,
        "place": place(),
        "business_date": SOLD_ON,
        "opened_at": datetime(2026, 11, 22, 8, 2, 11, tzinfo=UTC),
        "opened_by_code": "K7",
        "held_by_code": "R4",
        "opening": (
            Denomination(value_cents=Cents(1000), count=4),
            Denomination(value_cents=Cents(50), count=20),
        ),
        "movements": (
            DrawerMovement(
                amount_cents=Cents(-2000),
                reason="versement en banque",
                recorded_at=datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC),
                by_code="M2",
            ),
            DrawerMovement(
                amount_cents=Cents(1000),
                reason="appoint de monnaie",
                recorded_at=datetime(2026, 11, 22, 14, 0, 0, tzinfo=UTC),
                by_code="R4",
            ),
        ),
        "handovers": (
            Handover(
                at=datetime(2026, 11, 22, 12, 30, 0, tzinfo=UTC),
                from_code="K7",
                to_code="R4",
                by_code="M2",
                counted_cents=Cents(21050),
                expected_cents=Cents(21100),
            ),
        ),
        "takings": Takings(
            cash_sales_cents=Cents(31250),
            cash_refunds_cents=Cents(500),
            card_sales_cents=Cents(18750),
            card_refunds_cents=Cents(250),
            perpetual_real_cents=Cents(123456750),
            perpetual_absolute_cents=Cents(123987650),
        ),
        "counted": (
            Denomination(value_cents=Cents(2000), count=15),
            Denomination(value_cents=Cents(500), count=8),
            Denomination(value_cents=Cents(50), count=4),
        ),
        "counted_by_code": "R4",
        "counted_at": datetime(2026, 11, 22, 17, 30, 0, tzinfo=UTC),
        "approval": Approval(
            by_code="M2",
            reason="billet égaré",
            at=datetime(2026, 11, 22, 17, 31, 0, tzinfo=UTC),
        ),
        "window": TicketWindow(from_ticket_no=4101, until_ticket_no=4302),
        "anchors": _ANCHORS,
        "late": _LATE,
    }
    return DrawerReport(**(said | changes))


def month(**changes: Any) -> ClosingReport:
    """A month as the clock closed it."""
    said: dict[str, Any] = {
        "place": place(),
        "period": Period.MONTH,
        "period_on": date(2026, 11, 1),
        "closing_no": 9,
        "closed_at": datetime(2026, 12, 1, 0, 1, 5, tzinfo=UTC),
        "closed_by_code": None,
        "window": TicketWindow(from_ticket_no=3001, until_ticket_no=4302),
        "sale_count": 1299,
        "refund_count": 3,
        "sold_cents": Cents(324_750),
        "refunded_cents": Cents(750),
        "by_tender": (("card", Cents(100_000)), ("cash", Cents(224_000))),
        "vat": (VatShare(rate="exempt", net_cents=Cents(324_000), tax_cents=Cents(0)),),
        "late": _LATE,
        "perpetual_real_cents": Cents(123456750),
        "perpetual_absolute_cents": Cents(123987650),
        "anchors": _ANCHORS,
    }
    return ClosingReport(**(said | changes))


def blind(**changes: Any) -> DrawerReport:
    """An X before the count: it gives the counter nothing to aim at."""
    hidden: dict[str, Any] = {
        "kind": ReportKind.X,
        "report_no": None,
        "takings": None,
        "handovers": (),
        "counted": None,
        "counted_by_code": None,
        "approval": None,
        "late": (),
        "anchors": (),
    }
    return closing(**(hidden | changes))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = self._style or tag in ("style", "head")

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "head"

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.pieces.append(data)


def text_of_html(page: str) -> str:
    """What a person reads on the page."""
    reader = _Text()
    reader.feed(page)
    return flat(" ".join(reader.pieces))


def text_of_pdf(document: bytes) -> str:
    return flat("\n".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages))


#: ESC @, ESC t n, ESC E n, ESC a n, GS ! n, ESC d n and GS V n: all that a ticket sends.
_COMMANDS = re.compile(rb"\x1b@|\x1b[tEad].|\x1d[!V].", re.DOTALL)
_SIZE = re.compile(rb"\x1d!(.)", re.DOTALL)


def lines_of_roll(printed: bytes) -> list[tuple[str, int]]:
    """Each printed line and how many columns of the roll it takes."""
    found, size = [], 1
    for raw in printed.split(b"\n"):
        for change in _SIZE.finditer(raw):
            size = (change[1][0] >> 4) + 1
        text = _COMMANDS.sub(b"", raw).decode("cp1252")
        found.append((text, len(text) * size))
    return found


def text_of_roll(printed: bytes) -> str:
    return flat("\n".join(text for text, _ in lines_of_roll(printed)))


def flat(text: str) -> str:
    """The text with every space plain and single, and the minus as a hyphen."""
    return " ".join(text.split()).replace("\N{MINUS SIGN}", "-")


_AMOUNT = {
    "fr": re.compile(r"(?<!\d)-?\d{1,3}(?: \d{3})*,\d{2} €"),
    "en": re.compile(r"-?€\d{1,3}(?:,\d{3})*\.\d{2}"),
}


#: A count or a time that stands before an amount would read as its thousands.
_COUNT_BEFORE = re.compile(r"Tickets ?: \d+ |\d\d:\d\d:\d\d ")


def amounts_in(text: str, *, language: str = "fr") -> Counter[str]:
    return Counter(_AMOUNT[language].findall(_COUNT_BEFORE.sub("", text)))


def amounts(*cents: int, language: str = "fr") -> Counter[str]:
    return Counter(flat(texts.amount(each, language=language)) for each in cents)
