"""The functions, and the queues that feed some: tables, of which all else that lists them is made.

A row's name is that of its module in `orders.handlers`. Routes (`orders.routes`) name the functions
that answer them; permissions stand where the service is composed. How often each is called is an
assumption of `ops/costs/traffic.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from orders import problems
from orders import settings as variables

if TYPE_CHECKING:
    from orders.problems import Kind

ORDERS, PARTNERS, IDEMPOTENCY_KEYS = "orders", "partners", "idempotency_keys"
"""The tables, by the names that go with them everywhere."""


NOTIFYING = "notify_partner"
"""The function that sends webhooks: it has a queue for each side that hears of an order, and one
for their retries."""


MOVING = "update_order"
"""The function that moves orders: its log says for ninety days which operator did."""


GATE = "release_gate"
"""The function that asks a release's new versions before anybody meets them."""


LIVE = "live"
"""The alias of each released function: the version that callers meet."""


class Caller(StrEnum):
    """What calls a function."""

    API = "API Gateway, for each request"
    QUEUE = "its queue, with a batch of messages"
    DEPLOYMENT = "CloudFormation, when the stack is made, changed or removed"
    SCHEDULE = "a schedule, in stages that have it"
    SIGN_IN = "Cognito, before it makes tokens, in stages that ask operators for a second factor"


_RELEASED = frozenset({Caller.API, Caller.QUEUE, Caller.SCHEDULE})


class Answer(StrEnum):
    """What a function of the API answers when all is well."""

    PLACED = "the order, with its place and whether it had been placed before"
    ORDER = "the order, or that the caller knows it as it is"
    PAGE = "a page of orders"
    CHANGED = "the order after the change"


class Queue(NamedTuple):
    """One queue of changes, with dead letters of its own."""

    name: str
    """As endpoints.json has it; outputs, constructs and alarms are named after it."""
    feeds: str
    """The function that works its messages off."""
    letters: str
    """What `orders dlq` calls its dead letters."""
    fact: str
    """Its name in Parameter Store, below `queues/`."""

    @property
    def construct_id(self) -> str:
        """The id of its construct, with which the names of its outputs begin."""
        return construct_id(self.name)

    @property
    def title(self) -> str:
        """What people call it, in kebab case."""
        return self.name.replace("_", "-")

    @property
    def mapping_id(self) -> str:
        """The id of what feeds the function from it, among the function's own constructs."""
        return "Queue" if self is queues_of(self.feeds)[0] else self.construct_id


class Row(NamedTuple):
    """One function."""

    name: str
    caller: Caller
    tables: tuple[str, ...] = ()
    """Those that it reads or writes."""
    writes: bool = False
    """Whether it writes to one of them."""
    asks: str = ""
    """What it asks feature flags, if it does."""
    counts: bool = True
    """Whether each call writes a line of metrics."""
    variables: tuple[str, ...] = ()
    """Its environment, besides the log's level; one without a value in a stage is not there."""
    timeout_seconds: int | None = None
    """When it is ended; None for what the stage's settings say."""
    answer: Answer | None = None
    problems: tuple[Kind, ...] = ()
    """What it can refuse, by itself; a test compares this with the functions themselves."""
    headers: tuple[str, ...] = ()
    """Those that it reads, besides those that say who calls and what is sent."""
    description: str = ""
    """What its routes promise, in Markdown; the API's document fills in the names in braces."""
    serving: str = ""
    """The same of its restaurants' routes, where they promise something else."""

    @property
    def handler(self) -> str:
        """The handler, as Lambda names it."""
        return f"orders.handlers.{self.name}.handler"

    @property
    def released(self) -> bool:
        """Whether callers meet a version that has been asked first, by the alias `live`.

        What a deployment itself calls has none: it belongs to the deployment, not to customers.
        """
        return self.caller in _RELEASED


_OF_REQUESTS = (
    *(variables.ORDERS_TABLE, variables.IDEMPOTENCY_TABLE, variables.PARTNERS_TABLE),
    *(variables.IDEMPOTENCY_HOURS, variables.ALLOWED_ORIGINS, variables.PERSON_THROTTLE),
)
_OF_DEADLINES = (variables.ACCEPT_MINUTES, variables.ACCEPT_LEAD_MINUTES)
_OF_QUOTES = (variables.PRICE_QUOTES, variables.PRICE_KEYS)
_OF_MESSAGES = (variables.STAGE, variables.DEAD_LETTER_QUEUE, variables.RETRY_SECONDS)

