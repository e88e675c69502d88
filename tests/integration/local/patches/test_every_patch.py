"""The patches as a whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from local.inside.patches import FOR_DEPLOYMENTS, PATCHES

pytestmark = pytest.mark.integration


def test_every_patch_is_tested() -> None:
    """No patch stays in for longer than ministack needs it."""
    modules = [ast.parse(path.read_text()) for path in Path(__file__).parent.glob("test_*.py")]
    names = [one.name for module in modules for one in module.body if hasattr(one, "name")]
    needed = {name.removesuffix("_is_needed") for name in names if name.endswith("_is_needed")}
    # What placeholders stand for is tested with local/inside/refused_resources.py.
    patches = {*PATCHES, *FOR_DEPLOYMENTS} - {"placeholders"}
    assert {name.removeprefix("test_") for name in needed} == patches
