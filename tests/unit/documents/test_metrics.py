"""docs/metrics.md says what is measured and logged, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.metrics import DOCUMENT, blocks
from orders.metrics import METRICS
from project.checkout import ROOT
from project.markdown import with_blocks

if TYPE_CHECKING:
    from pathlib import Path

OF_EACH_LINE = {"service", "level", "message", "timestamp"}
TEXT = DOCUMENT.read_text()
MODULES = [path for path in (ROOT / "orders").rglob("*.py") if path.name != "metrics.py"]


def described() -> set[str]:
    """Give the fields that the document's table of log lines names."""
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?!unit)", TEXT, re.MULTILINE)
    lines = TEXT.partition("| field |")[2].partition("## Saved queries")[0]
    return {name for row in rows if row in lines for name in re.findall(r"`(\w+)`", row)}


def logged(path: Path) -> set[str]:
    """Give the fields that a module adds to its log lines."""
    source = path.read_text()
    single = re.findall(r'\bnotes\["(\w+)"\]', source)
    updates = re.findall(r"\bnotes\.update\(([^()]*(?:\([^()]*\)[^()]*)*)\)", source)
    several = [name for update in updates for name in re.findall(r"(\w+)=", update)]
    return {*single, *several}


def test_the_tables_are_up_to_date() -> None:
    """What the document says of metrics and queries is what the code has; `make docs` writes it."""
    assert with_blocks(TEXT, blocks()) == TEXT


def test_every_field_is_described() -> None:
    """Whoever reads a log line finds each of its fields in the document."""
    found = {name for path in MODULES for name in logged(path)}
    assert len(found) > 10
    assert found <= described()


def test_every_described_field_is_logged() -> None:
    """Nobody looks for a field that is no more."""
    source = "".join(path.read_text() for path in MODULES)
    for name in described() - OF_EACH_LINE:
        assert f'"{name}"' in source or f"{name}=" in source, name


def test_every_metric_is_counted() -> None:
    """Each metric of the list is written by some function."""
    source = "".join(path.read_text() for path in MODULES)
    constants = re.findall(
        r"^([A-Z_]+) = Metric\(", (ROOT / "orders/metrics.py").read_text(), re.MULTILINE
    )
    assert len(constants) == len(METRICS)
    for name in constants:
        assert len(re.findall(rf"\b{name}\b", source)) >= 2, name  # imported and used
