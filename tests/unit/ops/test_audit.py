"""Who did what: a line as a command begins, and one that says how it ended."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.functions import MOVING
from ops import audit
from ops.audit import Act, Home
from ops.reach.errors import OperatorError, Overtaken
from ops.reach.target import Target
from tests.unit.ops.account import refused

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
ME = "arn:aws:iam::111122223333:user/me"
GROUP, MOVES = "audit-log", "moves-log"
SUBJECT = "44d8a4c8-1021-70f1-5a2b-6b1f0e9c7d11"


class Logs:
    """CloudWatch Logs, STS and Lambda, as far as they are asked."""

    def __init__(self) -> None:
        self.streams: dict[str, list[dict[str, Any]]] = {}
        self.pages: dict[str, list[list[dict[str, Any]]]] = {}
        self.asked: list[dict[str, Any]] = []
        self.refuses: set[str] = set()

    def client(self, _service: str) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": ME}

    def create_log_stream(self, **asked: str) -> None:
        assert asked["logGroupName"] == GROUP
        self.streams[asked["logStreamName"]] = []

    def put_log_events(self, **asked: Any) -> None:
        assert asked["logGroupName"] == GROUP
        if "put" in self.refuses:
            raise refused("AccessDeniedException")
        self.streams[asked["logStreamName"]] += asked["logEvents"]

    def get_function_configuration(self, **_: str) -> dict[str, Any]:
        return {"LoggingConfig": {"LogGroup": MOVES}}

    def get_paginator(self, _operation: str) -> Any:
        return self

    def paginate(self, **asked: Any) -> Any:
        self.asked.append(asked)
        for page in self.pages.get(asked["logGroupName"], []):
            yield {"events": page}

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(one["message"]) for each in self.streams.values() for one in each]


@pytest.fixture
def logs() -> Logs:
    return Logs()


def recorded(logs: Logs, warnings: list[str], group: str | None = GROUP) -> Any:
    """Record `orders partners disable acme`."""
    home = Home(logs.client, group)
    command = "orders partners disable"
    return audit.recorded(home, command, {"partner": "acme"}, warn=warnings.append)


def test_a_command_says_that_it_begins_and_that_it_is_done(logs: Logs) -> None:
    """Both lines say who, what and on what; they stand in one stream."""
    warnings: list[str] = []
    with recorded(logs, warnings):
        assert [line["outcome"] for line in logs.lines] == ["begun"]
    said = {"who": ME, "command": "orders partners disable", "about": {"partner": "acme"}}
    assert logs.lines == [{**said, "outcome": "begun"}, {**said, "outcome": "done"}]
    assert len(logs.streams) == 1
    assert not warnings


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Overtaken("Somebody was first"), "another was first"),
        (OperatorError("no"), "failed"),
        (KeyboardInterrupt(), "failed"),
    ],
)
def test_a_command_that_does_not_end_well_says_so(
    logs: Logs, error: BaseException, outcome: str
) -> None:
    """Who was second wrote nothing; what failed or was interrupted may be done in part."""
    with pytest.raises(type(error)), recorded(logs, []):
        raise error
    assert [line["outcome"] for line in logs.lines] == ["begun", outcome]


def test_a_log_that_takes_no_line_stops_nobody(logs: Logs) -> None:
    """A partner is shut out though the log is not there for it; I am told once that it is not."""
    logs.refuses.add("put")
    warnings: list[str] = []
    done = False
    with recorded(logs, warnings):
        done = True
    assert done
    (warning,) = warnings
    assert "not in the audit log" in warning
    assert "AccessDenied" in warning


def test_a_stage_that_is_older_has_no_log(logs: Logs) -> None:
    """I am told so once, and the command goes on."""
    warnings: list[str] = []
    with recorded(logs, warnings, None):
        pass
    assert (len(warnings), logs.streams) == (1, {})


def test_what_the_command_raises_is_not_hidden_by_the_log(logs: Logs) -> None:
    """A log that fails at the end takes the place of no error."""

    def command() -> None:
        logs.refuses.add("put")
        raise refused("ThrottlingException")

    with pytest.raises(ClientError, match="Throttling"), recorded(logs, []):
        command()


def target(logs: Logs) -> Target:
    """Give a stage with both logs."""
    known = {outputs.AUDIT_LOG: GROUP, outputs.function(MOVING): "moving"}
    return Target("stage dev", "stack", logs.client, known, "make deploy")


def event(seconds: int, message: Any, stream: str = "run") -> dict[str, Any]:
    """Give an event of a log."""
    moment = round(NOW.timestamp() * 1000) + 1000 * seconds
    text = message if isinstance(message, str) else json.dumps(message)
    return {"timestamp": moment, "message": text, "logStreamName": stream}


def move(**fields: Any) -> dict[str, Any]:
    """Give the line of an operator's PATCH."""
    said = {"caller": "operator", "callerId": SUBJECT, "route": "PATCH /orders/{orderId}"}
    return {**said, "status": 200, "orderId": "order-1", "requestId": "request-1", **fields}


