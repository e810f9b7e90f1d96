"""Three debt files for the mediators: together they hold every kind of line and of event.

What each line is there to show (limited, near its limit, restarted by a payment, not yet due) is
said beside it; the dates hang on today, so it stays true.  `proposals` lead each file to its end:
made in turn and accepted, they settle every line, and the last one is a plan that closes the case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.demo.data.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a debt line."""

    kind: str  # payment | acknowledgement | plan_request | court_claim | reminder | ...
    on: date
    until: date | None = None  # only a mediation or a court claim lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtLine:
    """One claim of the operator, with its own limitation."""

    kind: str  # service | termination_fee | equipment | collection_fee
    label: str
    claimed_cents: int
    due_on: date
    due_cents: int | None = None  # our own figure, where it differs from the claim
    events: tuple[Event, ...] = ()

    def claim(self, *, operator: str) -> dict[str, Any]:
        """The body of POST mediation/v1/cases/{case_id}/lines."""
        return {
            "operator": operator,
            "kind": self.kind,
            "label": self.label,
            "claimed_cents": self.claimed_cents,
            "due_cents": self.due_cents,
            "due_on": self.due_on.isoformat(),
            "events": self._events(),
        }

    def question(self, *, on: date) -> dict[str, Any]:
        """The body of POST mediation/v1/calculators/limitation."""
        return {
            "line": {"kind": self.kind, "due_on": self.due_on.isoformat()},
            "events": self._events(),
            "on": on.isoformat(),
        }

    def _events(self) -> list[dict[str, Any]]:
        return [
            {
                "kind": event.kind,
                "on": event.on.isoformat(),
                "until": event.until and event.until.isoformat(),
            }
            for event in self.events
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The contract that was ended early."""

    monthly_cents: int
    commitment_months: int
    elapsed_months: int
    signed_on: date
    subsidised_handset: bool

    def question(self) -> dict[str, Any]:
        """The body of POST mediation/v1/calculators/termination-fee."""
        return {
            "monthly_cents": self.monthly_cents,
            "commitment_months": self.commitment_months,
            "elapsed_months": self.elapsed_months,
            "signed_on": self.signed_on.isoformat(),
            "subsidised_handset": self.subsidised_handset,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A sum and how it is paid."""

    amount_cents: int
    instalments: int | None = None
    first_due_on: date | None = None

    def body(self) -> dict[str, Any]:
        """The terms as an offer and a counter-offer name them."""
        return {
            "amount_cents": self.amount_cents,
            "instalments": self.instalments,
            "first_due_on": self.first_due_on and self.first_due_on.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is offered for some of the lines, and what comes back before it is accepted."""

    kind: str  # limitation_claim | recomputation | plan_request | waiver_request
    lines: tuple[int, ...]  # places in the file's `lines`
    terms: Terms
    # The operator's counter-offer, which is then the one to accept.
    counter: Terms | None = None
    # A line near its limit: without this reason, from a site manager, the offer is refused.
    override_reason: str | None = None

    def offer(self, *, operator: str, line_ids: Sequence[str]) -> dict[str, Any]:
        """The body of POST mediation/v1/cases/{case_id}/offers; ids in the order of `lines`."""
        return {
            "operator": operator,
            "kind": self.kind,
            "line_ids": list(line_ids),
            "override_reason": self.override_reason,
        } | self.terms.body()


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtFile:
    """One person's debts with one operator, the mandate to treat them, and how they end."""

    file_name: str
    person: int  # place in people.json
    site_code: str
    operator: str
    client_reference: str
    signed_on: date
    until_on: date
    contract: Contract | None
    lines: tuple[DebtLine, ...]
    proposals: tuple[Proposal, ...]

    def mandate(self) -> dict[str, Any]:
        """The body of POST mediation/v1/cases/{case_id}/mandates."""
        return {
            "operators": [self.operator],
            "signed_on": self.signed_on.isoformat(),
            "until_on": self.until_on.isoformat(),
            "client_reference": self.client_reference,
        }


def make(people: tuple[Person, ...], *, today: date) -> tuple[DebtFile, ...]:
    """Make a file at each selling site, for the person there who asked for mediation."""

    def person_of(site_code: str) -> int:
        return next(
            place
            for place, person in enumerate(people)
            if person.site_code == site_code and "mediation" in person.needs
        )

    return (
        _broken_contract(person_of("saint-denis"), today=today),
        _unreturned_box(person_of("paris-19"), today=today),
        _long_arrears(person_of("marseille"), today=today),
    )


def _ago(today: date, days: int) -> date:
    return today - timedelta(days=days)


def _broken_contract_lines(*, today: date) -> tuple[DebtLine, ...]:
    return (
        # Older than a year, and a reminder changes nothing: limited.
        DebtLine(
            kind="service",
            label="Facture d'abonnement",
            claimed_cents=2_500,
            due_on=_ago(today, 420),
            events=(Event(kind="reminder", on=_ago(today, 90)),),
        ),
        # Three weeks from its limit.
        DebtLine(
            kind="service",
            label="Facture d'abonnement et hors forfait",
            claimed_cents=6_840,
            due_on=_ago(today, 344),
            events=(Event(kind="formal_notice", on=_ago(today, 60)),),
        ),
        DebtLine(
            kind="service",
            label="Facture d'abonnement",
            claimed_cents=2_500,
            due_on=_ago(today, 130),
        ),
        # Claimed for all ten months that were left; the calculator says 50 euros.
        DebtLine(
            kind="termination_fee",
            label="Frais de résiliation",
            claimed_cents=25_000,
            due_cents=5_000,
            due_on=_ago(today, 100),
        ),
        # Not due at all.
        DebtLine(
            kind="collection_fee",
            label="Frais de recouvrement",
            claimed_cents=4_900,
            due_on=_ago(today, 40),
        ),
    )


def _broken_contract(person: int, *, today: date) -> DebtFile:
    return DebtFile(
        file_name="debt-1-saint-denis-sfr.json",
        person=person,
        site_code="saint-denis",
        operator="sfr",
        client_reference="SFR-FICTIF-4410027",
        signed_on=_ago(today, 1),
        until_on=today + timedelta(days=180),
        contract=Contract(
            monthly_cents=2_500,
            commitment_months=24,
            elapsed_months=14,
            signed_on=_ago(today, 540),
            subsidised_handset=True,
        ),
        lines=_broken_contract_lines(today=today),
        proposals=(
            Proposal(kind="limitation_claim", lines=(0, 4), terms=Terms(amount_cents=0)),
            Proposal(
                kind="plan_request",
                lines=(1, 2, 3),
                terms=Terms(
                    amount_cents=14_340, instalments=6, first_due_on=today + timedelta(days=30)
                ),
                override_reason="La personne veut garder sa ligne et régler ce qu'elle doit.",
            ),
        ),
    )


def _unreturned_box(person: int, *, today: date) -> DebtFile:
    return DebtFile(
        file_name="debt-2-paris-19-orange.json",
        person=person,
        site_code="paris-19",
        operator="orange",
        client_reference="OR-FICTIF-902115",
        signed_on=_ago(today, 3),
        until_on=today + timedelta(days=365),
        contract=None,
        lines=(
            # Restarted by a part payment: live again for a year from that day.
            DebtLine(
                kind="service",
                label="Facture internet",
                claimed_cents=3_999,
                due_on=_ago(today, 500),
                events=(Event(kind="payment", on=_ago(today, 200)),),
            ),
            # Acknowledged after its limit: a risk of renunciation, for the mediator to weigh.
            DebtLine(
                kind="service",
                label="Facture internet",
                claimed_cents=3_999,
                due_on=_ago(today, 620),
                events=(Event(kind="acknowledgement", on=_ago(today, 150)),),
            ),
            DebtLine(
                kind="equipment",
                label="Box non restituée",
                claimed_cents=10_000,
                due_on=_ago(today, 460),
                events=(Event(kind="court_claim", on=_ago(today, 30)),),
            ),
        ),
        proposals=(
            Proposal(kind="limitation_claim", lines=(1,), terms=Terms(amount_cents=0)),
            Proposal(
                kind="plan_request",
                lines=(0, 2),
                terms=Terms(
                    amount_cents=9_000, instalments=9, first_due_on=today + timedelta(days=20)
                ),
                counter=Terms(
                    amount_cents=12_000, instalments=8, first_due_on=today + timedelta(days=20)
                ),
            ),
        ),
    )


def _long_arrears_lines(*, today: date) -> tuple[DebtLine, ...]:
    return (
        # Suspended while the ombudsman had the file, and live for six months after it.
        DebtLine(
            kind="service",
            label="Facture mobile",
            claimed_cents=4_410,
            due_on=_ago(today, 380),
            events=(Event(kind="mediation", on=_ago(today, 120), until=_ago(today, 20)),),
        ),
        # Asking for instalments before the limit acknowledged the debt.
        DebtLine(
            kind="service",
            label="Facture mobile",
            claimed_cents=3_875,
            due_on=_ago(today, 395),
            events=(Event(kind="plan_request", on=_ago(today, 150)),),
        ),
        # Claimed with a fee on top; the calculator says 100 euros for five months.
        DebtLine(
            kind="termination_fee",
            label="Frais de résiliation",
            claimed_cents=12_500,
            due_cents=10_000,
            due_on=_ago(today, 15),
        ),
        # Not due before next month.
        DebtLine(
            kind="service",
            label="Facture mobile de clôture",
            claimed_cents=1_200,
            due_on=today + timedelta(days=25),
        ),
    )


def _long_arrears(person: int, *, today: date) -> DebtFile:
    return DebtFile(
        file_name="debt-3-marseille-bouygues.json",
        person=person,
        site_code="marseille",
        operator="bouygues",
        client_reference="BT-FICTIF-77301",
        signed_on=today,
        until_on=today + timedelta(days=365),
        contract=Contract(
            monthly_cents=2_000,
            commitment_months=12,
            elapsed_months=7,
            signed_on=_ago(today, 330),
            subsidised_handset=False,
        ),
        lines=_long_arrears_lines(today=today),
        proposals=(
            Proposal(
                kind="recomputation",
                lines=(2,),
                terms=Terms(
                    amount_cents=10_000, instalments=4, first_due_on=today + timedelta(days=35)
                ),
            ),
            Proposal(
                kind="plan_request",
                lines=(0, 1, 3),
                terms=Terms(
                    amount_cents=9_485, instalments=12, first_due_on=today + timedelta(days=35)
                ),
            ),
        ),
    )
