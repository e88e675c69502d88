"""Questions to the logs, saved in Logs Insights: what costs nothing until somebody asks it.

Each is also a piece of documentation: which fields the log lines have, and what for. They use no
more of the language than `fields`, `filter`, `stats`, `sort` and `limit`, which the local dashboard
understands as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.functions import FUNCTIONS, Caller, names

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCESS = "access"
"""The log of API Gateway, among those of functions, which go by the function's name."""


class Query(NamedTuple):
    """A question: its name, whose lines it reads, and its commands."""

    name: str
    groups: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query as it is typed."""
        return "\n| ".join(self.commands)


_PLACED = 'orderStatus = "PLACED" and not ispresent(synthetic)'

ROUTES = Query(
    "api by route",
    (ACCESS,),
    (
        "filter ispresent(route)",
        "stats count(*) as requests, pct(latency, 95) as p95_ms by method, route, status",
        "sort requests desc",
        "limit 30",
    ),
)
REFUSALS = Query(
    "refused orders by reason",
    ("create_order",),
    (
        "filter ispresent(problem)",
        "stats count(*) as refused by problem, caller",
        "sort refused desc",
    ),
)
BY_PARTNER = Query(
    "orders by partner",
    ("create_order",),
    (
        f'filter {_PLACED} and caller = "partner"',
        "stats count(*) as orders by callerId",
        "sort orders desc",
        "limit 20",
    ),
)
BY_STATUS = Query(
    "orders by status",
    ("create_order", "update_order", "process_order"),
    (
        "filter ispresent(orderStatus) and not ispresent(synthetic)",
        "stats count_distinct(orderId) as orders by orderStatus",
        "sort orders desc",
    ),
)
UNANSWERED = Query(
    "unanswered orders by restaurant",
    ("process_order",),
    (
        'filter outcome = "unanswered"',
        "stats count(*) as orders by restaurantId",
        "sort orders desc",
        "limit 20",
    ),
)
WEBHOOKS = Query(
    "webhooks by partner",
    ("notify_partner",),
    (
        "filter ispresent(eventId)",
        "stats count(*) as tries, pct(milliseconds, 95) as p95_ms by partnerId, outcome",
        "sort tries desc",
        "limit 30",
    ),
)
UNITS = Query(
    "DynamoDB by route",
    names(Caller.API),
    (
        "filter ispresent(route)",
        (
            "stats count(*) as requests, avg(dynamodbCalls) as calls, sum(readUnits) as reads,"
            " sum(writeUnits) as writes by route"
        ),
        "sort requests desc",
    ),
)
FLAGS = Query(
    "flag decisions",
    tuple(row.name for row in FUNCTIONS if row.asks),
    (
        "filter ispresent(flag)",
        "stats count(*) as decisions by flag, flagOn, flagWhy",
        "sort decisions desc",
    ),
)
SLOW = Query(
    "slow requests",
    names(Caller.API),
    (
        "filter milliseconds > 300",
        (
            "fields @timestamp, route, status, milliseconds, coldStart, dynamodbCalls, orderId,"
            " requestId"
        ),
        "sort milliseconds desc",
        "limit 50",
    ),
)
ERRORS = Query(
    "unforeseen errors",
    names(Caller.API, Caller.QUEUE),
    (
        'filter level = "ERROR"',
        "fields @timestamp, error, route, orderId, requestId, messageId",
        "sort @timestamp desc",
        "limit 50",
    ),
)
STORY = Query(
    "an order's story",
    names(Caller.API, Caller.QUEUE),
    (
        'filter orderId = "put the order\'s id here"',
        (
            "fields @timestamp, route, status, outcome, orderStatus, version, callerId, requestId,"
            " reason"
        ),
        "sort @timestamp asc",
    ),
)

QUERIES = (
    ROUTES,
    REFUSALS,
    BY_PARTNER,
    BY_STATUS,
    UNANSWERED,
    WEBHOOKS,
    UNITS,
    FLAGS,
    SLOW,
    ERRORS,
    STORY,
)
"""All of them."""


class SavedQueries(Construct):
    """The queries, in a folder of the stage's own in Logs Insights."""

    def __init__(
        self, scope: Construct, construct_id: str, *, log_groups: Mapping[str, logs.ILogGroup]
    ) -> None:
        """Define them.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            log_groups: by function, and `access`.
        """
        super().__init__(scope, construct_id)
        folder = Stack.of(self).stack_name
        for query in QUERIES:
            logs.CfnQueryDefinition(
                self,
                "".join(word.strip("'").capitalize() for word in query.name.split()),
                name=f"{folder}/{query.name}",
                log_group_names=[log_groups[name].log_group_name for name in query.groups],
                query_string=query.text,
            )
