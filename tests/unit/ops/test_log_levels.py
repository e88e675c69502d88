"""The level is one variable of a function, changed beside the others."""

from __future__ import annotations

from typing import Any

import pytest

from ops import log_levels
from ops.log_levels import Level
from ops.reach.target import Target
from orders.settings import LOG_LEVEL

OUTPUTS = {"CreateOrderFunction": "create", "GetOrderFunction": "get"}


class Lambda:
    """A Lambda that counts its functions' revisions, and knows how to wait."""

    def __init__(self) -> None:
        self.variables: dict[str, dict[str, str]] = {
            "create": {LOG_LEVEL: "WARNING", "TABLE": "orders"},
            "get": {"TABLE": "orders"},
        }
        self.waited_for: list[str] = []

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        environment = {"Variables": self.variables[FunctionName]}
        return {"FunctionName": FunctionName, "RevisionId": "7", "Environment": environment}

    def update_function_configuration(self, **given: Any) -> None:
        assert given["RevisionId"] == "7"
        self.variables[given["FunctionName"]] = given["Environment"]["Variables"]

    def get_waiter(self, name: str) -> Lambda:
        assert name == "function_updated_v2"
        return self

    def wait(self, *, FunctionName: str) -> None:  # noqa: N803 - AWS's
        self.waited_for.append(FunctionName)


@pytest.fixture
def aws() -> Lambda:
    return Lambda()


@pytest.fixture
def target(aws: Lambda) -> Target:
    return Target("stage it", "stack", lambda _: aws, OUTPUTS, "")


def test_levels_of_what_is_deployed(target: Target) -> None:
    """Functions that a stage does not have are left out; one without a level logs at INFO."""
    assert log_levels.levels(target) == [
        Level("create_order", "WARNING"),
        Level("get_order", "INFO"),
    ]


def test_a_level_is_one_variable_of_many(target: Target, aws: Lambda) -> None:
    """Only the level changes, on the revision that was read, and each function is waited for."""
    done = log_levels.change_all(target, ["create_order", "get_order"], "DEBUG")
    assert next(done) == Level("create_order", "DEBUG")
    assert LOG_LEVEL not in aws.variables["get"]
    assert list(done) == [Level("get_order", "DEBUG")]
    assert aws.variables["create"] == {LOG_LEVEL: "DEBUG", "TABLE": "orders"}
    assert aws.waited_for == ["create", "get"]
