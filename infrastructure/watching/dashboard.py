"""The dashboard: its first row answers "are customers served right now?", the others say why not.

alarms      their states
customers   requests, errors, latency, orders, how soon an order is processed
API         by route
functions   calls, errors, time, how many at once, throttles
tables      units used and the ceiling, throttles, latency
changes     queues, dead letters, the pipe
webhooks    what became of them, by partner
business    orders by status and by partner
restaurants orders that they did not answer in time, and which of them
cost        what the bill follows
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infrastructure.functions import QUEUES, Caller, names
from infrastructure.watching import queries
from infrastructure.watching.alarms import P95_MILLISECONDS
from infrastructure.watching.aws_metrics import (
    AVERAGE,
    MAXIMUM,
    OPERATIONS,
    P50,
    P95,
    P99,
    PARTS,
    SUM,
    Measured,
)
from orders import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_logs as logs

    from infrastructure.settings import Settings
    from infrastructure.watching.alarms import Alarms
    from infrastructure.watching.aws_metrics import Resources
    from infrastructure.watching.contributor_insights import FailingPartners
    from infrastructure.watching.queries import Query

WIDTH = 24
"""Columns of CloudWatch's grid."""

_HEIGHT = 6
_FUNCTIONS = names(Caller.API, Caller.QUEUE)


