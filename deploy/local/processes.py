"""The table of the service processes: the one place that names their parts and ports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.home import ROOT, Trouble

FIRST_COPY_OFFSET = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProcess:
    """One process of one service; `parts` is what RELAIS_PARTS says, all of them when empty."""

    name: str
    service: str
    port_offset: int
    parts: str = ""
    secrets: tuple[str, ...] = ()
    copy_of: str = ""
    writes_mails: bool = False

    @property
    def module(self) -> str:
        return f"services.{self.service}"

    @property
    def serves_http(self) -> bool:
        return not self.parts or "http" in self.parts.split(",")


PROCESSES: tuple[ServiceProcess, ...] = (
    ServiceProcess(
        name="accounts",
        service="accounts",
        port_offset=11,
        secrets=("RELAIS_SIGNING_KEY", "RELAIS_FACTOR_KEYS"),
        writes_mails=True,
    ),
    ServiceProcess(
        name="referrals",
        service="referrals",
        port_offset=12,
        secrets=("RELAIS_REFERRAL_KEY",),
        writes_mails=True,
    ),
    # The relay of the busiest service has a core of its own, so that telling never slows a till.
    ServiceProcess(
        name="recharges",
        service="recharges",
        port_offset=13,
        parts="http,consume",
        secrets=(
            "RELAIS_PIN_KEYS",
            "RELAIS_JOURNAL_KEYS",
            "STRIPE_API_KEY",
            "STRIPE_WEBHOOK_SECRET",
        ),
    ),
    ServiceProcess(name="donations", service="donations", port_offset=14),
    ServiceProcess(name="mediation", service="mediation", port_offset=15),
    ServiceProcess(name="equipment", service="equipment", port_offset=16),
    ServiceProcess(name="workshops", service="workshops", port_offset=17),
    ServiceProcess(name="settlement", service="settlement", port_offset=18),
    ServiceProcess(name="impact", service="impact", port_offset=19),
    ServiceProcess(
        name="recharges-relay",
        service="recharges",
        port_offset=20,
        parts="relay",
        secrets=("RELAIS_PIN_KEYS", "RELAIS_JOURNAL_KEYS"),
    ),
)


def present(root: Path = ROOT) -> list[ServiceProcess]:
    """The processes whose service has been built: one that has no folder yet is left out."""
    return [
        process
        for process in PROCESSES
        if (root / "services" / process.service / "__main__.py").is_file()
    ]


def services_of(processes: Iterable[ServiceProcess]) -> list[str]:
    """Each service once, in the order of the table."""
    return list(dict.fromkeys(process.service for process in processes))


def with_copies(
    processes: Sequence[ServiceProcess], *, scale: dict[str, int]
) -> list[ServiceProcess]:
    """The table with the further copies that `--scale NAME=N` asks for, on ports of their own."""
    known = {process.name: process for process in processes}
    copies: list[ServiceProcess] = []
    for name, count in scale.items():
        if name not in known or count < 1:
            raise Trouble(f"--scale {name}={count}: at least 1 copy of one of {', '.join(known)}.")
        for number in range(2, count + 1):
            copies.append(
                replace(
                    known[name],
                    name=f"{name}-{number}",
                    port_offset=FIRST_COPY_OFFSET + len(copies),
                    copy_of=name,
                )
            )
    return [*processes, *copies]
