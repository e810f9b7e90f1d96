"""What was sold, as figures."""

from collections.abc import Sequence

from prometheus_client import Counter

from chassis import metrics
from services.recharges.domain.sale import Sale

_sales = Counter(
    "relais_sales",
    "Vouchers sold",
    ["site", "offer", "tender"],
    registry=metrics.registry,
)


def count(sold: Sequence[Sale]) -> None:
    """Count what was sold for the metrics."""
    for each in sold:
        for line in each.lines:
            _sales.labels(each.site_code, line.offer.offer_code, each.order.tender).inc(
                line.quantity
            )
