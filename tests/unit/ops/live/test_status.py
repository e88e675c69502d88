"""Whether a stage is as it was deployed: what was planted is told, with what to do next."""

from __future__ import annotations

import datetime as dt

import pytest

from ops.live import status
from ops.live.differences import Difference, folded
from tests.unit.ops.live.stage import START, Stage


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    for number in (1, 2):
        made.deploy(number)
    return made


def only(stage: Stage) -> Difference:
    (found,) = status.status(stage.target).differences
    return found


def test_as_deployed(stage: Stage) -> None:
    """Nothing differs: the release is told, and each function runs what the template says."""
    found = status.status(stage.target)
    assert found.as_deployed
    assert found.differences == []
    assert found.stack.release == found.parameter
    assert found.parameter is not None
    assert found.parameter.version == "1.0.2"
    assert {each.name: each.wanted for each in found.functions} == {
        "create_order": "2",
        "get_order": "2",
    }


def test_alias_moved_by_hand(stage: Stage) -> None:
    """An alias that points to another release's version is told, with what leads back."""
    stage.functions.aliases["get"]["FunctionVersion"] = "1"
    found = only(stage)
    assert (found.where, found.what, found.meant) == ("get_order", "alias", False)
    assert found.says == "runs version 1, and the template says 2, whose code is another"
    assert "orders rollback" in found.remedy


def test_alias_to_a_version_that_is_gone(stage: Stage) -> None:
    """An alias to a version that was deleted is told, too."""
    stage.functions.aliases["get"]["FunctionVersion"] = "9"
    assert only(stage).says == "runs version 9, and the template says 2"


def test_alias_deleted(stage: Stage) -> None:
    """Without its alias a function is not reached: the command that makes it again is told."""
    del stage.functions.aliases["create"]
    found = only(stage)
    assert found.what == "alias"
    assert "create-alias --function-name create --name live --function-version 2" in found.remedy


def test_code_uploaded_by_hand(stage: Stage) -> None:
    """Code in `$LATEST` that no version has is told, with the command that puts it back."""
    stage.functions.change("create", "by-hand", LOG_LEVEL="INFO")
    found = only(stage)
    assert (found.where, found.what) == ("create_order", "code")
    assert "uploaded by hand" in found.says
    put_back = "--s3-bucket assets-111122223333-us-east-1 --s3-key asset.zip"
    assert found.remedy.endswith(f"--function-name create {put_back}")


def test_code_uploaded_published_and_made_live(stage: Stage) -> None:
    """Code by hand that is served already: both are told, that it runs and that it would stay."""
    stage.functions.deploy("create", "by-hand", LOG_LEVEL="INFO")
    found = status.status(stage.target)
    assert [each.what for each in found.differences] == ["alias", "code"]
    assert not found.as_deployed


def test_a_level_that_is_meant(stage: Stage) -> None:
    """A level that `orders logs level` has put is told, and the stage is as it was deployed."""
    marked = {"CHANGED_BY_OPERATORS": '{"LOG_LEVEL":"INFO"}'}
    stage.functions.deploy("get", "code-2", LOG_LEVEL="DEBUG", **marked)
    stage.functions.change("get", "code-2", LOG_LEVEL="INFO")
    found = only(stage)
    assert found.meant
    assert found.says == "logs at DEBUG, as a command has set it"
    assert status.status(stage.target).as_deployed


def test_a_level_by_hand(stage: Stage) -> None:
    """A level put in the console would be in each further version: that is told."""
    stage.functions.change("get", "code-2", LOG_LEVEL="DEBUG")
    found = only(stage)
    assert (found.what, found.meant) == ("variables", False)
    assert found.says.startswith("LOG_LEVEL changed by hand")


def test_variables_by_hand(stage: Stage) -> None:
    """Another variable in what runs is no level: the alias was moved by somebody."""
    stage.functions.deploy("get", "code-2", LOG_LEVEL="INFO", ORDERS_TABLE="another")
    found = status.status(stage.target).differences
    assert [each.what for each in found] == ["alias", "variables"]
    assert "another" not in str(found)  # names of variables are told, and no values


def test_a_command_that_was_killed(stage: Stage) -> None:
    """A command killed between two steps has left its change in the function: what mends it?"""
    marked = {"CHANGED_BY_OPERATORS": '{"LOG_LEVEL":"INFO"}'}
    stage.functions.change("get", "code-2", LOG_LEVEL="DEBUG", **marked)
    found = only(stage)
    assert (found.what, found.meant) == ("variables", False)
    assert "killed half-way" in found.says
    assert "orders logs level" in found.remedy


