"""Examples behind a command's help."""

from __future__ import annotations


def lines(text: str) -> str:
    """Give a text of which Typer shows each line as one."""
    return "\n\n".join(line.strip() for line in text.strip().splitlines())
