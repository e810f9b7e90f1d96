"""What was sold, as figures."""

from collections import Counter
from collections.abc import Sequence

import prometheus_client

from chassis import metrics
from services.recharges.domain.sale import Sale

_sales = prometheus_client.Counter(
    "relais_sales",
    "Vouchers sold",
    ["site", "offer", "tender"],
    registry=metrics.registry,
)


def count(sold: Sequence[Sale]) -> None:
    """Count what was sold for the metrics."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for each in sold:
        for line in each.lines:
            counts[each.site_code, line.offer.offer_code, each.order.tender] += line.quantity
    for labels, quantity in counts.items():
        _sales.labels(*labels).inc(quantity)
