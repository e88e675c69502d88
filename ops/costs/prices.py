"""What AWS asks: list prices of us-east-1 in dollars, each with its source, no free tier taken off.

A price is what AWS's own page says. Those pages fill in their numbers by script, so `seen` is where
the number could be read as text: AWS's documentation, or somebody who quotes the page. Where it
could not be read, `seen` is None, and `orders cost` says so. To check them again: open each `page`,
then change `CHECKED`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

REGION = "us-east-1"
"""Whose prices these are: another Region's differ, as a rule upwards."""

CHECKED = dt.date(2026, 11, 23)
"""When each price was last compared with what `seen` says."""

MILLION = 1_000_000
GB = 2**30
"""AWS's GB is 2 to the power of 30 bytes."""


class Tier(NamedTuple):
    """A price that applies from some quantity in a month on."""

    above: float
    dollars: float


@dataclass(frozen=True, kw_only=True)
class Price:
    """Dollars for one unit.

    Args:
        dollars: for one unit, up to the first of the tiers.
        unit: what one of it is.
        page: AWS's page that says so.
        seen: where it was read; None if nowhere but in memory.
        tiers: lower prices from some quantity on, ascending.
    """

    dollars: float
    unit: str
    page: str
    seen: str | None
    checked: dt.date = CHECKED
    tiers: tuple[Tier, ...] = ()

    def of(self, quantity: float) -> float:
        """Give the dollars for a month's quantity."""
        starts = [0.0, *(tier.above for tier in self.tiers)]
        ends = [*starts[1:], float("inf")]
        rates = [self.dollars, *(tier.dollars for tier in self.tiers)]
        return sum(
            max(min(quantity, end) - start, 0.0) * rate
            for start, end, rate in zip(starts, ends, rates, strict=True)
        )


def _page(service: str) -> str:
    return f"https://aws.amazon.com/{service}/pricing/"


_DYNAMODB_QUOTED = "https://airbyte.com/data-engineering-resources/dynamodb-pricing"
_LOGS_QUOTED = "https://signoz.io/guides/cloudwatch-pricing"
_COGNITO_QUOTED = (
    "https://raw.githubusercontent.com/api-evangelist/amazon-cognito/refs/heads/main/"
    "plans/amazon-cognito-plans-pricing.yml"
)
_KMS_QUOTED = "https://aws.amazon.com/kms/pricing/"
_WAF_QUOTED = "https://c3x.dev/blog/aws-waf-cost-explained/"
_ALARMS_QUOTED = "https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm"

