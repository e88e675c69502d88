"""The metrics that AWS measures of our resources, by the names and dimensions that AWS gives them.

Alarms and dashboard are made of these and of `orders.metrics`, and of nothing else: tests compare
what the dashboard shows with VENDED, and what alarms watch with what their scenarios measure. A
metric that nobody emits makes an alarm that can never fire.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infrastructure.functions import LIVE
from orders.metrics import NAMESPACE, dimensions_of
from orders.routes import STAGE
from orders.settings import BY_CUSTOMER, BY_PARTNER, BY_SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

    from infrastructure.work.function import Function
    from infrastructure.work.processing import WorkQueue
    from orders.metrics import Metric

API, LAMBDA, SQS = "AWS/ApiGateway", "AWS/Lambda", "AWS/SQS"
DYNAMODB, PIPES, LOGS = "AWS/DynamoDB", "AWS/EventBridge/Pipes", "AWS/Logs"
COGNITO, FIREWALL, SNS = "AWS/Cognito", "AWS/WAFV2", "AWS/SNS"

SUM, AVERAGE, MAXIMUM = "Sum", "Average", "Maximum"
P50, P95, P99 = "p50", "p95", "p99"

RUNNING = "ConcurrentExecutions"

VENDED: Mapping[str, tuple[frozenset[str], tuple[frozenset[str], ...]]] = {
    # docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    # The methods' own (dimensions Method, Resource) are "detailed metrics", which we do not pay.
    API: (
        frozenset({"Count", "4XXError", "5XXError", "Latency", "IntegrationLatency"}),
        (frozenset({"ApiName"}), frozenset({"ApiName", "Stage"})),
    ),
    # docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    LAMBDA: (
        frozenset({"Invocations", "Errors", "Throttles", "Duration", RUNNING}),
        # By its name all versions together; with Resource the version or alias that was called.
        (frozenset({"FunctionName"}), frozenset({"FunctionName", "Resource"})),
    ),
    # docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide
    # /sqs-available-cloudwatch-metrics.html
    SQS: (
        frozenset(
            {
                "ApproximateAgeOfOldestMessage",
                "ApproximateNumberOfMessagesVisible",
                "ApproximateNumberOfMessagesNotVisible",
                "NumberOfMessagesSent",
                "NumberOfMessagesDeleted",
            }
        ),
        (frozenset({"QueueName"}),),
    ),
    # docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    DYNAMODB: (
        frozenset(
            {
                "ConsumedReadCapacityUnits",
                "ConsumedWriteCapacityUnits",
                "ReadThrottleEvents",
                "WriteThrottleEvents",
                "SuccessfulRequestLatency",
                "SystemErrors",
            }
        ),
        (
            frozenset({"TableName"}),
            frozenset({"TableName", "GlobalSecondaryIndexName"}),
            frozenset({"TableName", "Operation"}),
        ),
    ),
    # docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    PIPES: (
        frozenset(
            {
                "Invocations",
                "Duration",
                "ExecutionFailed",
                "ExecutionPartiallyFailed",
                "ExecutionThrottled",
                "ExecutionTimeout",
                "TargetStageFailed",
            }
        ),
        (frozenset({"PipeName"}),),
    ),
    # docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    SNS: (frozenset({"NumberOfMessagesPublished"}), (frozenset({"TopicName"}),)),
    # docs.aws.amazon.com/AmazonCloudWatch/latest/logs
    # /CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    LOGS: (frozenset({"IncomingBytes"}), (frozenset({"LogGroupName"}),)),
    # docs.aws.amazon.com/cognito/latest/developerguide/metrics-for-cognito-user-pools.html
    COGNITO: (frozenset({"SignUpSuccesses"}), (frozenset({"UserPool", "UserPoolClient"}),)),
    # docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
    FIREWALL: (frozenset({"BlockedRequests"}), (frozenset({"WebACL", "Rule", "Region"}),)),
}
"""By namespace: names, and the sets of dimensions under which AWS has them (read in November
2026)."""


PARTS: Mapping[str, tuple[str, str | None]] = {
    "orders": ("orders", None),
    "by_customer": ("orders", BY_CUSTOMER),
    "by_partner": ("orders", BY_PARTNER),
    "by_server": ("orders", BY_SERVER),
    "keys": ("idempotency_keys", None),
    "partners": ("partners", None),
}
"""Whatever has a capacity of its own: a name for expressions, its table, its index."""

OPERATIONS = (
    ("orders", "TransactWriteItems"),
    ("orders", "UpdateItem"),
    ("orders", "GetItem"),
    ("orders", "Query"),
    ("idempotency_keys", "TransactWriteItems"),
)
"""What requests and workers do, by table."""


class Resources(NamedTuple):
    """What is measured: of one stage, all of it; people and firewall by their dimensions."""

    stage: str
    api: apigateway.RestApi
    functions: Mapping[str, Function]
    queues: Mapping[str, WorkQueue]
    retries: sqs.Queue
    """Where webhooks wait that were not taken at once."""
    pipe_dead_letters: sqs.Queue
    tables: Mapping[str, dynamodb.TableV2]
    pipe: str
    topic: sns.ITopic
    """Where the pipe tells of changes."""
    people: Mapping[str, str]
    firewall: Mapping[str, str] | None = None


class Measured:
    """The metrics of one stage's resources; a period is in minutes."""

    def __init__(self, resources: Resources) -> None:
        """Take the resources."""
        self.resources = resources
        self._table_names: dict[str, str] = {}  # CDK is slow to tell

    def api(self, name: str, statistic: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """Measure the API's stage."""
        dimensions = {"ApiName": self.resources.api.rest_api_name, "Stage": STAGE}
        return _metric(API, name, dimensions, statistic, minutes)

    def function(
        self, function: str, name: str, statistic: str, *, minutes: int = 1
    ) -> cloudwatch.Metric:
        """Measure a function, which is named by its module: what callers meet, if it is released.

        The release gate calls versions that nobody else meets; theirs are no errors of customers'.
        What runs at once is of all versions, as the reservation is.
        """
        item = self.resources.functions[function]
        called = item.function.function_name
        dimensions = {"FunctionName": called}
        if item.live is not None and name != RUNNING:
            dimensions["Resource"] = f"{called}:{LIVE}"
        return _metric(LAMBDA, name, dimensions, statistic, minutes)

    def queue(
        self, queue: sqs.IQueue, name: str, statistic: str, *, minutes: int = 1
    ) -> cloudwatch.Metric:
        """Measure a queue."""
        return _metric(SQS, name, {"QueueName": queue.queue_name}, statistic, minutes)

    def table(
        self,
        table: str,
        name: str,
        statistic: str,
        *,
        index: str | None = None,
        operation: str | None = None,
        minutes: int = 1,
    ) -> cloudwatch.Metric:
        """Measure a table, or one of its indexes, or an operation on it."""
        if table not in self._table_names:
            self._table_names[table] = self.resources.tables[table].table_name
        dimensions = {"TableName": self._table_names[table]}
        if index is not None:
            dimensions["GlobalSecondaryIndexName"] = index
        if operation is not None:
            dimensions["Operation"] = operation
        return _metric(DYNAMODB, name, dimensions, statistic, minutes)

    def pipe(self, name: str, statistic: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """Measure the pipe."""
        return _metric(PIPES, name, {"PipeName": self.resources.pipe}, statistic, minutes)

    def topic(self, name: str, statistic: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """Measure the topic of changes."""
        return _metric(
            SNS, name, {"TopicName": self.resources.topic.topic_name}, statistic, minutes
        )

    def sign_up(self, name: str, statistic: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """Measure what comes to the user pool."""
        return _metric(COGNITO, name, dict(self.resources.people), statistic, minutes)

    def firewall(self, name: str, statistic: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """Measure the firewall, all its rules together; only of a stage that has one."""
        return _metric(FIREWALL, name, dict(self.resources.firewall or {}), statistic, minutes)

    def log_group(
        self, group: logs.ILogGroup, name: str, statistic: str, *, minutes: int = 1
    ) -> cloudwatch.Metric:
        """Measure what is written to a log group."""
        return _metric(LOGS, name, {"LogGroupName": group.log_group_name}, statistic, minutes)

    def own(self, metric: Metric, statistic: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """Take a metric that our code writes."""
        of_stage = dimensions_of(self.resources.stage)
        return _metric(NAMESPACE, metric.name, of_stage, statistic, minutes)


_period = cache(Duration.minutes)


def _metric(
    namespace: str, name: str, dimensions: dict[str, str], statistic: str, minutes: int
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=_period(minutes),
    )
