"""docs/emulator.md tells every difference between the emulator and AWS that the code knows."""

from __future__ import annotations

import re

from documents.emulator import DOCUMENT, document, patches
from local.inside.patches import FOR_DEPLOYMENTS, PATCHES
from local.inside.refused_resources import REFUSED_TYPES

TEXT = DOCUMENT.read_text()


def test_the_document_is_current() -> None:
    """What is made of the code is as the code is now."""
    assert document() == TEXT, "run: make docs"


def test_every_patch_is_told() -> None:
    """Each patch stands there, under its service. Its own docstring says what AWS does."""
    told = {name: said for _, name, said in patches()}
    assert set(told) == {*PATCHES, *FOR_DEPLOYMENTS}
    assert set(re.findall(r"^\* `(\w+)`: ", TEXT, re.MULTILINE)) == set(told)
    assert [name for name, said in told.items() if "AWS" not in said] == []


def test_everything_that_is_left_out_is_told() -> None:
    """Each type that the emulator refuses stands there."""
    assert [kind for kind in REFUSED_TYPES if f"* `{kind}`\n" not in TEXT] == []


def test_what_is_told_once_is_linked() -> None:
    """Who reads how the service is built, or how it is run, finds the page."""
    for place in ("README.md", "docs/architecture.md", "docs/decisions/0005-ministack.md"):
        assert "emulator.md)" in (DOCUMENT.parent.parent / place).read_text(), place
