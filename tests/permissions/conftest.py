"""Whether all that is to be judged has run, and the emulator's interpreter with its engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.copy import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTEGRATION = Path(__file__).parent.parent / "integration"
_left_out: list[pytest.Item] = []


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember what this run leaves out."""
    _left_out.extend(items)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Judge last, whatever else this run has to do."""
    items.sort(key=lambda item: item.path.stem.startswith("test_recorded"))


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """The emulator's interpreter, which has the policy engine."""
    return environment.ready() or environment.make()


@pytest.fixture(scope="session")  # before a running copy is started
def whole_suite(request: pytest.FixtureRequest) -> None:
    """Skip unless every integration test has run before: only then is a missing use a finding."""
    every = set(_INTEGRATION.rglob("test_*.py"))
    assert every
    absent = every - {item.path for item in request.session.items}
    absent |= every & {item.path for item in _left_out}
    if absent:
        some = ", ".join(sorted(path.stem for path in absent)[:3])
        pytest.skip(
            f"the recording is judged after all integration tests; without {some} it says nothing"
        )
