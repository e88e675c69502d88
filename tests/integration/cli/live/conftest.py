"""The running stack, as commands find it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints


@pytest.fixture
def here(stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    """The stack that `--local` is about."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("LOCAL_PORT", "")
    return stack
