"""Node as the web client's build uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.reach.errors import OperatorError
from ops.web import node

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_script_says(tmp_path: Path) -> None:
    """Its output is given; nothing of it is kept in the person's home."""
    (tmp_path / "say.mjs").write_text("console.log(process.env.npm_config_cache)")
    said = node.run(["say.mjs"], tmp_path, otherwise="It fails")
    assert said.strip().endswith(".cache/npm")


def test_why_a_script_fails(tmp_path: Path) -> None:
    """Whoever meets the failure reads what was tried, and the script's own last words."""
    (tmp_path / "fail.mjs").write_text("console.error('no such thing'); process.exit(3)")
    with pytest.raises(OperatorError, match="The page cannot be built:\nno such thing"):
        node.run(["fail.mjs"], tmp_path, otherwise="The page cannot be built")
