"""The alarms: what makes somebody get up, or look during the day, and where it says what to do.

docs/alarms.md shows which of them fires in which situation, and how soon; tests/alarms/table.py is
the table behind it, against which each alarm of the synthesized template is evaluated.

    customers      api-errors-fast  api-errors-slow  api-slow  no-orders  orders-unanswered
    functions      <function>-errors-fast  <function>-errors-slow  functions-throttled  …-busy
    heartbeat      heartbeat-failing
    strangers      sign-ups-many  firewall-blocking
    changes        <queue>-dead-letters  <queue>-old  pipe-failing  pipe-silent  partner-failing
    tables         tables-throttled  tables-failing  tables-near-ceiling

There is no composite alarm: those that fire together in an outage ask for the same look, and none
of them fires at night alone for what another has already told.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infrastructure.functions import QUEUES, Caller, names
from infrastructure.watching.aws_metrics import MAXIMUM, OPERATIONS, P95, PARTS, SUM, Measured
from infrastructure.work.processing import VISIBILITY_FACTOR
from orders.metrics import ORDERS_CREATED, ORDERS_UNANSWERED
from orders.settings import longest_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

    from infrastructure.settings import OpeningHours, Settings
    from infrastructure.watching.aws_metrics import Resources
    from infrastructure.watching.contributor_insights import FailingPartners

P95_MILLISECONDS = 500
"""What the API promises for 95 of 100 requests."""

ERROR_PERCENT = 1
"""More errors than this in an hour are too many …"""

ERRORS_IN_AN_HOUR = 3
"""… if there are as many as this: at two requests a minute a single one would be above 1 %."""

ERRORS_OF_A_FUNCTION = 7
"""The same for one function: it has fewer calls, of which chance makes a greater share fail."""

ERRORS_IN_FIVE_MINUTES = 5
"""So many at once do not wait for the hour …"""

FAST_PERCENT = 2
"""… if they are more than this of the API's requests: two of a thousand fail on any day, and at
seventy requests a minute five of them fall together three times in ten days."""

FEWEST_REQUESTS = 50
"""In five minutes: a percentile of fewer tells of single requests, such as a cold start."""

NEAR_PERCENT = 80
"""Of a ceiling: the time to raise it is before it is reached."""

TRIES_FAILED = 36
"""Tries of one partner's webhooks that failed in a quarter of an hour; each webhook has eight in
a day, two of them at once. A partner that has all of them and fails one in twenty has that many by
chance once in eight days."""

SILENT_ORDERS = 10
"""Orders placed in five minutes of which a pipe that works would have told."""

RETRIES_DUE_MINUTES = 30
"""How long some webhook or other may be due for its next try without a pause: with one partner
gone, a moment passes until each is taken. The age that SQS measures would count the waits between
tries, too, which take a day."""

SIGN_UPS_IN_FIVE_MINUTES = 60
"""About as many as healthy growth brings in a day: each is a customer to pay for."""

BLOCKED_IN_FIVE_MINUTES = 300
"""About as many as there are good requests in that time, in busy hours."""

(HEARTBEAT,) = names(Caller.SCHEDULE)
"""The function that places our own orders."""

(SIGN_IN,) = names(Caller.SIGN_IN)
"""The function without which nobody gets tokens, in stages that have it."""

UNANSWERED_ORDERS = 8
"""Orders that nobody answered in a quarter of an hour: of the 37 that are served in that time on a
busy day. One of a hundred goes unanswered on any day, which makes eight once in centuries."""

_Comparison = cloudwatch.ComparisonOperator
_Missing = cloudwatch.TreatMissingData


class Severity(StrEnum):
    """Whom an alarm is for: whoever is on call, now, or the team, during the day."""

    CRITICAL = "CRITICAL"
    WARNING = "WARNING"


class Condition(NamedTuple):
    """When an alarm fires.

    Args:
        metric: what is looked at, with its period.
        threshold: what must be exceeded, or reached, or fallen below.
        periods: in so many of the last `window` periods.
        window: None for as many as `periods`.
        reached: whether the threshold itself is bad already.
        below: whether low values are the bad ones.
        silence: what a period without data counts as. Most of our metrics have none when nothing
            happens, which is no reason to wake anybody; DynamoDB's can have it only ignored.
    """

    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1
    window: int | None = None
    reached: bool = False
    below: bool = False
    silence: cloudwatch.TreatMissingData = _Missing.NOT_BREACHING

    @property
    def comparison(self) -> cloudwatch.ComparisonOperator:
        """How the metric is compared with the threshold."""
        if self.below:
            return _Comparison.LESS_THAN_THRESHOLD
        if self.reached:
            return _Comparison.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        return _Comparison.GREATER_THAN_THRESHOLD


class Alarms(Construct):
    """The alarms of one stage, and the topic that they tell."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: Resources,
        settings: Settings,
        failing_partners: FailingPartners,
        key: kms.Key,
    ) -> None:
        """Define them.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            resources: what is looked at.
            settings: the stage's.
            failing_partners: the rule that counts failed tries of webhooks by partner.
            key: encrypts what the topic tells.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._measured = Measured(resources)
        self._stack_name = Stack.of(self).stack_name
        self.topic = _topic(self, settings, key)
        self._tells = actions.SnsAction(self.topic)
        self.names: list[str] = []
        self._watch_customers()
        self._watch_latency()
        self._watch_answers()
        if (hours := settings.opening_hours) is not None:
            self._watch_orders(hours)
        for name in names(Caller.API, Caller.QUEUE):
            self._watch_function(name)
        self._watch_concurrency()
        self._watch_queues(resources)
        self._watch_pipe()
        self._watch_partners(failing_partners)
        self._watch_tables()
        self._watch_strangers()
        if settings.asks_second_factor:
            self._watch_sign_in()
        if settings.heartbeat_minutes is not None:
            self._watch_heartbeat(settings.heartbeat_minutes)

    def _add(
        self, name: str, severity: Severity, meaning: str, runbook: str, condition: Condition
    ) -> cloudwatch.Alarm:
        """Define an alarm.

        Args:
            name: in kebab case, without the stage; the key of docs/alarms.md.
            severity: for whom.
            meaning: one sentence.
            runbook: the page's name, without its ending.
            condition: when it fires.
        """
        alarm_name = f"{self._stack_name}-{name}"
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in name.split("-")),
            alarm_name=alarm_name,
            alarm_description=f"{severity}: {meaning} "
            f"Runbook: {self._settings.runbooks}/{runbook}.md",
            metric=condition.metric,
            threshold=condition.threshold,
            comparison_operator=condition.comparison,
            evaluation_periods=condition.window or condition.periods,
            datapoints_to_alarm=condition.periods,
            treat_missing_data=condition.silence,
        )
        alarm.add_alarm_action(self._tells)
        alarm.add_ok_action(self._tells)
        self.names.append(alarm_name)
        return alarm

    def _watch_customers(self) -> None:
        api = self._measured.api
        self._add(
            "api-errors-fast",
            Severity.CRITICAL,
            f"{ERRORS_IN_FIVE_MINUTES} requests or more failed within five minutes, "
            f"more than {FAST_PERCENT} % of all.",
            "errors",
            Condition(
                _error_percentage(
                    api("5XXError", SUM, minutes=5),
                    api("Count", SUM, minutes=5),
                    at_least=ERRORS_IN_FIVE_MINUTES,
                ),
                FAST_PERCENT,
            ),
        )
        self._add(
            "api-errors-slow",
            Severity.WARNING,
            f"More than {ERROR_PERCENT} % of an hour's requests failed, "
            f"and {ERRORS_IN_AN_HOUR} at least.",
            "errors",
            Condition(
                _error_percentage(
                    api("5XXError", SUM, minutes=60),
                    api("Count", SUM, minutes=60),
                    at_least=ERRORS_IN_AN_HOUR,
                ),
                ERROR_PERCENT,
            ),
        )

    def _watch_latency(self) -> None:
        self._add(
            "api-slow",
            Severity.WARNING,
            f"One request of twenty took more than {P95_MILLISECONDS} ms, "
            "in ten of fifteen minutes.",
            "latency",
            Condition(self._latency(), P95_MILLISECONDS, periods=2, window=3),
        )

    def _latency(self) -> cloudwatch.IMetric:
        """The 95th percentile where there are requests enough to have one, and else nothing."""
        return cloudwatch.MathExpression(
            expression=f"IF(FILL(requests, 0) >= {FEWEST_REQUESTS}, latency, 0)",
            using_metrics={
                "requests": self._measured.api("Count", SUM, minutes=5),
                "latency": self._measured.api("Latency", P95, minutes=5),
            },
            label="p95 of the latency",
            period=Duration.minutes(5),
        )

    def _watch_answers(self) -> None:
        """Watch restaurants as a whole: which of them does not answer, the log tells."""
        self._add(
            "orders-unanswered",
            Severity.WARNING,
            f"{UNANSWERED_ORDERS} orders or more were rejected within a quarter of an hour, "
            "because their restaurants did not answer.",
            "unanswered",
            Condition(
                self._measured.own(ORDERS_UNANSWERED, SUM, minutes=15),
                UNANSWERED_ORDERS,
                reached=True,
            ),
        )

    def _watch_orders(self, hours: OpeningHours) -> None:
        """Tell of silence while customers are up; no data then is just what it looks for."""
        created = cloudwatch.MathExpression(
            expression=f"IF({_within(hours)}, created, 1)",
            using_metrics={"created": self._measured.own(ORDERS_CREATED, SUM, minutes=15)},
            label="orders placed in opening hours",
            period=Duration.minutes(15),
        )
        self._add(
            "no-orders",
            Severity.CRITICAL,
            "Nobody placed an order for half an hour, in opening hours.",
            "no-orders",
            Condition(created, 1, periods=2, below=True, silence=_Missing.BREACHING),
        )

    def _watch_function(self, function: str) -> None:
        name = function.replace("_", "-")
        errors = self._measured.function(function, "Errors", SUM, minutes=5)
        self._add(
            f"{name}-errors-fast",
            Severity.CRITICAL,
            f"{function} crashed or ran out of time {ERRORS_IN_FIVE_MINUTES} times or more "
            "within five minutes.",
            "errors",
            Condition(errors, ERRORS_IN_FIVE_MINUTES, reached=True),
        )
        self._add(
            f"{name}-errors-slow",
            Severity.WARNING,
            f"{function} crashed or ran out of time in more than {ERROR_PERCENT} % of an hour's "
            f"calls, {ERRORS_OF_A_FUNCTION} times at least.",
            "errors",
            Condition(
                _error_percentage(
                    self._measured.function(function, "Errors", SUM, minutes=60),
                    self._measured.function(function, "Invocations", SUM, minutes=60),
                    at_least=ERRORS_OF_A_FUNCTION,
                ),
                ERROR_PERCENT,
            ),
        )

    def _watch_heartbeat(self, minutes: int) -> None:
        """Watch our own orders; no data means that nothing has called the function any more."""
        runs = cloudwatch.MathExpression(
            expression="calls - errors",
            using_metrics={
                "calls": self._measured.function(HEARTBEAT, "Invocations", SUM, minutes=minutes),
                "errors": self._measured.function(HEARTBEAT, "Errors", SUM, minutes=minutes),
            },
            label="heartbeats that succeeded",
            period=Duration.minutes(minutes),
        )
        self._add(
            "heartbeat-failing",
            Severity.CRITICAL,
            "Our own order was not placed, read, repeated and cancelled as it should, "
            "twice in three times.",
            "heartbeat",
            Condition(runs, 1, periods=2, window=3, below=True, silence=_Missing.BREACHING),
        )

    def _watch_concurrency(self) -> None:
        watched = names(Caller.API, Caller.QUEUE, Caller.SIGN_IN)
        throttles = {
            function: self._measured.function(function, "Throttles", SUM, minutes=5)
            for function in self._settings.functions
            if function in watched
        }
        self._add(
            "functions-throttled",
            Severity.CRITICAL,
            "Lambda refused calls of our functions: a reservation or the account's quota is full.",
            "throttling",
            Condition(_total(throttles, "throttled calls"), 0, periods=2, window=3),
        )
        for function, reserved in self._settings.reserved_concurrency.items():
            if reserved is not None:
                running = self._measured.function(function, "ConcurrentExecutions", MAXIMUM)
                self._add(
                    f"{function.replace('_', '-')}-busy",
                    Severity.WARNING,
                    f"{function} runs near the {reserved} at once that are reserved for it.",
                    "throttling",
                    Condition(running, reserved * NEAR_PERCENT / 100, periods=3, window=5),
                )

    def _watch_queues(self, resources: Resources) -> None:
        self._watch_dead_letters("pipe", resources.pipe_dead_letters)
        for queue in QUEUES:
            made = resources.queues[queue.name]
            self._watch_dead_letters(queue.title, made.dead)
            settings = self._settings.workers[queue.feeds]
            longest = longest_wait(settings.retry_seconds)
            longest += VISIBILITY_FACTOR * settings.timeout_seconds
            minutes = max(10, math.ceil(longest / 60))
            age = self._measured.queue(made.live, "ApproximateAgeOfOldestMessage", MAXIMUM)
            self._add(
                f"{queue.title}-old",
                Severity.CRITICAL,
                f"A message waits for {queue.feeds} for more than {minutes} minutes, longer than "
                "all its tries take.",
                "stuck-pipe",
                Condition(age, 60 * minutes, periods=3),
            )
        self._watch_retries(resources.retries)

    def _watch_retries(self, queue: sqs.Queue) -> None:
        due = self._measured.queue(queue, "ApproximateNumberOfMessagesVisible", MAXIMUM)
        self._add(
            "partner-retries-old",
            Severity.WARNING,
            f"Webhooks are due for their next try for {RETRIES_DUE_MINUTES} minutes, and not all "
            "of them are taken.",
            "stuck-pipe",
            Condition(due, 0, periods=RETRIES_DUE_MINUTES),
        )

    def _watch_dead_letters(self, name: str, queue: sqs.Queue) -> None:
        waiting = self._measured.queue(queue, "ApproximateNumberOfMessagesVisible", MAXIMUM)
        self._add(
            f"{name}-dead-letters",
            Severity.WARNING,
            f"The dead-letter queue of {name} is not empty.",
            "dead-letters",
            Condition(waiting, 0),
        )

    def _watch_pipe(self) -> None:
        names = ("ExecutionFailed", "ExecutionTimeout", "ExecutionThrottled")
        failures = {name: self._measured.pipe(name, SUM, minutes=5) for name in names}
        self._add(
            "pipe-failing",
            Severity.CRITICAL,
            "The pipe could not tell of changes, in ten of fifteen minutes.",
            "stuck-pipe",
            Condition(_total(failures, "failed executions"), 0, periods=2, window=3),
        )
        # Not what is sent to a queue: deadlines come there, too, and by another way.
        silent = cloudwatch.MathExpression(
            expression=f"IF(FILL(created, 0) >= {SILENT_ORDERS} AND FILL(told, 0) < 1, 1, 0)",
            using_metrics={
                "created": self._measured.own(ORDERS_CREATED, SUM, minutes=5),
                "told": self._measured.topic("NumberOfMessagesPublished", SUM, minutes=5),
            },
            label="orders placed, and none told of",
            period=Duration.minutes(5),
        )
        self._add(
            "pipe-silent",
            Severity.CRITICAL,
            "Orders are placed, but for twenty minutes no change of any reached the topic.",
            "stuck-pipe",
            # SNS may measure a topic that slept only after a while, as SQS does a queue.
            Condition(silent, 0, periods=4),
        )

    def _watch_partners(self, rule: FailingPartners) -> None:
        """Watch the worst partner, whoever it is: no metric for each of them is paid for."""
        alarm = self._add(
            "partner-failing",
            Severity.WARNING,
            f"One partner did not take {TRIES_FAILED} webhooks or more within a quarter of an "
            "hour.",
            "failing-partner",
            Condition(rule.worst(minutes=15), TRIES_FAILED, reached=True),
        )
        alarm.node.add_dependency(rule)  # its expression names the rule by a text, not by Ref

    def _watch_strangers(self) -> None:
        """Watch who signs up, and what the firewall blocks where there is one."""
        signed_up = self._measured.sign_up("SignUpSuccesses", SUM, minutes=5)
        self._add(
            "sign-ups-many",
            Severity.CRITICAL,
            f"{SIGN_UPS_IN_FIVE_MINUTES} people or more signed up within five minutes; each is "
            "paid for.",
            "sign-up",
            Condition(signed_up, SIGN_UPS_IN_FIVE_MINUTES, reached=True),
        )
        if self._settings.web_firewall:
            blocked = self._measured.firewall("BlockedRequests", SUM, minutes=5)
            self._add(
                "firewall-blocking",
                Severity.WARNING,
                f"The firewall blocked {BLOCKED_IN_FIVE_MINUTES} requests or more in five "
                "minutes, in ten of fifteen.",
                "throttling",
                Condition(blocked, BLOCKED_IN_FIVE_MINUTES, periods=2, window=3, reached=True),
            )

    def _watch_sign_in(self) -> None:
        """Watch what Cognito asks before it makes tokens: where that fails there are none."""
        errors = self._measured.function(SIGN_IN, "Errors", SUM, minutes=5)
        self._add(
            "sign-in-failing",
            Severity.CRITICAL,
            f"{SIGN_IN} crashed or ran out of time {ERRORS_IN_FIVE_MINUTES} times or more within "
            "five minutes: whom that meets cannot sign in.",
            "sign-in",
            Condition(errors, ERRORS_IN_FIVE_MINUTES, reached=True),
        )

    def _watch_tables(self) -> None:
        """Watch all tables at once: which one it is, the dashboard shows."""
        throttled = {
            f"{verb}_{name}": self._measured.table(
                table, f"{verb.capitalize()}ThrottleEvents", SUM, index=index, minutes=5
            )
            for name, (table, index) in PARTS.items()
            for verb in ("read", "write")
            if (name, verb) not in _HARDLY_THROTTLED
        }
        self._add(
            "tables-throttled",
            Severity.CRITICAL,
            "DynamoDB refused requests above a table's or an index's capacity.",
            "throttling",
            _of_tables(_total(throttled, "throttled requests"), 0, periods=2, window=3),
        )
        errors = {
            f"{operation.lower()}_{table}": self._measured.table(
                table, "SystemErrors", SUM, operation=operation, minutes=5
            )
            for table, operation in OPERATIONS
        }
        self._add(
            "tables-failing",
            Severity.WARNING,
            f"DynamoDB itself failed, {ERRORS_IN_FIVE_MINUTES} times or more in five minutes.",
            "errors",
            _of_tables(_total(errors, "errors of DynamoDB"), ERRORS_IN_FIVE_MINUTES, reached=True),
        )
        self._add(
            "tables-near-ceiling",
            Severity.WARNING,
            f"A table or an index uses more than {NEAR_PERCENT} % of the most that it may.",
            "throttling",
            _of_tables(self._used_percentage(), NEAR_PERCENT, periods=3, window=5),
        )

    def _used_percentage(self) -> cloudwatch.IMetric:
        capacity = self._settings.capacity
        used = {
            f"{verb}_{name}": self._measured.table(
                table, f"Consumed{verb.capitalize()}CapacityUnits", SUM, index=index
            )
            for name, (table, index) in PARTS.items()
            for verb in ("read", "write")
            if (name, verb) not in _HARDLY_USED
        }
        shares = ", ".join(
            f"FILL({name}, 0) / {60 * capacity.ceiling_of(name.partition('_')[0])}" for name in used
        )
        return cloudwatch.MathExpression(
            expression=f"100 * MAX([{shares}])",
            using_metrics=used,
            label="used of the capacity's ceiling",
            period=Duration.minutes(1),
        )


_HARDLY_THROTTLED = {("keys", "read"), ("partners", "write")}
"""Capacity of replays, and of operators: not worth a metric of an alarm's ten."""

