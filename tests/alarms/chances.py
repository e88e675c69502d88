"""What chance does to the error alarms: how often they fire for nothing, and what they miss.

Requests are taken to come at random at the busy hours' rate and to fail at random, each by itself,
so that errors are Poisson; failures that come in clusters are no chance, but an incident. A window
holds its usual number of requests when its share of errors is judged. All that is computed is
exact under these assumptions: every window is counted that CloudWatch evaluates, one each minute.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from cloudwatch.alarms import AlarmError, Reading, Recorded, values

if TYPE_CHECKING:
    from cloudwatch.alarms import Alarm

HEALTHY, BURN = 0.002, 0.05
"""Shares of requests that fail: on any day, and when it must be noticed within the hour."""

_MANY = 100
_ERRORS, _REQUESTS = {"5XXError", "Errors"}, {"Count", "Invocations"}


class Window(NamedTuple):
    """An alarm on errors, at some load.

    Args:
        minutes: how long it looks back.
        errors: so many in that time raise it.
        requests: so many there are in a minute.
    """

    minutes: int
    errors: int
    requests: float


def window(alarm: Alarm, requests: float) -> Window:
    """Ask an alarm how many errors raise it at a load of so many requests a minute.

    Raises:
        AlarmError: when it is no alarm on errors, or not raised by a single period.
    """
    if alarm.periods != 1 or not {one.metric.name for one in alarm.metrics.values()} & _ERRORS:
        raise AlarmError("not an alarm on a single period's errors")
    calls = round(requests * alarm.minutes)
    for errors in range(max(calls, _MANY) + 1):
        if _breaches(alarm, errors, calls):
            return Window(alarm.minutes, errors, requests)
    raise AlarmError("not even errors alone raise it")


def _breaches(alarm: Alarm, errors: int, calls: int) -> bool:
    samples = {}
    for one in alarm.metrics.values():
        kinds = one.metric.name in _ERRORS, one.metric.name in _REQUESTS
        count = {(True, False): errors, (False, True): calls}[kinds]
        samples[one.metric] = {0: {1.0: float(count)}}
    found = values(alarm, Recorded(samples, {}), range(1), Reading())
    return 0 in found and alarm.breaches(found[0])


def _poisson(mean: float, highest: int) -> list[float]:
    """Give the chances of 0 to `highest` events."""
    return [
        math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
        if mean
        else float(not count)
        for count in range(highest + 1)
    ]


def _below(mean: float, count: int) -> float:
    """Give the chance of fewer events; rounding must not make it more than certain."""
    return min(1.0, math.fsum(_poisson(mean, count - 1))) if count > 0 else 0.0


def false_alarms(watched: Window, minutes: float, share: float = HEALTHY) -> float:
    """Give how many times an alarm is raised on average, in so many minutes of that load.

    A window and the next one have all minutes but one in common. The alarm is raised when the
    common ones hold c errors, and the minute that leaves too few, the one that comes enough.
    """
    mean = watched.requests * share
    common = _poisson(mean * (watched.minutes - 1), watched.errors - 1)
    raised = math.fsum(
        chance * (few := _below(mean, watched.errors - count)) * (1 - few)
        for count, chance in enumerate(common)
    )
    return minutes * raised


def missed(watched: Window, within: int = 60, share: float = BURN) -> float:
    """Give the chance that a burn does not raise an alarm in so many minutes, at most.

    Only windows that lie in the burn and beside one another are counted; those between them, and
    errors from before, could only help.
    """
    windows = within // watched.minutes
    mean = watched.requests * watched.minutes * share
    return _below(mean, watched.errors) ** windows if windows else 1.0
