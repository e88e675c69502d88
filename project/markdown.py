"""Markdown that is made: tables, and the marked blocks of documents that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_BLOCK = "<!-- {name}: written by make docs -->\n"


_END = "<!-- end -->"


def with_blocks(text: str, blocks: Mapping[str, str]) -> str:
    """Replace what stands between the marks of each block that a document has."""
    for name, block in blocks.items():
        before, mark, after = text.partition(_BLOCK.format(name=name))
        if mark:
            text = f"{before}{mark}{block}{_END}{after.partition(_END)[2]}"
    return text


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