_OF_BODIES = (
    problems.MALFORMED_JSON,
    problems.INVALID_BODY,
    problems.BODY_TOO_LARGE,
    problems.UNSUPPORTED_MEDIA_TYPE,
)

_OF_PRICES = (
    problems.QUOTE_REQUIRED,
    problems.QUOTE_INVALID,
    problems.QUOTE_EXPIRED,
    problems.QUOTE_MISMATCH,
)

_OF_CONDITIONS = (problems.INVALID_PARAMETER, problems.PRECONDITION_FAILED)

FUNCTIONS = (
    Row(
        "create_order",
        Caller.API,
        tables=(ORDERS, PARTNERS, IDEMPOTENCY_KEYS),
        writes=True,
        variables=(
            *(variables.STAGE, *_OF_REQUESTS, *_OF_DEADLINES, *_OF_QUOTES),
            variables.ORDER_RETENTION_DAYS,
        ),
        answer=Answer.PLACED,
        problems=(*_OF_BODIES, *_OF_CONDITIONS, problems.KEY_REUSED, *_OF_PRICES),
        headers=("Idempotency-Key",),
        description="""\
There is exactly one order for each `Idempotency-Key`, however often the request is sent. The same
key with the same order answers 201 with that order as it now is and `Idempotent-Replayed: true`;
with another order it answers 422. Keys are kept for {idempotency_hours} hours. After
a time-out or a 5xx repeat the request with the same key.

`scheduledFor` is in UTC, in the future and within {scheduling_days} days. A body may have
{body_kilobytes} KB.
""",
    ),
    Row(
        "get_order",
        Caller.API,
        tables=(ORDERS, PARTNERS),
        counts=False,
        variables=_OF_REQUESTS,
        answer=Answer.ORDER,
        problems=(*_OF_CONDITIONS, problems.STALE_VERSION, problems.ORDER_NOT_FOUND),
        headers=("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"),
        description="""\
Strongly consistent: it shows every change that was answered. An order of somebody else answers 404,
exactly as one that does not exist.
""",
    ),
    Row(
        "list_orders",
        Caller.API,
        tables=(ORDERS, PARTNERS),
        counts=False,
        variables=_OF_REQUESTS,
        answer=Answer.PAGE,
        problems=_OF_CONDITIONS,
        description="""\
Eventually consistent: a new or changed order shows here a moment later, usually well below a
second; read the order itself when it must be current. Follow `cursor` until it is null: a page
looks at {most_looked_at} orders at most, so it may hold fewer than `limit`, even none where it is
filtered by `status`, `restaurantId` or `reference`, and still have a successor. `createdFrom` and
`createdTo` are half-open. A cursor goes with its own query: with other filters it answers 400.
""",
    ),
    Row(
        "update_order",
        Caller.API,
        tables=(ORDERS, PARTNERS),
        writes=True,
        asks="Whether customers may edit orders",
        variables=(
            *(variables.STAGE, *_OF_REQUESTS, *_OF_DEADLINES, *_OF_QUOTES),
            variables.FLAGS_PARAMETER,
        ),
        answer=Answer.CHANGED,
        problems=(
            *_OF_BODIES,
            *_OF_CONDITIONS,
            problems.EDITS_DISABLED,
            problems.ORDER_NOT_FOUND,
            problems.MOVE_NOT_ALLOWED,
            problems.STALE_VERSION,
            problems.KEY_REUSED,
            problems.PRECONDITION_REQUIRED,
            *_OF_PRICES,
        ),
        headers=("If-Match", "If-None-Match", "If-Unmodified-Since", "Idempotency-Key"),
        description="""\
A JSON Merge Patch (RFC 7396): what is named changes, null takes an optional field away, arrays are
replaced whole, and something must change. While the order is {editable}, these can change:
{contents}. A point goes when its address changes without one. `status` moves the order:

{moves}

`reason` goes with REJECTED, CANCELLED and FAILED, and stays in the history:

{reasons}

With an `Idempotency-Key` a change is made once: the same request again answers 200 with the order
as it now is and `Idempotent-Replayed: true`, another change of this order with that key 422. An
order knows the keys of its last {keys_kept} changes that had one, at least.
{others}
""",
        serving="""\
`status` moves the order; what it consists of is not the restaurant's to change:

{moves}

CONFIRMED needs `If-Match` with the `ETag` of the order as it was read, or answers 428. `readyAt`
comes with CONFIRMED; or alone, as a delay, while the order is CONFIRMED or PREPARING. It is in UTC,
in the future and within {ready_days} days.

REJECTED, CANCELLED and FAILED need a `reason`, which stays in the history:

{reasons}

With an `Idempotency-Key` a change is made once: the same request again answers 200 with the order
as it now is and `Idempotent-Replayed: true`, another change of this order with that key 422. An
order that somebody else serves answers 404, exactly as one that does not exist.
""",
    ),
    Row(
        "process_order",
        Caller.QUEUE,
        tables=(ORDERS,),
        writes=True,
        asks="Whether orders are confirmed at once",
        variables=(
            *(variables.ORDERS_TABLE, variables.FLAGS_PARAMETER, *_OF_MESSAGES),
            *(variables.DEADLINES_GROUP, variables.DEADLINES_QUEUE, variables.DEADLINES_ROLE),
        ),
    ),
    Row(
        NOTIFYING,
        Caller.QUEUE,
        asks="Whether a partner gets webhooks",
        variables=(
            *(variables.PARTNERS_PREFIX, variables.SIGNING_KEY_PARAMETER),
            *(variables.FLAGS_PARAMETER, *_OF_MESSAGES),
            *(variables.RETRIES_QUEUE, variables.WEBHOOK_WAITS),
            *(variables.RESTAURANTS_QUEUE, variables.RESTAURANTS_DEAD_LETTERS),
        ),
    ),
    Row(
        "create_parameters",
        Caller.DEPLOYMENT,
        counts=False,
        timeout_seconds=90,  # half a minute until IAM lets it, and three answers that time out
    ),
    Row(
        GATE,
        Caller.DEPLOYMENT,
        tables=(PARTNERS,),
        writes=True,
        counts=False,
        timeout_seconds=170,  # its own 150 s, a call that is under way, and three answers
    ),
    Row(
        "place_heartbeat",
        Caller.SCHEDULE,
        tables=(PARTNERS,),
        writes=True,
        variables=(variables.API_URL, variables.HEARTBEAT_KEY_ID, variables.PARTNERS_TABLE),
        counts=False,
        timeout_seconds=29,  # all steps of a run may be as slow as they may be at all
    ),
    Row(
        "check_second_factor",
        Caller.SIGN_IN,
        counts=False,
        timeout_seconds=5,  # Cognito waits no longer
    ),
)
"""All functions; `Settings.functions` says which of them a stage has."""

