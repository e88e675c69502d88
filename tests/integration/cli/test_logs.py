"""`orders logs` on the running stack: more lines at once, without a deployment."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from ops.live.function_variables import MARK, as_deployed, change, look, variables_of
from orders.settings import LOG_LEVEL
from project.json_object import json_object
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

FUNCTION = "get_order"
PATIENCE_SECONDS = 30


@pytest.fixture
def variables(stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What callers meet of the function's variables; the fixture puts them back."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("LOCAL_PORT", "")
    client, name = aws(stack, "lambda"), stack.functions[FUNCTION]

    def read() -> dict[str, str]:
        return variables_of(look(client, name).called)

    before = read()[LOG_LEVEL]
    yield read
    change(client, look(client, name), LOG_LEVEL, before)


def orders_logs(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["logs", *arguments, "--local"])
    return done.exit_code, done.stdout, done.stderr


def levels() -> dict[str, str]:
    found = json.loads(orders_logs("ls", "--json")[1])
    return {one["function"]: one["level"] for one in found}


def test_a_function_logs_more_without_a_deployment(variables: Any) -> None:
    """One function's level changes, its other settings and all other functions stay."""
    before, others = variables(), levels()
    code, said, _ = orders_logs("level", "debug", "--function", FUNCTION)
    assert code == 0
    assert said.split()[-2:] == [FUNCTION, "DEBUG"]
    assert {**variables(), MARK: ""} == {**before, LOG_LEVEL: "DEBUG", MARK: ""}
    assert as_deployed(variables()) == as_deployed(before)
    assert levels() == {**others, FUNCTION: "DEBUG"}


def levels_of_a_request(stack: Endpoints, acme: Partner) -> set[str]:
    """Send a request that reads, and give the levels of the lines that are written meanwhile."""
    order_id, begun = acme.place()["orderId"], time.time_ns() // 1_000_000
    request_id = acme.get(order_id).headers["X-Request-Id"]
    pages = aws(stack, "logs").get_paginator("filter_log_events")
    asked = {"logGroupName": stack.log_groups[FUNCTION], "startTime": begun}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        told = [event["message"] for page in pages.paginate(**asked) for event in page["events"]]
        lines = [line for text in told if (line := json_object(text)) is not None]
        if any(line.get("requestId") == request_id for line in lines):
            return {line["level"] for line in lines}
        time.sleep(0.2)
    raise AssertionError("the request has no line")


@pytest.mark.usefixtures("variables")
def test_what_callers_meet_logs_more(stack: Endpoints, acme: Partner) -> None:
    """From then on a live request has lines of DEBUG; put back, the next one has none."""
    assert "DEBUG" not in levels_of_a_request(stack, acme)
    assert orders_logs("level", "DEBUG", "--function", FUNCTION)[0] == 0
    assert "DEBUG" in levels_of_a_request(stack, acme)
    itself = aws(stack, "lambda").get_function_configuration(FunctionName=stack.functions[FUNCTION])
    assert variables_of(itself)[LOG_LEVEL] == "INFO"  # the next release does not begin with DEBUG
    assert orders_logs("level", "INFO", "--function", FUNCTION)[0] == 0
    assert "DEBUG" not in levels_of_a_request(stack, acme)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["level", "DEBUGG"], "Did you mean"),
        (["level", "loud"], "There are DEBUG, INFO"),
        (["level", "INFO", "--function", "get_orders"], "Did you mean 'get_order'"),
    ],
)
def test_a_typo_changes_nothing(variables: Any, arguments: list[str], hint: str) -> None:
    """What I mistype is named, with what I may have meant, before anything is asked of AWS."""
    before = variables()
    code, _, told = orders_logs(*arguments)
    assert code == 2
    assert hint in " ".join(told.replace("│", " ").split())
    assert variables() == before
