"""The cases as a whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

CITED = re.compile(r"Recorded: .*test_\w+.*?, \d\d-\d\d-20\d\d", re.DOTALL)


def test_every_case_names_its_recording() -> None:
    """Whoever doubts a case finds AWS's own answer by its name and date."""
    files = set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)}
    modules = [ast.parse(path.read_text()) for path in files]
    cases = [
        one
        for module in modules
        for one in module.body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    ]
    assert cases
    assert [one.name for one in cases if not CITED.search(ast.get_docstring(one) or "")] == []
