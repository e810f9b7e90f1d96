"""Three debt files for the mediators: together they hold every kind of line and of event.

What each line is there to show (limited, near its limit, restarted by a payment, not yet due) is
said beside it; the dates hang on today, so it stays true.  Amounts are the operators' claims.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from deploy.demo.data.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a debt line."""

    kind: str  # payment | acknowledgement | plan_request | court_claim | reminder | ...
    on: date
    until: date | None = None  # only a mediation lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtLine:
    """One claim of the operator, with its own limitation."""

    kind: str  # service | termination_fee | equipment | collection_fee
    label: str
    amount_cents: int
    due_on: date
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the termination-fee calculator asks about the contract that was ended."""

    monthly_cents: int
    commitment_months: int
    elapsed_months: int
    signed_on: date
    subsidised_handset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What operator and person agree on in the end."""

    agreed_cents: int
    instalments: int
    first_due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtFile:
    """One person's debts with one operator, and the mandate to treat them."""

    file_name: str
    person: int  # place in people.json
    site_code: str
    operator: str
    client_reference: str
    mandate_signed_on: date
    mandate_until: date
    contract: Contract | None
    lines: tuple[DebtLine, ...]
    settlement: Settlement


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


def _broken_contract(person: int, *, today: date) -> DebtFile:
    return DebtFile(
        file_name="debt-1-saint-denis-sfr.json",
        person=person,
        site_code="saint-denis",
        operator="sfr",
        client_reference="SFR-FICTIF-4410027",
        mandate_signed_on=_ago(today, 1),
        mandate_until=today + timedelta(days=180),
        contract=Contract(
            monthly_cents=2_500,
            commitment_months=24,
            elapsed_months=14,
            signed_on=_ago(today, 540),
            subsidised_handset=True,
        ),
        lines=(
            # Older than a year, and a reminder changes nothing: limited.
            DebtLine(
                kind="service",
                label="Facture d'abonnement",
                amount_cents=2_500,
                due_on=_ago(today, 420),
                events=(Event(kind="reminder", on=_ago(today, 90)),),
            ),
            # Three weeks from its limit.
            DebtLine(
                kind="service",
                label="Facture d'abonnement et hors forfait",
                amount_cents=6_840,
                due_on=_ago(today, 344),
                events=(Event(kind="formal_notice", on=_ago(today, 60)),),
            ),
            DebtLine(
                kind="service",
                label="Facture d'abonnement",
                amount_cents=2_500,
                due_on=_ago(today, 130),
            ),
            # Claimed in full by the operator; the calculator says 50 euros.
            DebtLine(
                kind="termination_fee",
                label="Frais de résiliation",
                amount_cents=25_000,
                due_on=_ago(today, 100),
            ),
            DebtLine(
                kind="collection_fee",
                label="Frais de recouvrement",
                amount_cents=4_900,
                due_on=_ago(today, 40),
            ),
        ),
        settlement=Settlement(
            agreed_cents=14_340, instalments=6, first_due_on=today + timedelta(days=30)
        ),
    )


def _unreturned_box(person: int, *, today: date) -> DebtFile:
    return DebtFile(
        file_name="debt-2-paris-19-orange.json",
        person=person,
        site_code="paris-19",
        operator="orange",
        client_reference="OR-FICTIF-902115",
        mandate_signed_on=_ago(today, 3),
        mandate_until=today + timedelta(days=365),
        contract=None,
        lines=(
            # Restarted by a part payment: live again for a year from that day.
            DebtLine(
                kind="service",
                label="Facture internet",
                amount_cents=3_999,
                due_on=_ago(today, 500),
                events=(Event(kind="payment", on=_ago(today, 200)),),
            ),
            # Acknowledged after its limit: a risk of renunciation, for the mediator to weigh.
            DebtLine(
                kind="service",
                label="Facture internet",
                amount_cents=3_999,
                due_on=_ago(today, 620),
                events=(Event(kind="acknowledgement", on=_ago(today, 150)),),
            ),
            DebtLine(
                kind="equipment",
                label="Box non restituée",
                amount_cents=10_000,
                due_on=_ago(today, 460),
                events=(Event(kind="court_claim", on=_ago(today, 30)),),
            ),
        ),
        settlement=Settlement(
            agreed_cents=13_999, instalments=9, first_due_on=today + timedelta(days=20)
        ),
    )


def _long_arrears(person: int, *, today: date) -> DebtFile:
    return DebtFile(
        file_name="debt-3-marseille-bouygues.json",
        person=person,
        site_code="marseille",
        operator="bouygues",
        client_reference="BT-FICTIF-77301",
        mandate_signed_on=today,
        mandate_until=today + timedelta(days=365),
        contract=Contract(
            monthly_cents=2_000,
            commitment_months=12,
            elapsed_months=7,
            signed_on=_ago(today, 330),
            subsidised_handset=False,
        ),
        lines=(
            # Suspended while the ombudsman had the file.
            DebtLine(
                kind="service",
                label="Facture mobile",
                amount_cents=4_410,
                due_on=_ago(today, 380),
                events=(
                    Event(
                        kind="mediation",
                        on=_ago(today, 200),
                        until=_ago(today, 110),
                    ),
                ),
            ),
            # Asking for instalments before the limit acknowledges the debt.
            DebtLine(
                kind="service",
                label="Facture mobile",
                amount_cents=3_875,
                due_on=_ago(today, 395),
                events=(Event(kind="plan_request", on=_ago(today, 300)),),
            ),
            DebtLine(
                kind="termination_fee",
                label="Frais de résiliation",
                amount_cents=10_000,
                due_on=_ago(today, 15),
            ),
            # Not due before next month.
            DebtLine(
                kind="service",
                label="Facture mobile de clôture",
                amount_cents=1_200,
                due_on=today + timedelta(days=25),
            ),
        ),
        settlement=Settlement(
            agreed_cents=19_485, instalments=12, first_due_on=today + timedelta(days=35)
        ),
    )
