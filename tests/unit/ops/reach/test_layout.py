"""Where the local run keeps its things, and at which port."""

from __future__ import annotations

import pytest

from ops.reach.errors import LocalError
from ops.reach.layout import SHARED, Layout, layout_from_environment


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings it is AWS emulators' usual port, and the checkout's .local."""
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    monkeypatch.delenv("LOCAL_DIR", raising=False)
    assert layout_from_environment() == Layout(SHARED, 4566)


@pytest.mark.parametrize("port", ["abc", "0", "80", "65536", "-1", "4566.0", "²"])
def test_port_that_is_none(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is none, or not for everyone, is refused."""
    monkeypatch.setenv("LOCAL_PORT", port)
    with pytest.raises(LocalError, match="LOCAL_PORT must be a number"):
        layout_from_environment()
