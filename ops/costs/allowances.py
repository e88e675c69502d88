"""What AWS gives every account each month for nothing, for ever; not what ends after a year.

An account, or all accounts of an organization together, has each of these once. So the list price
is what one more service costs where others have used them up, and the list price less these is
what a bill says on which nothing else stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ops.costs import prices
from ops.costs.prices import MILLION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.costs.model import BillLine
    from ops.costs.prices import Price


class Allowance(NamedTuple):
    """So much of something a month for nothing, and where AWS, or who quotes it, says so."""

    price: Price
    quantity: float
    seen: str

    def off(self, lines: Iterable[BillLine]) -> float:
        """Give the dollars that it takes off these lines."""
        used = sum(line.quantity for line in lines if line.price is self.price)
        return min(used, self.quantity) * self.price.dollars


_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/?nc2=type_a"
_STREAMS = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "CostOptimization_StreamsUsage.html"
)
_QUOTED = "https://costpulse.cloud/insights/aws-free-tier-costs"

ALLOWANCES = (
    Allowance(prices.LAMBDA_REQUEST, MILLION, _QUOTED),
    Allowance(prices.LAMBDA_ARM, 400_000, _QUOTED),
    Allowance(prices.TABLE_STORAGE, 25, _QUOTED),
    Allowance(prices.STREAM_READ, 2_500_000, _STREAMS),
    Allowance(prices.QUEUE_REQUEST, MILLION, _QUOTED),
    Allowance(prices.TOPIC_REQUEST, MILLION, _QUOTED),
    Allowance(prices.CUSTOM_METRIC, 10, _CLOUDWATCH),
    Allowance(prices.ALARM, 10, _CLOUDWATCH),
    Allowance(prices.SCHEDULE_RUN, 14 * MILLION, "https://aws.amazon.com/eventbridge/pricing/"),
    Allowance(prices.INSIGHT_RULE, 1, _CLOUDWATCH),
    Allowance(prices.LOG_INGESTION, 5, _CLOUDWATCH),
    Allowance(prices.TRACE, 100_000, "https://aws.amazon.com/de/xray/pricing/"),
    Allowance(prices.DATA_OUT, 100, "https://awsnegotiations.com/internet-egress-free-tier-guide"),
    Allowance(prices.KEY_REQUEST, 20_000, "https://aws.amazon.com/kms/pricing/"),
)
"""All that the service makes use of. Three dashboards are free, too, of 50 metrics at most: ours
has more."""


def off(lines: Iterable[BillLine]) -> float:
    """Give the dollars a month that all allowances together take off a bill."""
    settled = [line for line in lines if line.settled]
    return sum(allowance.off(settled) for allowance in ALLOWANCES)
