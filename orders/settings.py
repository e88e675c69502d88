"""Names and limits that the template hands to the functions as environment variables.

They are resolved at deployment: no name or limit is asked of Parameter Store.
"""

from __future__ import annotations

import os

ORDERS_TABLE = "ORDERS_TABLE"
IDEMPOTENCY_TABLE = "IDEMPOTENCY_TABLE"
PARTNERS_TABLE = "PARTNERS_TABLE"
IDEMPOTENCY_HOURS = "IDEMPOTENCY_HOURS"
ALLOWED_ORIGINS = "ALLOWED_ORIGINS"  # separated by spaces
FLAGS_PARAMETER = "FLAGS_PARAMETER"
PARTNERS_PREFIX = "PARTNERS_PREFIX"
SIGNING_KEY_PARAMETER = "SIGNING_KEY_PARAMETER"
DEAD_LETTER_QUEUE = "DEAD_LETTER_QUEUE"
RETRY_SECONDS = "RETRY_SECONDS"
API_URL = "API_URL"
LOG_LEVEL = "LOG_LEVEL"  # how much a function logs
HEARTBEAT_KEY_ID = "HEARTBEAT_KEY_ID"

BY_CUSTOMER = "by-customer"
BY_PARTNER = "by-partner"

MAX_RECEIVES = 5
"""How often a queue hands out a message before it is dead."""

MAX_BODY_BYTES = 32 * 1024
"""The largest request body: with it, the stream's record of a change, with the order before and
after it, stays below the 256 KB of a message whatever characters it is made of."""


def setting(name: str) -> str:
    """Read one variable.

    Raises:
        RuntimeError: when the function was deployed without it.
    """
    try:
        return os.environ[name]
    except KeyError:
        raise RuntimeError(f"the function's environment has no {name}") from None


def in_lambda() -> bool:
    """Tell whether this process is a Lambda execution environment."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
