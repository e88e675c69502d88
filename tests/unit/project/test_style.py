"""The code stays as readable as the style guide promises."""

from __future__ import annotations

import ast
import statistics
from functools import cache
from typing import TYPE_CHECKING

import pytest

from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = (
    *("project", "cloudwatch", "orders", "infrastructure", "ops", "local", "cli", "documents"),
    *("bench", "load", "simulation"),
)


@cache
def functions(package: str) -> list[tuple[str, int]]:
    """Give each function of a package with the lines of its body, docstring not counted."""
    return list(_functions(package))


def _functions(package: str) -> Iterator[tuple[str, int]]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body:
                    end = body[-1].end_lineno or 0
                    yield f"{path.name}:{node.name}", end - body[0].lineno + 1


@pytest.mark.parametrize("package", PACKAGES)
def test_no_function_is_longer_than_forty_lines(package: str) -> None:
    """Whoever reads a function, the CDK's constructs included, sees it whole on one screen."""
    assert [name for name, lines in functions(package) if lines > 40] == []


def test_no_option_is_taken_for_another() -> None:
    """A misspelt option of a command is refused, and not taken for the one that begins so."""
    folders = (*PACKAGES, "tests")
    calls = [
        (path.name, {word.arg: ast.unparse(word.value) for word in node.keywords})
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts and "ArgumentParser" in (text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ArgumentParser")
    ]
    assert calls
    assert [name for name, given in calls if given.get("allow_abbrev") != "False"] == []


def test_functions_are_short_as_a_rule() -> None:
    """Half of all functions have six lines at most, nine of ten have twenty."""
    lengths = [lines for package in PACKAGES for _, lines in functions(package)]
    assert statistics.median(lengths) <= 6
    assert statistics.quantiles(lengths, n=10)[-1] <= 20
