"""The alias `live`: read, moved, and never against somebody who has moved it meanwhile."""

from __future__ import annotations

import pytest

from ops.live import aliases
from ops.reach.errors import Overtaken
from tests.unit.ops.live.stage import FUNCTIONS, Lambda, Stage


@pytest.fixture
def client() -> Lambda:
    made = Lambda()
    for number in range(1, 12):
        made.deploy("create", f"code-{number}", LOG_LEVEL="INFO")
    return made


def test_versions_newest_first(client: Lambda) -> None:
    """Version 11 stands before 9: they are numbers. `$LATEST` is no version that is kept."""
    found = aliases.published(client, "create")
    assert [each.number for each in found] == list(range(11, 0, -1))
    assert found[0].code_sha256 == "code-11"
    assert found[0].variables == {"LOG_LEVEL": "INFO"}


def test_the_function_itself(client: Lambda) -> None:
    """What was uploaded and not published is told apart from every version."""
    client.change("create", "by-hand")
    found = aliases.latest(client, "create")
    assert (found.version, found.number, found.code_sha256) == ("$LATEST", 0, "by-hand")


def test_point_and_read(client: Lambda) -> None:
    """Where I point the alias is where it is found; the version takes all of its weight."""
    looked = aliases.alias_of(client, "create")
    assert looked is not None
    moved = aliases.point(client, "create", "3", revision=looked.revision)
    assert moved.version == "3"
    assert aliases.alias_of(client, "create") == moved


def test_somebody_else_was_first(client: Lambda) -> None:
    """Who is second is told so, and the alias stays where the first one has put it."""
    looked = aliases.alias_of(client, "create")
    assert looked is not None
    aliases.point(client, "create", "4", revision=looked.revision)
    with pytest.raises(Overtaken, match="Nothing was written"):
        aliases.point(client, "create", "3", revision=looked.revision)
    now = aliases.alias_of(client, "create")
    assert now is not None
    assert now.version == "4"


def test_no_alias() -> None:
    """A function without the alias is no error: the command says what that means."""
    assert aliases.alias_of(Lambda(), "create") is None


def test_functions_that_the_stage_has() -> None:
    """Only functions with versions are named, and of those only the ones that this stage has."""
    stage = Stage()
    stage.outputs["CreateParametersFunction"] = "parameters"
    assert aliases.functions(stage.target) == FUNCTIONS
