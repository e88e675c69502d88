"""How commands speak: what reaches the screen, a file, and whoever is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import terminal

if TYPE_CHECKING:
    import pytest


def test_dollars_stand_on_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    """Dollars line up as numbers do, thousands and remarks too."""
    terminal.table(("What", "Cost", "Why"), [("a", "1.00", "x"), ("b", "1,000", "y")])
    assert capsys.readouterr().out.splitlines()[1].split("a")[1].startswith("      1.00")
