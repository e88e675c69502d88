"""What the functions tell about themselves: one JSON line for each request or message, and metrics.

Neither holds personal data: orders, partners and requests appear by their ids only.

Metrics are lines of the log in CloudWatch's embedded metric format: nothing is called for them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from orders.log import ERROR, INFO, WARNING, log
from orders.metrics import NAMESPACE, Metric, dimensions_of
from orders.settings import STAGE, setting
from orders.tracing import trace_id

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_VALUES = 100  # of a metric in a line
_counted: dict[Metric, list[float]] = {}


def count(metric: Metric, value: float = 1) -> None:
    """Add one to a metric, or a value in its unit; it is written when the request ends."""
    values = _counted.setdefault(metric, [])
    values.append(value)
    if len(values) == _MOST_VALUES:
        flush_metrics()


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
    if _counted:
        metrics = [{"Name": metric.name, "Unit": metric.unit} for metric in _counted]
        of_stage = dimensions_of(setting(STAGE))
        directive = {"Namespace": NAMESPACE, "Dimensions": [[*of_stage]], "Metrics": metrics}
        moment = time.time_ns() // 1_000_000
        embedded = {"Timestamp": moment, "CloudWatchMetrics": [directive]}
        values = {metric.name: found for metric, found in _counted.items()}
        log.put({"_aws": embedded, **of_stage, **values})
        forget_metrics()


def forget_metrics() -> None:
    """Take back what has been counted and not been written."""
    _counted.clear()


def _log(what: str, fields: dict[str, Any], error: Exception | None, *, warn: bool) -> None:
    if (trace := trace_id()) is not None:
        fields = {**fields, "traceId": trace}
    if error is None:
        log.write(WARNING if warn else INFO, what, fields)
    else:
        origin = {"error": type(error).__name__, "stack": [*_stack(error)]}
        log.write(ERROR, f"{what} failed", {**fields, **origin})


def _stack(error: Exception) -> Iterator[str]:
    """Name the places that an error came through, without the module that prints tracebacks."""
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        yield f"{code.co_filename}:{at.tb_lineno} {code.co_name}"
        at = at.tb_next
