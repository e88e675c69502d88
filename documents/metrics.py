"""Writes the tables of docs/metrics.md: our metrics, AWS's that we use, and the saved queries."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from infrastructure.watching.aws_metrics import VENDED
from infrastructure.watching.queries import QUERIES
from orders.metrics import METRICS
from project.checkout import ROOT
from project.markdown import table, with_blocks

if TYPE_CHECKING:
    from infrastructure.watching.queries import Query

DOCUMENT = ROOT / "docs" / "metrics.md"


def blocks() -> dict[str, str]:
    """Give the tables by their names."""
    own = [(f"`{metric.name}`", metric.unit, metric.meaning) for metric in METRICS]
    vended = [
        (f"`{namespace}`", _names(names), "; ".join(", ".join(sorted(one)) for one in dimensions))
        for namespace, (names, dimensions) in VENDED.items()
    ]
    return {
        "own": table(["metric", "unit", "meaning"], own),
        "vended": table(["namespace", "metrics", "dimensions"], vended),
        "queries": "\n".join(_shown(query) for query in QUERIES),
    }


def _names(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _shown(query: Query) -> str:
    groups = ", ".join(f"`{group}`" for group in query.groups)
    told = textwrap.fill(f"**{query.name}**, in the log of {groups}:", 100, break_long_words=False)
    return f"{told}\n```\n{query.text}\n```\n"


def main() -> None:
    """Write the document's tables."""
    DOCUMENT.write_text(with_blocks(DOCUMENT.read_text(), blocks()))


if __name__ == "__main__":
    main()