def test_restaurants_that_were_bound(stage: Stage) -> None:
    """Binding a restaurant changes a variable of what runs: that is meant, and named."""
    marked = {"CHANGED_BY_OPERATORS": '{"RESTAURANTS_FINGERPRINT":null}'}
    bound = {"LOG_LEVEL": "INFO", "RESTAURANTS_FINGERPRINT": "f", **marked}
    stage.functions.deploy("create", "code-2", **bound)
    stage.functions.change("create", "code-2", LOG_LEVEL="INFO")
    found = only(stage)
    assert found.meant
    assert found.says == "has another RESTAURANTS_FINGERPRINT, as a command has set it"


def test_version_deleted(stage: Stage) -> None:
    """A version of the template that was deleted is told: nothing can be compared with it."""
    del stage.functions.versions["get"][1]
    says = {each.what: each.says for each in status.status(stage.target).differences}
    assert says["version"] == "no version 2 any more, to which the template points live"


def test_stage_from_before_releases(stage: Stage) -> None:
    """A stage that was deployed before there were releases is told so, once for all functions."""
    stage.stack.wanted.clear()
    stage.parameters.history.clear()
    del stage.outputs["Release"]
    found = folded(status.status(stage.target).differences)
    assert [each.where for each in found] == ["stack", "create_order, get_order"]
    assert all(each.remedy == "Deploy this release: make deploy" for each in found)


def test_parameter_changed_by_hand(stage: Stage) -> None:
    """A parameter that says another release than the stack is told, with both."""
    stage.parameters.write(stage.parameters.history[0]["Value"], START)
    assert only(stage).says.startswith("says 1.0.2 (222222222222), and its parameter 1.0.1")


@pytest.mark.parametrize("state", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_stack_that_failed(stage: Stage, state: str) -> None:
    """A stack that somebody has to mend is told with why, and with what says the way out."""
    stage.stack.stack |= {"StackStatus": state, "StackStatusReason": "no right to delete"}
    assert only(stage).says == f"{state}: no right to delete"


def test_deployment_under_way(stage: Stage) -> None:
    """While resources change, functions of both releases are told as that, and as no drift."""
    stage.stack.stack["StackStatus"] = "UPDATE_IN_PROGRESS"
    stage.stack.statuses["create"] = "UPDATE_IN_PROGRESS"
    stage.functions.aliases["get"]["FunctionVersion"] = "1"
    found = only(stage)
    assert (found.where, found.what) == ("stack", "state")
    assert found.remedy == "Look again when it is done"


def test_deployment_that_is_watched(stage: Stage) -> None:
    """All resources are there, and alarms may still take the release back: I am told until when."""
    watched = {"RollbackConfiguration": {"MonitoringTimeInMinutes": 15}}
    stage.stack.stack |= {"StackStatus": "UPDATE_IN_PROGRESS", **watched}
    found = status.status(stage.target)
    assert found.stack.monitored_until == START + dt.timedelta(minutes=16)
    assert found.as_deployed


@pytest.mark.parametrize("state", ["UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_deployment_that_was_watched(stage: Stage, state: str) -> None:
    """After the time is over nothing is watched, though the stack still knows its alarms."""
    watched = {"RollbackConfiguration": {"MonitoringTimeInMinutes": 15}}
    stage.stack.stack |= {"StackStatus": state, **watched}
    assert status.status(stage.target).stack.monitored_until is None


def test_deployment_that_has_just_begun(stage: Stage) -> None:
    """Before its first resource changes an operation is not watched: it has not done anything."""
    watched = {"RollbackConfiguration": {"MonitoringTimeInMinutes": 15}}
    stage.stack.stack |= {"StackStatus": "UPDATE_IN_PROGRESS", **watched}
    stage.stack.stack["LastUpdatedTime"] = START + dt.timedelta(minutes=2)
    assert status.status(stage.target).stack.under_way


def test_alarms_that_are_on(stage: Stage) -> None:
    """Alarms are named as the runbooks name them; they are no difference to what was deployed."""
    stage.alarms.metric, stage.alarms.composite = ["heartbeat-failing"], ["api-errors-fast"]
    found = status.status(stage.target)
    assert found.alarms == ["api-errors-fast", "heartbeat-failing"]
    assert found.as_deployed
