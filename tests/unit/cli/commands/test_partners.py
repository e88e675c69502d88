"""`orders partners` refuses what cannot be meant before it asks AWS."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.app import app


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "Somebody", "--id", "heartbeat", "--plan", "standard"),
        ("add", "Heartbeat!", "--plan", "standard"),
        ("show", "heartbeat"),
        ("disable", "heartbeat"),
        ("remove", "heartbeat"),
    ],
)
def test_nobody_gets_the_id_of_the_heartbeat(arguments: tuple[str, ...]) -> None:
    """A partner whose orders nobody heard of would be a bad surprise; the sentence says why."""
    ended = CliRunner().invoke(app, ["partners", *arguments, "--stage", "prod"])
    assert ended.exit_code == 2
    said = " ".join(ended.output.replace("│", " ").split())
    assert "whose orders reach nobody and are deleted" in said
