"""A template is read from a file, or the file is refused by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.reach import templates
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("text", ["Resources: {}", "[]", '{"Resources": []}'])
def test_no_template(tmp_path: Path, text: str) -> None:
    """A file that is no template is told by its name."""
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(OperatorError, match=r"other\.yaml"):
        templates.read(path)
