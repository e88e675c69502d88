"""That something could not be seen, which is no wrong answer."""

from __future__ import annotations


class CannotTell(Exception):
    """A probe could not see what it looked for; the message says why, in a sentence."""
