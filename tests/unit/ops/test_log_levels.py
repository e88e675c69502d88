"""The level is one variable of a function, changed beside the others."""

from __future__ import annotations

import pytest

from ops import log_levels
from ops.live.function_variables import MARK
from ops.log_levels import Level
from ops.reach.target import Target
from orders.settings import LOG_LEVEL
from tests.unit.ops.functions import Functions

OUTPUTS = {"CreateOrderFunction": "create", "GetOrderFunction": "get"}


@pytest.fixture
def aws() -> Functions:
    return Functions(
        {"create": {LOG_LEVEL: "WARNING", "TABLE": "orders"}, "get": {"TABLE": "orders"}}
    )


@pytest.fixture
def target(aws: Functions) -> Target:
    return Target("stage it", "stack", lambda _: aws, OUTPUTS, "")


def test_levels_of_what_is_deployed(target: Target) -> None:
    """Functions that a stage does not have are left out; one without a level logs at INFO."""
    assert log_levels.levels(target) == [
        Level("create_order", "WARNING"),
        Level("get_order", "INFO"),
    ]


def test_a_level_is_one_variable_of_many(target: Target, aws: Functions) -> None:
    """Only the level changes, on the revision that was read, and each function is waited for."""
    done = log_levels.change_all(target, ["create_order", "get_order"], "DEBUG")
    assert next(done) == Level("create_order", "DEBUG")
    assert LOG_LEVEL not in aws.called("get")
    assert list(done) == [Level("get_order", "DEBUG")]
    level = {LOG_LEVEL: "DEBUG", MARK: '{"LOG_LEVEL":"WARNING"}'}
    assert aws.called("create") == {**level, "TABLE": "orders"}
    assert set(aws.waited_for) == {"create", "get"}


def test_levels_are_those_that_callers_meet(target: Target, aws: Functions) -> None:
    """What only the function itself has, which nobody calls, is no level of the stage."""
    aws.latest["create"]["Environment"] = {"Variables": {LOG_LEVEL: "DEBUG"}}
    assert log_levels.levels(target)[0] == Level("create_order", "WARNING")