class Dashboard(Construct):
    """The dashboard of one stage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: Resources,
        log_groups: Mapping[str, logs.ILogGroup],
        alarms: Alarms,
        failing_partners: FailingPartners,
        settings: Settings,
    ) -> None:
        """Define the dashboard.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            resources: what is shown.
            log_groups: by function, and `access`.
            alarms: whose states stand on top.
            failing_partners: the rule that counts failed tries of webhooks by partner.
            settings: the stage's.
        """
        super().__init__(scope, construct_id)
        self._measured = Measured(resources)
        self._resources = resources
        self._log_groups = log_groups
        self._settings = settings
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=Stack.of(self).stack_name,
            default_interval=Duration.hours(3),
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        self._add("", _alarm_states(alarms))
        self._add("Are customers served right now?", *self._customers())
        self._add("API", self._answer("By route", queries.ROUTES), self._refusals())
        self._add("Functions", *self._functions())
        self._add("Tables", *self._tables())
        self._add("On the way to workers and partners", *self._queues())
        self._add("Webhooks", *self._webhooks(failing_partners))
        self._add("Business", *self._business())
        self._add("Restaurants", *self._restaurants())
        self._add("What the bill follows", *self._cost())

    def _add(self, title: str, *widgets: cloudwatch.IWidget) -> None:
        """Add a row that fills the width, below a title."""
        if title:
            text = cloudwatch.TextWidget(markdown=f"## {title}", width=WIDTH, height=1)
            self.dashboard.add_widgets(text)
        self.dashboard.add_widgets(*widgets)

    def _customers(self) -> list[cloudwatch.IWidget]:
        api, own = self._measured.api, self._measured.own
        errors = cloudwatch.MathExpression(
            expression="100 * FILL(errors, 0) / requests",
            using_metrics={"errors": api("5XXError", SUM), "requests": api("Count", SUM)},
            label="5XX, percent",
            period=Duration.minutes(1),
        )
        latency = [_labelled(api("Latency", stat), stat) for stat in (P50, P95, P99)]
        placed = (metrics.ORDERS_CREATED, metrics.ORDERS_REPLAYED, metrics.ORDERS_REFUSED)
        processed = [_labelled(own(metrics.PROCESSING_LATENCY, stat), stat) for stat in (P50, P95)]
        return [
            _graph("Requests a minute", [api("Count", SUM), api("4XXError", SUM)], 5),
            _graph("Errors", [errors], 4),
            _graph("Latency, ms", latency, 5, line=(P95_MILLISECONDS, "what is promised for p95")),
            _graph("Orders a minute", [own(metric, SUM) for metric in placed], 5),
            _graph("From placed to processed, ms", processed, 5),
        ]

    def _refusals(self) -> cloudwatch.IWidget:
        return self._answer("Orders refused, by reason", queries.REFUSALS)

    def _functions(self) -> list[cloudwatch.IWidget]:
        shown = {
            "Calls a minute": ("Invocations", SUM),
            "Errors": ("Errors", SUM),
            "Duration p95, ms": ("Duration", P95),
            "At once": ("ConcurrentExecutions", MAXIMUM),
            "Throttles": ("Throttles", SUM),
        }
        widths = iter((5, 5, 5, 5, 4))
        return [
            _graph(title, self._of_functions(name, statistic), next(widths))
            for title, (name, statistic) in shown.items()
        ]

    def _of_functions(self, name: str, statistic: str) -> list[cloudwatch.IMetric]:
        return [
            _labelled(self._measured.function(function, name, statistic), function)
            for function in _FUNCTIONS
        ]

    def _tables(self) -> list[cloudwatch.IWidget]:
        return [
            *(
                _graph(
                    f"{verb.capitalize()} units a minute",
                    self._of_tables(f"Consumed{verb.capitalize()}CapacityUnits"),
                    6,
                    (60 * self._settings.capacity.ceiling_of(verb), "ceiling"),
                )
                for verb in ("write", "read")
            ),
            _graph(
                "Throttles",
                [
                    *self._of_tables("WriteThrottleEvents", "writes, "),
                    *self._of_tables("ReadThrottleEvents", "reads, "),
                ],
                6,
            ),
            _graph("Latency of DynamoDB, ms", self._table_latency(), 6),
        ]

    def _of_tables(self, name: str, prefix: str = "") -> list[cloudwatch.IMetric]:
        return [
            _labelled(
                self._measured.table(table, name, SUM, index=index),
                f"{prefix}{index or table.replace('_', ' ')}",
            )
            for part, (table, index) in PARTS.items()
            if part != "partners"  # read by starts alone
        ]

    def _table_latency(self) -> list[cloudwatch.IMetric]:
        return [
            _labelled(
                self._measured.table(
                    "orders", "SuccessfulRequestLatency", AVERAGE, operation=operation
                ),
                operation,
            )
            for table, operation in OPERATIONS
            if table == "orders"
        ]

    def _queues(self) -> list[cloudwatch.IWidget]:
        made = self._resources.queues
        live = {queue.construct_id: made[queue.name].live for queue in QUEUES}
        dead = {queue.construct_id: made[queue.name].dead for queue in QUEUES}
        live["PartnerRetries"] = self._resources.retries
        dead["Pipe"] = self._resources.pipe_dead_letters
        visible, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
        read = self._measured.queue
        pipe = [self._measured.pipe(name, SUM) for name in ("Invocations", "ExecutionFailed")]
        stream = self._measured.own(metrics.STREAM_LATENCY, P95)
        waiting = [_labelled(read(queue, visible, MAXIMUM), name) for name, queue in live.items()]
        oldest = [_labelled(read(queue, age, MAXIMUM), name) for name, queue in live.items()]
        letters = [_labelled(read(queue, visible, MAXIMUM), name) for name, queue in dead.items()]
        return [
            _graph("Waiting", waiting, 5),
            _graph("The oldest, s", oldest, 5),
            _graph("Dead letters", letters, 5),
            _graph("Pipe", pipe, 4),
            _graph("From the stream to the worker, ms", [_labelled(stream, P95)], 5),
        ]

    def _webhooks(self, rule: FailingPartners) -> list[cloudwatch.IWidget]:
        told = (metrics.WEBHOOKS_DELIVERED, metrics.WEBHOOKS_RETRIED, metrics.WEBHOOKS_GIVEN_UP)
        tries = rule.worst(minutes=5)
        return [
            _graph("Webhooks a minute", [self._measured.own(metric, SUM) for metric in told], 8),
            _graph("Failed tries of the worst partner", [tries], 6),
            self._answer("By partner", queries.WEBHOOKS, 10),
        ]

    def _business(self) -> list[cloudwatch.IWidget]:
        changes = [self._measured.own(metrics.STATUS_CHANGES, SUM)]
        return [
            self._answer("Orders that came to each status", queries.BY_STATUS, 8),
            self._answer("Orders by partner", queries.BY_PARTNER, 8),
            _graph("Status changes a minute", changes, 8),
        ]

    def _restaurants(self) -> list[cloudwatch.IWidget]:
        unanswered = [self._measured.own(metrics.ORDERS_UNANSWERED, SUM)]
        return [
            _graph("Orders that nobody answered, a minute", unanswered, 12),
            self._answer("Unanswered, by restaurant", queries.UNANSWERED),
        ]

    def _cost(self) -> list[cloudwatch.IWidget]:
        """Show what is paid for by the piece, summed up over the time that is shown."""
        written = [
            _labelled(self._measured.log_group(group, "IncomingBytes", SUM), name)
            for name, group in self._log_groups.items()
        ]
        return [
            _number("API requests", [self._measured.api("Count", SUM)], 4),
            _number("Write units", self._of_tables("ConsumedWriteCapacityUnits"), 6),
            _number("Billed time of functions, ms", self._of_functions("Duration", SUM), 7),
            _number("Bytes of logs", written, 7),
        ]

    def _answer(self, title: str, query: Query, width: int = WIDTH // 2) -> cloudwatch.IWidget:
        return cloudwatch.LogQueryWidget(
            title=title,
            log_group_names=[self._log_groups[name].log_group_name for name in query.groups],
            query_lines=list(query.commands),
            view=cloudwatch.LogQueryVisualizationType.TABLE,
            width=width,
            height=_HEIGHT,
        )


def _alarm_states(alarms: Alarms) -> cloudwatch.IWidget:
    """Show each alarm by the name that it will have: nothing here waits for it to be made."""
    stack = Stack.of(alarms)
    named = [
        cloudwatch.Alarm.from_alarm_arn(
            alarms,
            f"Shown{number}",
            stack.format_arn(
                service="cloudwatch",
                resource="alarm",
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        for number, name in enumerate(alarms.names)
    ]
    return cloudwatch.AlarmStatusWidget(title="Alarms", alarms=named, width=WIDTH, height=4)


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    width: int,
    line: tuple[float, str] | None = None,
) -> cloudwatch.IWidget:
    """Draw metrics over time, from zero, with a line where a limit is."""
    limits = [] if line is None else [cloudwatch.HorizontalAnnotation(value=line[0], label=line[1])]
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        left_annotations=limits,
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        width=width,
        height=_HEIGHT,
    )


def _number(title: str, shown: Sequence[cloudwatch.IMetric], width: int) -> cloudwatch.IWidget:
    """Show one number for each metric: its total over the time that is shown."""
    return cloudwatch.SingleValueWidget(
        title=title,
        metrics=list(shown),
        set_period_to_time_range=True,
        width=width,
        height=_HEIGHT,
    )


def _labelled(metric: cloudwatch.Metric, label: str) -> cloudwatch.Metric:
    return metric.with_(label=label)
