"""Text of strangers made harmless, wherever it is shown."""

from __future__ import annotations


def plain(text: str) -> str:
    r"""Show what is no visible character as an escape: \x1b and the like do nothing to a terminal.

    Whoever could place an order could otherwise write on an operator's screen.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plain_lines(text: str) -> str:
    """Show text of several lines as `plain` does, line by line."""
    return "\n".join(plain(line) for line in text.split("\n"))
