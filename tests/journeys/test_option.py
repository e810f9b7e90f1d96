"""An operator reports the 1 euro option, and its ledger has the euros."""

import json
import secrets

import pytest

from chassis import clock
from kernel.period import Month, business_date
from tests.fix_network import Network, eventually, refusal

pytestmark = pytest.mark.journey

OPERATOR = "orange"
BILLED, REVERSED = 40, 3


def report_of(period: Month) -> bytes:
    """An operator's file: forty euros billed, three of them taken back."""
    tokens = [secrets.token_hex(8) for _ in range(BILLED)]
    lines = [f"{token};solidaire-1;{period};BILLED;100" for token in tokens]
    lines += [f"{token};solidaire-1;{period};REVERSED;-100" for token in tokens[:REVERSED]]
    return "\n".join(
        [
            f"{OPERATOR};{period};{len(lines)};{(BILLED - REVERSED) * 100}",
            "token;option_code;invoice_month;kind;amount_cents",
            *lines,
            "",
        ]
    ).encode()


class TestOptionReport:
    def test_reaches_the_ledger_once(self, network: Network) -> None:
        partner = network.as_("operator_partner", operator=OPERATOR)
        known = {
            report["period"] for report in partner.get("donations/v1/option-reports")["reports"]
        }
        period = Month.of(business_date(clock.now()))
        while str(period) in known:
            period = period.previous()
        content = report_of(period)
        done = partner.post("donations/v1/option-reports", content)
        assert (done["lines"], done["total_cents"]) == (BILLED + REVERSED, 3_700)
        assert (done["billed_cents"], done["reversed_cents"]) == (4_000, -300)

        path = "donations/v1/option-reports"
        assert refusal(partner.post, path, content) == "donations.report.file_already_taken"
        code = refusal(partner.post, path, report_of(period))
        assert code == "donations.report.period_already_reported"
        other = network.as_("operator_partner", operator="sfr")
        assert refusal(other.post, path, report_of(period)) == "donations.operator.not_yours"

        eventually(lambda: self.gifts(network, period) == (BILLED + REVERSED, 3_700))
        network.settled()
        assert self.gifts(network, period) == (BILLED + REVERSED, 3_700)

    @staticmethod
    def gifts(network: Network, period: Month) -> tuple[int, int]:
        """Lines and euros of the option, as `relais settlement reconcile` shows them."""
        done = network.stack.relais(
            *("settlement", "reconcile", "--operator", OPERATOR, "--period", str(period), "--json")
        )
        if not done.stdout:
            return 0, 0
        legs = {leg["name"]: leg for leg in json.loads(done.stdout)["legs"]}
        return legs["option_gifts"]["count"], legs["option_gifts"]["total_cents"]