_HARDLY_USED = {*_HARDLY_THROTTLED, ("partners", "read"), ("by_server", "write")}
"""Capacity that starts use, too; and that of which another index takes all that it takes."""


def _error_percentage(
    errors: cloudwatch.Metric, calls: cloudwatch.Metric, at_least: int
) -> cloudwatch.IMetric:
    """Give the share of errors where there are as many as that, and else nothing."""
    return cloudwatch.MathExpression(
        expression=f"IF(FILL(errors, 0) >= {at_least}, 100 * errors / calls, 0)",
        using_metrics={"errors": errors, "calls": calls},
        label="percentage of errors",
        period=errors.period,
    )


def _total(metrics: Mapping[str, cloudwatch.Metric], label: str) -> cloudwatch.IMetric:
    """Add metrics up; those that have no data, because nothing happened, count as zero."""
    by_id = {_expression_id(name): metric for name, metric in metrics.items()}
    parts = ", ".join(f"FILL({name}, 0)" for name in by_id)
    return cloudwatch.MathExpression(
        expression=f"SUM([{parts}])",
        using_metrics=by_id,
        label=label,
        period=Duration.minutes(5),
    )


def _of_tables(metric: cloudwatch.IMetric, threshold: float, **when: Any) -> Condition:
    """Say what CloudWatch does: it ignores missing data of AWS/DynamoDB whatever a template says.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    return Condition(metric, threshold, silence=_Missing.IGNORE, **when)


def _expression_id(name: str) -> str:
    """Give a name that CloudWatch takes in expressions: it begins with a lower-case letter."""
    return name[0].lower() + name[1:]


def _within(hours: OpeningHours) -> str:
    """Say in metric math that a point lies in opening hours; the series' values do not matter."""
    hour = "HOUR(TIME_SERIES(1))"
    after, before = f"{hour} >= {hours.opens}", f"{hour} < {hours.closes}"
    over_midnight = hours.closes <= hours.opens
    return f"{after} OR {before}" if over_midnight else f"{after} AND {before}"


def _topic(scope: Construct, settings: Settings, key: kms.Key) -> sns.Topic:
    """Define the topic, and let alarms use its key; what they say holds no personal data."""
    name = f"{Stack.of(scope).stack_name}-alarms"
    topic = sns.Topic(scope, "Topic", topic_name=name, enforce_ssl=True, master_key=key)
    topic.add_to_resource_policy(_from_alarms("sns:Publish", on=topic.topic_arn))
    using = ("kms:Decrypt", "kms:GenerateDataKey")
    key.add_to_resource_policy(_from_alarms(*using, on="*"))  # in a key's policy: this key
    for address in settings.alarm_emails:
        topic.add_subscription(subscriptions.EmailSubscription(address))
    return topic


def _from_alarms(*actions: str, on: str) -> iam.PolicyStatement:
    """Let CloudWatch do something for the alarms of this account."""
    alarms = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"
    ours = {
        "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
        "ArnLike": {"aws:SourceArn": alarms},
    }
    principal = iam.ServicePrincipal("cloudwatch.amazonaws.com", conditions=ours)
    return iam.PolicyStatement(principals=[principal], actions=list(actions), resources=[on])
