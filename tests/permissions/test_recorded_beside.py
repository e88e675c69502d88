"""After the tests that have a running copy of their own: what it asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.permissions.deployed import Deployed, recorded
from tests.permissions.judge import judge

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("whole_suite")]


def test_beside(stack: Endpoints, recording: Path, interpreter: Path) -> None:
    """No function asks for more when commands change what it works with."""
    nothing_is_asked_that_is_not_granted(stack, recording, interpreter)


def test_contract(stack: Endpoints, recording: Path, interpreter: Path) -> None:
    """No function asks for more, whatever requests the API's document allows or forbids."""
    nothing_is_asked_that_is_not_granted(stack, recording, interpreter)


def test_pages(stack: Endpoints, recording: Path, interpreter: Path) -> None:
    """No function asks for more, whatever is clicked on a page or sent by a generated client."""
    nothing_is_asked_that_is_not_granted(stack, recording, interpreter)


def nothing_is_asked_that_is_not_granted(
    stack: Endpoints, recording: Path, interpreter: Path
) -> None:
    deployed = Deployed(stack)
    asked = [call for call in recorded(recording.read_text()) if call.role in deployed.roles]
    assert asked
    assert not judge(interpreter, deployed.policies, asked).missing
