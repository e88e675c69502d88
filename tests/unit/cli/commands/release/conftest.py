"""A stage that commands find."""

from __future__ import annotations

import datetime as dt

import pytest

from ops import audit
from ops.audit import Act
from tests.unit.cli.commands.release.looking import ADA
from tests.unit.ops.live.stage import START, Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage that has had twelve releases, the last one by Ada."""
    made = Stage()
    for number in range(1, 13):
        made.deploy(number)
    begun = START + dt.timedelta(hours=11, minutes=50)
    deployment = Act(begun, ADA, "orders deploy", "", "begun", "run")
    monkeypatch.setattr("cli.options.find", lambda *_, **__: made.target)
    monkeypatch.setattr(audit, "commands", lambda *_: [deployment])
    return made