def test_commands_and_moves_are_read_together(logs: Logs) -> None:
    """The oldest comes first, whatever page and log it is in; who moved an order is an id."""
    command = {
        "who": ME,
        "command": "orders flags off",
        "about": {"flags": "auto-confirm"},
        "outcome": "done",
    }
    logs.pages[GROUP] = [[event(1, command)], [event(5, command, "other")]]
    logs.pages[MOVES] = [[event(3, move(orderStatus="READY"))], [event(2, move(problem="x"))]]
    found = audit.acts(target(logs), NOW - dt.timedelta(days=1), now=NOW)
    told = [(act.who, act.about, act.outcome, act.run) for act in found]
    assert told == [
        (ME, "flags=auto-confirm", "done", "run"),
        (SUBJECT, "order=order-1", "x", "request-1"),
        (SUBJECT, "order=order-1", "moved to READY", "request-1"),
        (ME, "flags=auto-confirm", "done", "other"),
    ]
    assert [act.at for act in found] == sorted(act.at for act in found)
    first = round((NOW - dt.timedelta(days=1)).timestamp() * 1000)
    assert {asked["startTime"] for asked in logs.asked} == {first}


@pytest.mark.parametrize("line", ["", "no JSON", "[]", {}, {"who": ME}, {"caller": "customer"}])
def test_other_lines_are_passed_over(logs: Logs, line: Any) -> None:
    """What is no line of ours, a customer's request for one, is not shown."""
    logs.pages = {GROUP: [[event(1, line)]], MOVES: [[event(1, line)]]}
    assert audit.acts(target(logs), NOW, now=NOW) == []


def test_an_edit_is_done_and_moves_nothing() -> None:
    """An operator's edit has no new status; the line says that it is done."""
    found = audit._move(event(0, move()))
    assert found == Act(
        NOW, SUBJECT, "PATCH /orders/{orderId}", "order=order-1", "done", "request-1"
    )


def test_who_was_deploying_at_a_moment() -> None:
    """Between the two lines of a command its operator was at it; before and after it nobody was."""
    deploy, other = "orders deploy", "arn:aws:iam::1:user/other"
    moments = [NOW + dt.timedelta(minutes=minute) for minute in (0, 10, 20, 30)]
    acts = [
        Act(moments[2], ME, deploy, "", "done", "run-1"),
        Act(moments[0], ME, deploy, "", "begun", "run-1"),
        Act(moments[0], other, "orders smoke", "", "begun", "run-2"),
    ]
    found = [audit.under_way(acts, [deploy], moment) for moment in moments]
    assert found == [ME, ME, "", ""]
    killed = [Act(moments[1], other, deploy, "", "begun", "run-3")]
    assert audit.under_way([*acts, *killed], [deploy], moments[3]) == other
