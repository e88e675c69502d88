"""Which deployment a command is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from infrastructure.settings import stack_name
from ops.reach.endpoints import publish
from ops.reach.errors import OperatorError
from ops.reach.layout import Layout
from ops.reach.target import Target, endpoints_on_this_machine
from tests.unit.ops.reach.test_endpoints import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_output() -> None:
    """A stack that is older than the command is to be deployed again."""
    with pytest.raises(OperatorError, match="make deploy STAGE=dev"):
        Target("stage dev", "s", cast("Any", None), {}, "make deploy STAGE=dev").output("X")


def test_the_option_that_names_it() -> None:
    """A hint can be pasted: it names the local run, or the stage, as the command has to."""
    here = Target("the local run", stack_name("dev"), cast("Any", None), {}, "make run")
    assert here.option == "--local"
    assert replace(here, name="stage eu", stack=stack_name("eu")).option == "--stage eu"


def test_where_nothing_runs_i_read_how_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command starts it at the port that I have named; a copy at another one is named, too."""
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    with pytest.raises(OperatorError, match=r"running\. Start it in another terminal: make run$"):
        endpoints_on_this_machine()
    layout = Layout(tmp_path, 4566)
    layout.home.mkdir()
    publish(EXAMPLE, layout)
    assert endpoints_on_this_machine() == EXAMPLE
    monkeypatch.setenv("LOCAL_PORT", "4999")
    with pytest.raises(OperatorError) as refused:
        endpoints_on_this_machine()
    assert str(refused.value) == (
        "No local run is running at http://127.0.0.1:4999. Start it in another terminal: "
        "LOCAL_PORT=4999 make run\n"
        f"Or take the one at {EXAMPLE.aws_endpoint_url}: unset LOCAL_PORT"
    )