API_REQUEST = Price(
    dollars=3.50 / MILLION,
    unit="request to a REST API",
    page=_page("api-gateway"),
    seen=(
        "https://docs.aws.amazon.com/pt_br/whitepapers/latest/"
        "best-practices-api-gateway-private-apis-integration/cost-optimization.html"
    ),
    tiers=(
        Tier(333 * MILLION, 2.80 / MILLION),
        Tier(1_000 * MILLION, 2.38 / MILLION),
        Tier(20_000 * MILLION, 1.51 / MILLION),
    ),
)
DATA_OUT = Price(
    dollars=0.09,
    unit="GB to the Internet",
    page="https://aws.amazon.com/ec2/pricing/on-demand/",
    seen="https://awsforengineers.com/blog/aws-api-gateway-pricing-explained",
    tiers=(Tier(10 * 1024, 0.085), Tier(50 * 1024, 0.07), Tier(150 * 1024, 0.05)),
)
WEB_REQUEST = Price(
    dollars=1.00 / MILLION,
    unit="request to CloudFront by HTTPS",
    page=_page("cloudfront"),
    seen="https://aws.amazon.com/cloudfront/pricing",
)
WEB_OUT = Price(
    dollars=0.085,
    unit="GB from CloudFront",
    page=_page("cloudfront"),
    seen="https://aws.amazon.com/cloudfront/pricing",
    tiers=(Tier(10 * 1024, 0.08), Tier(50 * 1024, 0.06), Tier(150 * 1024, 0.04)),
)
LAMBDA_REQUEST = Price(
    dollars=0.20 / MILLION,
    unit="call of a function",
    page=_page("lambda"),
    seen="https://cloudchipr.com/blog/aws-lambda-pricing",
)
LAMBDA_ARM = Price(
    dollars=0.0000133334,
    unit="GB-second on arm64",
    page=_page("lambda"),
    seen="https://cloudchipr.com/blog/aws-lambda-pricing",
)
LAMBDA_X86 = Price(
    dollars=0.0000166667,
    unit="GB-second on x86_64",
    page=_page("lambda"),
    seen="https://cloudchipr.com/blog/aws-lambda-pricing",
)
LAMBDA_PROVISIONED = Price(
    dollars=0.0000033334,
    unit="GB-second of provisioned concurrency on arm64",
    page=_page("lambda"),
    seen=None,
)
SNAPSHOT_KEPT = Price(
    dollars=0.0000015046, unit="GB-second of a SnapStart snapshot", page=_page("lambda"), seen=None
)
SNAPSHOT_RESTORED = Price(
    dollars=0.0001397998, unit="GB that SnapStart restores", page=_page("lambda"), seen=None
)
WRITE_UNIT = Price(
    dollars=0.625 / MILLION,
    unit="write request unit, on demand",
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    seen=_DYNAMODB_QUOTED,
)
READ_UNIT = Price(
    dollars=0.125 / MILLION,
    unit="read request unit, on demand",
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    seen=_DYNAMODB_QUOTED,
)
WRITE_CAPACITY = Price(
    dollars=0.00065,
    unit="provisioned write capacity unit, an hour",
    page="https://aws.amazon.com/dynamodb/pricing/provisioned/",
    seen=None,
)
READ_CAPACITY = Price(
    dollars=0.00013,
    unit="provisioned read capacity unit, an hour",
    page="https://aws.amazon.com/dynamodb/pricing/provisioned/",
    seen=None,
)
TABLE_STORAGE = Price(
    dollars=0.25,
    unit="GB of tables and indexes, a month",
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    seen="https://gist.github.com/bahrmichael/94e01d26dc21b9b7156d7d27b1b9e16e",
)
TABLE_RECOVERY = Price(
    dollars=0.20,
    unit="GB of a table under point-in-time recovery, a month",
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    seen=None,
)
STREAM_READ = Price(
    dollars=0.02 / 100_000,
    unit="GetRecords on a table's stream",
    page="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    seen=None,
)
LOG_INGESTION = Price(
    dollars=0.50,
    unit="GB of logs taken in",
    page=_page("cloudwatch"),
    seen=_LOGS_QUOTED,
)
LOG_STORAGE = Price(
    dollars=0.03, unit="GB of compressed logs, a month", page=_page("cloudwatch"), seen=None
)
CUSTOM_METRIC = Price(
    dollars=0.30,
    unit="custom metric, a month",
    page=_page("cloudwatch"),
    seen=_LOGS_QUOTED,
    tiers=(Tier(10_000, 0.10), Tier(250_000, 0.05), Tier(1_000_000, 0.02)),
)
ALARM = Price(
    dollars=0.10, unit="metric of an alarm, a month", page=_page("cloudwatch"), seen=_ALARMS_QUOTED
)
COMPOSITE_ALARM = Price(
    dollars=0.50, unit="composite alarm, a month", page=_page("cloudwatch"), seen=_ALARMS_QUOTED
)
INSIGHT_RULE = Price(
    dollars=0.50,
    unit="rule of Contributor Insights, a month",
    page=_page("cloudwatch"),
    seen=None,
)
DASHBOARD = Price(
    dollars=3.00,
    unit="dashboard, a month",
    page=_page("cloudwatch"),
    seen=(
        "https://www.factualminds.com/blog/"
        "amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards.md"
    ),
)
TRACE = Price(
    dollars=5.00 / MILLION,
    unit="trace recorded",
    page=_page("xray"),
    seen="https://aws.amazon.com/de/xray/pricing/",
)
PIPE_REQUEST = Price(
    dollars=0.40 / MILLION,
    unit="64 KB of events through a pipe",
    page=_page("eventbridge"),
    seen="https://cloudburn.io/blog/amazon-eventbridge-pricing",
)
SCHEDULE_RUN = Price(
    dollars=1.00 / MILLION,
    unit="call by a schedule",
    page=_page("eventbridge"),
    seen="https://cloudburn.io/blog/amazon-eventbridge-pricing",
)
TOPIC_REQUEST = Price(
    dollars=0.50 / MILLION,
    unit="64 KB published to a topic",
    page=_page("sns"),
    seen="https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/",
)
PAYLOAD_FILTER = Price(
    dollars=0.09, unit="GB of messages filtered by their body", page=_page("sns"), seen=None
)
QUEUE_REQUEST = Price(
    dollars=0.40 / MILLION,
    unit="request of 64 KB to a standard queue",
    page=_page("sqs"),
    seen="https://unanswered.io/guide/aws-sqs-pricing-and-cost-optimization",
)
KEY = Price(dollars=1.00, unit="key, a month", page=_KMS_QUOTED, seen=_KMS_QUOTED)
KEY_REQUEST = Price(
    dollars=0.03 / 10_000,
    unit="request to a key",
    page=_KMS_QUOTED,
    seen="https://www.wring.co/blog/aws-kms-pricing-guide",
)
WEB_ACL = Price(dollars=5.00, unit="web ACL, a month", page=_page("waf"), seen=_WAF_QUOTED)
WEB_ACL_RULE = Price(
    dollars=1.00, unit="rule or rule group, a month", page=_page("waf"), seen=_WAF_QUOTED
)
WEB_ACL_REQUEST = Price(
    dollars=0.60 / MILLION, unit="request inspected", page=_page("waf"), seen=_WAF_QUOTED
)
ADVANCED_PARAMETER = Price(
    dollars=0.05,
    unit="advanced parameter, a month",
    page=_page("systems-manager"),
    seen="https://learn.atifalam.com/library/aws/secrets",
)

SIGN_IN = {
    "LITE": Price(
        dollars=0.0055,
        unit="customer who signs in, a month, on Lite",
        page=_page("cognito"),
        seen=_COGNITO_QUOTED,
        tiers=(Tier(100_000, 0.0046), Tier(1_000_000, 0.00325), Tier(10_000_000, 0.0025)),
    ),
    "ESSENTIALS": Price(
        dollars=0.015,
        unit="customer who signs in, a month, on Essentials",
        page=_page("cognito"),
        seen=_COGNITO_QUOTED,
    ),
    "PLUS": Price(
        dollars=0.020,
        unit="customer who signs in, a month, on Plus",
        page=_page("cognito"),
        seen=_COGNITO_QUOTED,
    ),
}
"""By the feature plan of a user pool."""

SIGN_IN_FREE = {"LITE": 10_000, "ESSENTIALS": 10_000, "PLUS": 0}
"""Customers a month, of an account, that cost nothing for good; said beside the list price."""


def all_prices() -> dict[str, Price]:
    """Give every price by its name."""
    named = {name: price for name, price in globals().items() if isinstance(price, Price)}
    return named | {f"SIGN_IN[{plan}]": price for plan, price in SIGN_IN.items()}
