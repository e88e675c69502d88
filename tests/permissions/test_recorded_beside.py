"""After the tests of commands and pages, which have a running copy of their own: what it asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.permissions.deployed import Deployed, recorded
from tests.permissions.judge import judge

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("whole_suite")]


def test_nothing_is_asked_that_is_not_granted(
    stack: Endpoints, recording: Path, interpreter: Path
) -> None:
    """No function asks for more when commands change what it works with."""
    deployed = Deployed(stack)
    asked = [call for call in recorded(recording.read_text()) if call.role in deployed.roles]
    assert asked
    assert not judge(interpreter, deployed.policies, asked).missing
