"""Expected failures of the operators' commands."""

from __future__ import annotations


class OperatorError(Exception):
    """A command cannot go on; the message says why, and what to do, in a sentence or two."""
