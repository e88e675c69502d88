"""`orders releases`: a line for each release, and what has become of it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from ops import audit
from tests.unit.cli.commands.release.looking import ADA, run
from tests.unit.ops.live.stage import START, refused

if TYPE_CHECKING:
    from tests.unit.ops.live.stage import Stage

WIDEST = 80


@pytest.mark.usefixtures("stage")
def test_releases() -> None:
    """A line for each, the newest first, no wider than a terminal; the end says who."""
    code, said, _ = run("releases")
    assert code == 0
    lines = [line.rstrip() for line in said.splitlines()]
    assert max(map(len, lines)) <= WIDEST
    assert lines[1].split() == ["12", "2026-11-30", "21:00", "1.0.12", "c" * 12, "live", "ada"]
    assert [line.split()[0] for line in lines[1:]] == [str(number) for number in range(12, 0, -1)]
    assert lines[-1].split()[-2:] == ["kept", "–"]


@pytest.mark.usefixtures("stage")
def test_releases_for_programs() -> None:
    """Programs get the whole commit, the moment, and the version of each function."""
    newest = json.loads(run("releases", "--json")[1])[0]
    assert newest == {
        "number": 12,
        "at": "2026-11-30T21:00:00+00:00",
        "version": "1.0.12",
        "commit": "c" * 40,
        "dirty": False,
        "state": "live",
        "who": ADA,
        "functions": {"create_order": "12", "get_order": "12"},
    }


def test_releases_with_what_is_in_no_commit(stage: Stage) -> None:
    """A release with files that differ from its commit has a mark, which is explained."""
    text = '{"version":"1.1.0","commit":"%s","dirty":true}' % ("d" * 40)
    stage.parameters.write(text, START + dt.timedelta(days=1))
    _, said, remarked = run("releases")
    assert said.splitlines()[1].split()[4:6] == [f"{'d' * 12}*", "gone"]
    assert "in no commit" in remarked


def test_no_releases(stage: Stage) -> None:
    """A stage from before there were releases is told what begins the list."""
    stage.parameters.history.clear()
    code, said, remarked = run("releases")
    assert (code, said) == (0, "")
    assert "make deploy" in remarked
    assert run("releases", "--json")[1] == "[]\n"


def test_none_is_live(stage: Stage) -> None:
    """Where what runs is none of the releases I am sent to `orders status`."""
    stage.functions.aliases["get"]["FunctionVersion"] = "1"
    assert "orders status" in run("releases")[2]


@pytest.mark.usefixtures("stage")
def test_who_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to read the audit log the releases are listed all the same."""

    def commands(*_: Any) -> Any:
        raise refused("AccessDeniedException")

    monkeypatch.setattr(audit, "commands", commands)
    code, said, _ = run("releases")
    assert (code, said.splitlines()[1].split()[-1]) == (0, "–")
