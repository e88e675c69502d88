"""`orders status`: which release, whether it is as it was deployed, and what to do next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.unit.cli.commands.release.looking import run

if TYPE_CHECKING:
    from tests.unit.ops.live.stage import Stage


def test_status(stage: Stage) -> None:
    """All is as deployed: release, stack and functions, exit code 0."""
    stage.alarms.metric = ["heartbeat-failing"]
    code, said, remarked = run("status")
    assert (code, remarked) == (0, "Stage dev is as it was deployed.\n")
    assert "1.0.12 (cccccccccccc)" in said
    assert "heartbeat-failing" in said
    assert ["create_order", "12", "12", "code-12"] in [line.split() for line in said.splitlines()]


def test_status_of_what_was_changed_by_hand(stage: Stage) -> None:
    """Exit code 1; each difference in a line, and what to do next in another."""
    for function in ("create", "get"):
        stage.functions.change(function, "by-hand", LOG_LEVEL="INFO")
    stage.functions.aliases["get"]["FunctionVersion"] = "3"
    code, said, remarked = run("status")
    assert code == 1
    assert "get_order: runs version 3, and the template says 12" in said
    assert "  → A deployment without new code does not mend it." in said
    assert remarked == "Stage dev is not as it was deployed: create_order, get_order.\n"


def test_status_of_a_release_that_is_watched(stage: Stage) -> None:
    """While alarms can take it back, I am told until when."""
    watched = {"RollbackConfiguration": {"MonitoringTimeInMinutes": 15}}
    stage.stack.stack |= {"StackStatus": "UPDATE_IN_PROGRESS", **watched}
    assert "until 2026-11-30 09:16 UTC" in run("status")[1]


def test_status_for_programs(stage: Stage) -> None:
    """Programs get the commit, and for each function what runs beside what should."""
    stage.functions.change("get", "by-hand", LOG_LEVEL="INFO")
    code, said, _ = run("status", "--json")
    found = json.loads(said)
    assert (code, found["asDeployed"], found["release"]["commit"]) == (1, False, "c" * 40)
    assert found["functions"][1] == {
        "name": "get_order",
        "runs": "12",
        "template": "12",
        "codeSha256": "code-12",
        "templateCodeSha256": "code-12",
        "latestCodeSha256": "by-hand",
    }
    assert [each["what"] for each in found["differences"]] == ["code"]
    assert found["stack"]["monitoredUntil"] is None
