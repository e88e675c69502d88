"""The releases that a stage has had, and what has become of each."""

from __future__ import annotations

import datetime as dt

import pytest

from ops.live import history
from ops.live.history import State
from tests.unit.ops.live.stage import START, Stage

ADA = "arn:aws:sts::111122223333:assumed-role/operators/ada"


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    for number in (1, 2, 3):
        made.deploy(number)
    return made


def states(stage: Stage) -> dict[int, str]:
    return {each.entry.number: each.state.value for each in history.releases(stage.target)}


def test_newest_first(stage: Stage) -> None:
    """The newest release runs, and those before it can come back."""
    found = history.releases(stage.target)
    assert [each.entry.number for each in found] == [3, 2, 1]
    assert [each.state for each in found] == [State.LIVE, State.KEPT, State.KEPT]
    newest = found[0].entry
    assert newest.release is not None
    assert (newest.release.version, newest.release.commit) == ("1.0.3", "3" * 40)
    assert newest.functions == {"create_order": "3", "get_order": "3"}


def test_a_version_that_was_deleted(stage: Stage) -> None:
    """A release of which one function's version is deleted is gone: it cannot come back whole."""
    stage.functions.versions["get"] = stage.functions.versions["get"][1:]
    assert states(stage) == {3: "live", 2: "kept", 1: "gone"}


def test_gone_back(stage: Stage) -> None:
    """After the aliases went back the release that they point to is the one that is live."""
    for function in ("create", "get"):
        stage.functions.aliases[function]["FunctionVersion"] = "2"
    assert states(stage) == {3: "kept", 2: "live", 1: "kept"}


def test_some_of_each(stage: Stage) -> None:
    """Where one alias only was moved no release is live: what runs was never deployed so."""
    stage.functions.aliases["create"]["FunctionVersion"] = "2"
    assert "live" not in states(stage).values()


def test_another_level_is_the_same_release(stage: Stage) -> None:
    """`orders logs level` publishes a version with the same code: the release goes on."""
    stage.functions.deploy("get", "code-3", LOG_LEVEL="DEBUG")
    assert states(stage) == {3: "live", 2: "kept", 1: "kept"}


def test_the_same_release_again(stage: Stage) -> None:
    """A deployment that CloudFormation took back writes the old text once more: one is live."""
    stage.parameters.write(stage.parameters.history[-1]["Value"], START + dt.timedelta(hours=9))
    assert states(stage) == {4: "live", 3: "kept", 2: "kept", 1: "kept"}


def test_who(stage: Stage) -> None:
    """Whose deployment was under way then; of an unknown one nobody, and not CloudFormation."""
    moment = stage.parameters.history[1]["LastModifiedDate"]
    found = history.entries(stage.target, lambda at: ADA if at == moment else "")
    assert {each.number: each.who for each in found} == {3: "", 2: ADA, 1: ""}
    assert {each.who for each in history.entries(stage.target)} == {""}


def test_who_by_hand(stage: Stage) -> None:
    """Somebody who has written the parameter by hand is named."""
    stage.parameters.write("{}", START + dt.timedelta(hours=9), user=ADA)
    by_hand = history.releases(stage.target)[0]
    assert (by_hand.entry.who, by_hand.entry.release, by_hand.state) == (ADA, None, State.GONE)


def test_a_text_without_versions(stage: Stage) -> None:
    """A release from before there were versions cannot come back: it is gone."""
    stage.parameters.history[0]["Value"] = '{"version":"0.9.0","commit":"unknown","dirty":true}'
    first = history.releases(stage.target)[-1]
    assert first.state is State.GONE
    assert first.entry.release is not None
    assert first.entry.release.dirty


def test_no_history() -> None:
    """A stage that was deployed before there were releases has none, and that is no error."""
    assert history.entries(Stage().target) == []
