"""The bad releases that tests deploy are of today's code."""

from __future__ import annotations

import pytest

from project.checkout import ROOT
from tests.releases.planted import BAD, Bad
from tests.releases.release import changed_texts


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name) for bad in BAD])
def test_each_planting_has_its_place(bad: Bad) -> None:
    """Who changes a line that a planted fault replaces learns it here, not after minutes."""
    texts = changed_texts(bad.release.sources)
    assert bad.release.edits or texts
    assert all(texts[name] != (ROOT / name).read_text() for name in texts)