BY_NAME = {row.name: row for row in FUNCTIONS}

PROCESSING = Queue("order_processing", "process_order", "processing", "process-order")
NOTIFICATIONS = Queue("partner_notifications", NOTIFYING, "notifications", "notify-partner")
RESTAURANTS = Queue("restaurant_notifications", NOTIFYING, "restaurants", "notify-restaurant")
"""Whom the function calls follows the queue: who placed the order, or who serves it."""

QUEUES = (PROCESSING, NOTIFICATIONS, RESTAURANTS)
"""All queues that the topic fills; that of the retries has no letters of its own."""


def queues_of(function: str) -> tuple[Queue, ...]:
    """Give the queues that feed a function."""
    return tuple(queue for queue in QUEUES if queue.feeds == function)


def names(*callers: Caller) -> tuple[str, ...]:
    """Name the functions that these call; all of them, if none is given."""
    return tuple(row.name for row in FUNCTIONS if not callers or row.caller in callers)


def released_names() -> tuple[str, ...]:
    """Name the functions that have versions and the alias `live`."""
    return tuple(row.name for row in FUNCTIONS if row.released)


def construct_id(name: str) -> str:
    """Give the id of a function's construct: `CreateOrder` of `create_order`."""
    return "".join(word.capitalize() for word in name.split("_"))
