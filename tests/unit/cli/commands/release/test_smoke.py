"""`orders smoke`: each step with its time, what it means when it fails, and the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ops.live import smoke
from ops.live.smoke import Step
from tests.unit.cli.commands.release.looking import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.ops.live.stage import Stage


@pytest.fixture
def tried(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The steps of a smoke test, which a test may change."""
    del stage  # it is enough that there is one
    steps = [Step("health", 0, 12.4, ""), Step("place", 1, 80.0, "")]

    def take(_: Any, told: Callable[[Step], None], times: int) -> list[Step]:
        assert times == 1
        for step in steps:
            told(step)
        return steps

    monkeypatch.setattr(smoke, "smoke", take)
    return steps


def test_smoke(tried: list[Step]) -> None:
    """All is as promised: each step with its time, exit code 0."""
    code, said, remarked = run("smoke", "--times", "1")
    assert code == 0
    rows = [line.split() for line in said.splitlines()]
    assert rows == [["Step", "ms", "Result"], ["health", "12", "ok"], ["place", "1", "80", "ok"]]
    assert f"{len(tried)} steps" in remarked


def test_smoke_that_fails(tried: list[Step]) -> None:
    """A step that is not as promised: exit code 1, what it means, and where to look."""
    tried[1] = Step("place", 1, 80.0, "HTTP 502")
    code, said, remarked = run("smoke", "--times", "1")
    assert code == 1
    assert "failed: HTTP 502 → nobody can order" in said
    assert "not answer as callers are promised: place 1" in remarked
    found = json.loads(run("smoke", "--times", "1", "--json")[1])
    assert (found["ok"], found["steps"][1]["fault"]) == (False, "HTTP 502")
    assert found["steps"][0] == {
        "step": "health",
        "round": None,
        "milliseconds": 12.4,
        "fault": None,
        "means": None,
    }


@pytest.mark.parametrize(
    "arguments", [["smoke", "--times", "0"], ["smoke", "--times", "51"], ["smoke", "--local"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    """What cannot be meant is refused with exit code 2, before anything is asked of AWS."""
    assert run(*arguments)[0] == 2
