"""Names and limits that the template and the functions share.

Those that differ from stage to stage are handed over as environment variables, under these names,
and resolved at deployment: none is asked of Parameter Store.
"""

from __future__ import annotations

import os
from functools import cache

ORDERS_TABLE = "ORDERS_TABLE"
IDEMPOTENCY_TABLE = "IDEMPOTENCY_TABLE"
PARTNERS_TABLE = "PARTNERS_TABLE"
IDEMPOTENCY_HOURS = "IDEMPOTENCY_HOURS"
ORDER_RETENTION_DAYS = "ORDER_RETENTION_DAYS"  # not there where orders are kept for ever
ALLOWED_ORIGINS = "ALLOWED_ORIGINS"  # separated by spaces
PERSON_THROTTLE = "PERSON_THROTTLE"  # requests a second of each person, and at once, by a blank
PRICE_QUOTES = "PRICE_QUOTES"  # `required`, `checked` or `off`
PRICE_KEYS = "PRICE_KEYS"  # `kid:n` by blanks, as a JWK has them: who may sign prices
FLAGS_PARAMETER = "FLAGS_PARAMETER"
PARTNERS_PREFIX = "PARTNERS_PREFIX"
SIGNING_KEY_PARAMETER = "SIGNING_KEY_PARAMETER"
DEAD_LETTER_QUEUE = "DEAD_LETTER_QUEUE"
RETRY_SECONDS = "RETRY_SECONDS"
RETRIES_QUEUE = "RETRIES_QUEUE"  # its URL: where webhooks wait that were not taken at once
RESTAURANTS_QUEUE = "RESTAURANTS_QUEUE"  # its URL: changes of which who serves the order hears
RESTAURANTS_DEAD_LETTERS = "RESTAURANTS_DEAD_LETTERS"  # the URL of that queue's dead letters
WEBHOOK_WAITS = "WEBHOOK_WAITS"  # seconds before each further try of a webhook, by blanks
API_URL = "API_URL"
LOG_LEVEL = "LOG_LEVEL"  # how much a function logs
STAGE = "STAGE"  # whose metrics a function counts
HEARTBEAT_KEY_ID = "HEARTBEAT_KEY_ID"
ACCEPT_MINUTES = "ACCEPT_MINUTES"  # how long a restaurant has to answer
ACCEPT_LEAD_MINUTES = "ACCEPT_LEAD_MINUTES"  # and how long before a scheduled time it must have
DEADLINES_GROUP = "DEADLINES_GROUP"  # of the schedules that end the wait for an answer
DEADLINES_QUEUE = "DEADLINES_QUEUE"  # the ARN of the queue that they send to
DEADLINES_ROLE = "DEADLINES_ROLE"  # the ARN of the role in which they do

NO_KEYS = "-"
"""What PRICE_KEYS says where nobody signs prices: a function never goes without the variable, for
then it was deployed wrongly."""

REQUIRED, CHECKED, OFF = "required", "checked", "off"
"""What becomes of an order of a customer without a price quote, and of a quote: the order is
refused, or taken; the last one does not look at quotes at all."""

BY_CUSTOMER = "by-customer"
BY_PARTNER = "by-partner"
BY_SERVER = "by-server"

OPERATORS = "operators"
"""The Cognito group whose members see and move all orders."""

RESTAURANTS = "restaurants"
"""The Cognito group of restaurants' staff; their claim says which restaurants."""

AUTHENTICATOR_APP = "SOFTWARE_TOKEN_MFA"
"""What Cognito calls the only second factor that the user pool offers."""

MAX_RECEIVES = 5
"""How often a queue hands out a message before it is dead; that of the retries has its waits."""

RETRY, DEAD = "retry", "dead"
"""What becomes of a message whose work was not done, as its log line says it."""

RETRY_GROWTH = 4
"""How many times as long as the wait before it each wait of a message is."""

RETRY_SPREAD = 0.2
"""By which part a wait is longer or shorter by chance, so that not all come at once."""

LONGEST_RETRY_SECONDS = 3_600.0
"""The longest wait."""

WAIT_SPREAD = 0.2
"""By which part a webhook's wait is longer by chance; never shorter, so that they add up."""

LONGEST_DELAY = 900
"""The most seconds that SQS delays a message that is sent."""

MAX_BODY_BYTES = 8 * 1024
"""The largest request body. It bounds what a request can cost (infrastructure/request_units.py);
and the stream's record of a change, with the order before and after it, stays far below the 256 KB
of a message whatever characters it is made of."""

MOST_LOOKED_AT = 25
"""How many orders one page looks at, at most: it bounds what a list can cost."""

MOST_TRIES = 2
"""How often a request tries to write: to place, while others with its key hold it, or to change."""


@cache
def setting(name: str) -> str:
    """Read one variable; none of these changes while a process lives.

    Raises:
        RuntimeError: when the function was deployed without it.
    """
    try:
        return os.environ[name]
    except KeyError:
        raise RuntimeError(f"the function's environment has no {name}") from None


@cache
def retention_days() -> int | None:
    """Give the days after which a new order may be deleted; None for never."""
    days = os.environ.get(ORDER_RETENTION_DAYS)
    return int(days) if days else None


def looks_at_quote(*, sent: bool, due: bool) -> bool:
    """Tell whether the price quote of a request is looked at, or its absence.

    Args:
        sent: whether there is one.
        due: whether the caller names prices that somebody else is to vouch for.
    """
    if not (sent or due):
        return False
    mode = setting(PRICE_QUOTES)
    return mode == REQUIRED or (sent and mode == CHECKED)


def longest_wait(retry_seconds: float) -> float:
    """Give the most seconds that a message waits between its tries, unless somebody asks for more.

    Args:
        retry_seconds: the wait before the second try.
    """
    waits = (float(RETRY_GROWTH**step) for step in range(MAX_RECEIVES - 1))
    return sum(
        min(retry_seconds * wait * (1 + RETRY_SPREAD), LONGEST_RETRY_SECONDS) for wait in waits
    )


def in_lambda() -> bool:
    """Tell whether this process is a Lambda execution environment."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
