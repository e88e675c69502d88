"""`make bench` measures a running copy: whole, and without a lost order."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from bench import FIGURES, __main__

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.mark.timeout(300)
def test_a_running_copy_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bursts, single requests and the way to the webhook are measured, as the pages show them."""
    monkeypatch.setattr(__main__, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "--only", "stack"])
    __main__.main()
    shown = json.loads(FIGURES.read_text())
    found = json.loads((tmp_path / "latest.json").read_text())
    assert found["time"] > shown["time"]
    for part in ("stack", "webhooks"):
        assert found[part] != shown[part]
        assert {name: set(one) for name, one in found[part].items()} == {
            name: set(one) for name, one in shown[part].items()
        }
