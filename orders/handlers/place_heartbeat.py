"""The schedule: place an order as a partner does, every few minutes, to see that one still can.

A run that does not go as it must fails, and so counts among the function's errors.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from orders.aws_api import get
from orders.domain.synthetic import HEARTBEAT
from orders.heartbeat import Deviation, FrontDoor, Run
from orders.settings import API_URL, HEARTBEAT_KEY_ID, setting
from orders.starting import ready
from orders.store import store
from orders.telemetry import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    Event = dict[str, Any]


_MOMENT = re.compile(r"[0-9A-Za-z:.+-]{1,64}")  # it goes into a header and a line of the log


def place_heartbeat(run: Run, moment: str) -> None:
    """Place, read, repeat and cancel the order of a moment.

    Raises:
        Deviation: names the step that did not go as it must.
    """
    key_id = setting(HEARTBEAT_KEY_ID)
    with run.step("key"):
        api_key = _key(key_id)
    with run.step("admission"):
        _admit(key_id)
    FrontDoor(setting(API_URL), api_key, run).place_and_cancel(f"{HEARTBEAT}-{moment}")


@cache
def _key(key_id: str) -> str:
    """Read the API key, which AWS has made and no template, variable or log holds."""
    return str(get("apigateway", f"/apikeys/{key_id}", "includeValue=true")["value"])


@cache
def _admit(key_id: str) -> None:
    """Enter the key among the partners'."""
    store().admit(key_id, HEARTBEAT)


def forget() -> None:
    """Read the key and enter it anew at the next run: either may be what was wrong."""
    _key.cache_clear()
    _admit.cache_clear()


def _moment(event: Event, context: Any) -> str:
    """Say which moment this call is for: a second call for it places nothing more."""
    match event:
        case {"scheduledTime": str(moment)} if _MOMENT.fullmatch(moment):
            return moment
    return str(context.aws_request_id)


def _told(beat: Callable[[Run, str], None]) -> Callable[[Event, Any], dict[str, Any]]:
    """Make a Lambda handler that writes one line for each run, and gives it to who calls."""
    first = True

    def handler(event: Event, context: Any) -> dict[str, Any]:
        nonlocal first
        run = Run()
        moment = _moment(event, context)
        run.notes.update(moment=moment, coldStart=first)
        first = False
        try:
            beat(run, moment)
        except Deviation as deviation:
            forget()
            run.notes.update(outcome="failed", step=deviation.step, reason=deviation.reason)
            log_event(run.notes, deviation)
            raise
        run.notes["outcome"] = "alive"
        log_event(run.notes, None)
        return run.notes

    ready()
    return handler


handler = _told(place_heartbeat)
