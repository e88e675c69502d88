"""What the functions tell about themselves: one JSON line for each request or message, and metrics.

Neither holds personal data: orders, partners and requests appear by their ids only.
"""

from __future__ import annotations

import json
import sys
import traceback
from functools import partial
from typing import Any

# Powertools marks botocore's calls as its own and so imports it, where there is one: in Lambda
# there is. Nothing here calls through botocore, so start-up need not pay for it.
_NO_BOTOCORE = "botocore" not in sys.modules
if _NO_BOTOCORE:
    sys.modules["botocore"] = None  # type: ignore[assignment]  # documented: import then fails

from aws_lambda_powertools import Logger, Metrics  # noqa: E402

from orders.metrics import NAMESPACE, SERVICE, Metric  # noqa: E402
from orders.tracing import trace_id  # noqa: E402

if _NO_BOTOCORE:
    del sys.modules["botocore"]

# Powertools leaves characters as they are: some that JSON allows are commands to a terminal, and
# half of a surrogate pair would cost the whole line.
_ASCII = partial(json.dumps, default=str, separators=(",", ":"))

# Powertools would tell the trace as xray_trace_id, whether sound or not.
logger = Logger(
    service=SERVICE, utc=True, location=None, xray_trace_id=None, json_serializer=_ASCII
)
metrics = Metrics(namespace=NAMESPACE, service=SERVICE)


def count(metric: Metric, value: float = 1) -> None:
    """Add one to a metric, or a value in its unit; it is written when the request ends."""
    metrics.add_metric(name=metric.name, unit=metric.unit, value=value)


def log_request(fields: dict[str, Any], error: Exception | None) -> None:
    """Write the one line of a request, and the metrics that it counted.

    Args:
        fields: ids, numbers and names that Logs Insights can query.
        error: what nobody foresaw; the line tells its type and where it was raised, but not its
            message, which may quote what a customer wrote.
    """
    _log("request", fields, error, warn=fields["status"] == 503)
    flush_metrics()


def log_message(fields: dict[str, Any], error: Exception | None, *, failed: bool) -> None:
    """Write the one line of a message from a queue; arguments as above.

    Args:
        fields: as of `log_request`.
        error: as of `log_request`.
        failed: whether its work was not done.
    """
    _log("message", fields, error, warn=failed)


def log_event(fields: dict[str, Any], error: Exception | None) -> None:
    """Write the one line of an event that is neither; arguments as of `log_request`."""
    _log("event", fields, error, warn=False)


def flush_metrics() -> None:
    """Write what has been counted and measured, if anything."""
    if metrics.metric_set:
        metrics.flush_metrics()


def _log(what: str, fields: dict[str, Any], error: Exception | None, *, warn: bool) -> None:
    if (trace := trace_id()) is not None:
        fields = {**fields, "traceId": trace}
    if error is None:
        (logger.warning if warn else logger.info)(what, extra=fields)
    else:
        logger.error("%s failed", what, extra={**fields, **_origin(error)})


def _origin(error: Exception) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "stack": stack}
