"""Who did what: a line for each command that writes, kept for ninety days.

command ─► "begun" ─► writes, writes ─► "done", or how it ended, or nothing if it was killed
           └ who: the ARN of the credentials;  on what: ids and names, never a secret or an address

A line that cannot be written stops nobody: whoever shuts a partner out must not wait for a log.
Why a log group, and what else was weighed: docs/decisions/0027-who-did-what.md.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import outputs
from infrastructure.functions import MOVING
from ops.reach.errors import Overtaken
from ops.reach.interrupts import finish_first
from orders.domain.lifecycle import Role
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ops.reach.target import Target

KEPT_DAYS = 90
"""How long a line is kept."""

BEGUN, DONE, OVERTAKEN, FAILED = "begun", "done", "another was first", "failed"

_MOVES = f'{{ $.caller = "{Role.OPERATOR}" && $.route = "PATCH *" }}'


class Act(NamedTuple):
    """Something that somebody did."""

    at: dt.datetime
    who: str
    """The ARN of an operator's credentials; or, of a request to the API, the id of its token."""
    what: str
    """A command, or a route of the API."""
    about: str
    """On what: ids and names."""
    outcome: str
    run: str
    """What the lines of one command, or one request, have in common."""


class Home(NamedTuple):
    """Where a stage's lines are."""

    client: Callable[[str], Any]
    group: str | None
    """The log group; None where what is deployed is older than it."""


def home_of(target: Target) -> Home:
    """Find where the lines of a deployment are."""
    return Home(target.client, target.outputs.get(outputs.AUDIT_LOG))


@contextlib.contextmanager
def recorded(
    home: Home, command: str, about: Mapping[str, str], *, warn: Callable[[str], None]
) -> Iterator[None]:
    """Record a command: that it begins, and how it ends.

    Args:
        home: where to.
        command: as it is typed, without its arguments.
        about: what it is on, by what that is called; ids and names only.
        warn: is told why there is no line, if there is none.
    """
    record = _Record(home, command, about, warn)
    record.line(BEGUN)
    outcome = FAILED
    try:
        yield
        outcome = DONE
    except Overtaken:
        outcome = OVERTAKEN
        raise
    finally:
        with finish_first():
            record.line(outcome)


class _Record:
    def __init__(
        self, home: Home, command: str, about: Mapping[str, str], warn: Callable[[str], None]
    ) -> None:
        self._home, self._warn = home, warn
        self._run, self._who = uuid.uuid4().hex, ""
        self._fixed = {"command": command, "about": dict(about)}

    def line(self, outcome: str) -> None:
        """Write a line, or tell once why there is none."""
        try:
            self._write(outcome)
        except (ClientError, BotoCoreError) as error:
            self._give_up(f"{error}.")

    def _write(self, outcome: str) -> None:
        if self._home.group is None:
            if outcome == BEGUN:
                self._give_up("What is deployed is older than the audit log.")
            return
        where = {"logGroupName": self._home.group, "logStreamName": self._run}
        logs = self._home.client("logs")
        if outcome == BEGUN:
            self._who = str(self._home.client("sts").get_caller_identity()["Arn"])
            logs.create_log_stream(**where)
        said = {"who": self._who, **self._fixed, "outcome": outcome}
        event = {"timestamp": time.time_ns() // 1_000_000, "message": json.dumps(said)}
        logs.put_log_events(**where, logEvents=[event])

    def _give_up(self, why: str) -> None:
        self._warn(f"This is not in the audit log: {why}")
        self._home = Home(self._home.client, None)


def acts(target: Target, since: dt.datetime, *, now: dt.datetime | None = None) -> list[Act]:
    """Give what was done since then, the oldest first: commands, and operators' requests.

    Args:
        target: the deployment.
        since: the first moment.
        now: the last one; None for this.
    """
    span = (since, now or dt.datetime.now(dt.UTC))
    moves = _log_of(target, MOVING)
    found = commands(target, *span)
    found += [act for event in _events(target, moves, span, _MOVES) if (act := _move(event))]
    return sorted(found, key=lambda act: act.at)


def commands(target: Target, since: dt.datetime, now: dt.datetime | None = None) -> list[Act]:
    """Give what was done by commands; arguments as of acts."""
    span = (since, now or dt.datetime.now(dt.UTC))
    group = target.output(outputs.AUDIT_LOG)
    return [act for event in _events(target, group, span) if (act := _command(event))]


def under_way(acts: Iterable[Act], commands: Iterable[str], moment: dt.datetime) -> str:
    """Say who had begun one of some commands at a moment, and not ended it; empty for nobody.

    Args:
        acts: what was done by commands.
        commands: as they are recorded, such as `orders deploy`.
        moment: when.
    """
    wanted, begun = set(commands), {}
    for act in sorted(acts, key=lambda each: each.at):
        if act.what in wanted and act.at <= moment:
            begun[act.run] = act
            if act.outcome != BEGUN:
                del begun[act.run]
    return next((act.who for act in reversed(begun.values())), "")


def _log_of(target: Target, function: str) -> str:
    name = target.output(outputs.function(function))
    found = target.client("lambda").get_function_configuration(FunctionName=name)
    return str(found.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"))


def _events(
    target: Target, group: str, span: tuple[dt.datetime, dt.datetime], pattern: str = ""
) -> Iterator[Mapping[str, Any]]:
    first, last = (int(moment.timestamp() * 1000) for moment in span)
    pages = target.client("logs").get_paginator("filter_log_events")
    chosen = {"filterPattern": pattern} if pattern else {}
    asked = {"logGroupName": group, "startTime": first, "endTime": last + 1, **chosen}
    for page in pages.paginate(**asked):
        yield from page["events"]


def _command(event: Mapping[str, Any]) -> Act | None:
    line = json_object(event["message"])
    if line is None or not {"who", "command", "about", "outcome"} <= line.keys():
        return None
    about = " ".join(f"{name}={value}" for name, value in sorted(line["about"].items()))
    told = (str(line["who"]), str(line["command"]), about, str(line["outcome"]))
    return Act(_moment(event), *told, str(event.get("logStreamName", "")))


def _move(event: Mapping[str, Any]) -> Act | None:
    line = json_object(event["message"])
    if line is None or line.get("caller") != Role.OPERATOR.value or "callerId" not in line:
        return None
    status, problem = line.get("orderStatus"), line.get("problem")
    outcome = problem or (f"moved to {status}" if status else DONE)
    about = f"order={line.get('orderId', '–')}"
    told = (str(line["callerId"]), str(line.get("route", "")), about, str(outcome))
    return Act(_moment(event), *told, str(line.get("requestId", "")))


def _moment(event: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(event["timestamp"] / 1000, dt.UTC)
