"""The errors of operators' commands: each a sentence with what to do, and no stack trace.

* OperatorError      a command cannot go on
  * Overtaken        … because another operator changes the same, or has changed it
  * Unanswered       … because it asked, and nobody was there to answer
  * Obstacle         … and what removes the cause can be told apart from it
  * LocalError       … because of the local run: its machine, its port, its emulator
  * Unpriced         … because the cost model does not know what the template holds (ops/costs)
* ClientError        AWS answered with an error     ┐
* BotoCoreError      there was no answer            ├ aws_errors.py makes a sentence of each
* OSError            a file cannot be read, written ┘

All of these end a command with exit code 1, but for those of `orders deploy` and `orders rollback`
that have another (ops/release/outcome.py). typer.BadParameter, which cli alone raises, is wrong
usage: exit code 2. Errors of infrastructure (AssetError, SettingError) become one of the former
where a command meets them. Anything else is a bug, and is told as one.
"""

from __future__ import annotations


class OperatorError(Exception):
    """A command cannot go on; the message says why, and what to do, in a sentence or two."""

    code = 1
    """What the command exits with."""


class Overtaken(OperatorError):
    """Another operator changes the same, or has changed it since it was shown (ops/turns.py)."""


class Unanswered(OperatorError):
    """A command asked something, and nobody was there to answer."""


class Obstacle(OperatorError):
    """What is in a command's way, and apart from it what removes it."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


class LocalError(OperatorError):
    """The local run cannot go on, or cannot be asked; the message names the cure."""
