"""What was probably meant."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cli import options, terminal
from ops.dead_letters.letters import QUEUES
from ops.reach import target

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def test_unknown_name() -> None:
    """A misspelt name is answered with the nearest, a strange one with all."""
    assert "'pipe'" in str(options.unknown("queue", "PIPES", QUEUES))
    assert "processing, notifications, restaurants, pipe" in str(
        options.unknown("queue", "xyz", QUEUES)
    )


def test_what_takes_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for a stage takes seconds: a terminal says meanwhile what is waited for."""
    said: list[str] = []

    @contextlib.contextmanager
    def waiting(what: str) -> Iterator[None]:
        said.append(what)
        yield

    monkeypatch.setattr(terminal, "waiting", waiting)
    monkeypatch.setattr(target, "on_aws", lambda _: None)
    monkeypatch.setattr(target, "on_this_machine", lambda: None)
    options.find("prod", local=False)
    options.find(None, local=True)
    assert said == ["Finding stage prod …", "Finding the local run …"]
