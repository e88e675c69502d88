"""Examples behind a command's help."""

from __future__ import annotations

_AS_IT_IS = "\b"
"""What has click leave the lines of a paragraph as they are."""


def lines(text: str) -> str:
    """Give a text of which a help shows each line as one."""
    return "\n".join((_AS_IT_IS, *(line.strip() for line in text.strip().splitlines())))
