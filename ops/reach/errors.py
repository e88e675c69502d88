"""Expected failures of the operators' commands."""

from __future__ import annotations


class OperatorError(Exception):
    """A command cannot go on; the message says why, and what to do, in a sentence or two."""


class Obstacle(OperatorError):
    """What is in a command's way, and apart from it what removes it."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy
