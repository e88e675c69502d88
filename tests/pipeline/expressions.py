"""What stands between ${{ and }}: looked up in what is known of an event, and never guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


class UnknownError(LookupError):
    """An expression that this runner does not know; the message is the expression."""


def evaluated(text: str, known: Mapping[str, str]) -> str:
    """Put values in the place of expressions.

    Args:
        text: as a workflow has it.
        known: the values by their expressions.

    Raises:
        UnknownError: for an expression that is not known.
    """

    def value(found: re.Match[str]) -> str:
        try:
            return known[found[1]]
        except KeyError:
            raise UnknownError(found[1]) from None

    return _EXPRESSION.sub(value, text)


def holds_any(text: str) -> bool:
    """Tell whether a text has an expression in it."""
    return _EXPRESSION.search(text) is not None
