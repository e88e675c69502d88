"""How commands speak: results on stdout, all else on stderr; plain where nobody watches.

rich, which draws, is loaded when the first thing is drawn: help and completion draw nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import select
import sys
from typing import TYPE_CHECKING, Any

from ops.reach.errors import OperatorError, Unanswered
from project.text import plain, plain_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.bar import Bar
    from rich.console import Console, JustifyMethod, RenderableType
    from rich.status import Status
    from rich.text import Text

_ANY_WIDTH = 10_000
"""Where nobody watches, a row is a line, for grep and the like."""

_BAR_WIDTH = 40
_LEAST = 1 / (8 * _BAR_WIDTH)
"""The share that is one eighth of a sign, which is the least that rich draws."""

STYLES = {
    **dict.fromkeys(("failure", "failed"), "bold red"),
    **dict.fromkeys(("warning", "REJECTED", "CANCELLED", "FAILED"), "yellow"),
    **dict.fromkeys(("ok", "DELIVERED"), "green"),
    "unknown": "dim",
}
"""Cells that stand out, in every table alike; a terminal without colours shows them plain."""

_YES = "--yes"
_PATIENCE_SECONDS = 10.0
"""How long a question waits where no person sits at a terminal: for whoever pipes answers."""
_AMOUNT = re.compile(
    r"[0-9,]+\.[0-9]{2}\b|[0-9]{1,3}(,[0-9]{3})+\b"
    r"|(< )?[0-9]+(\.[0-9]+)?( (B|KB|MB|GB|GB-s))?$|[+-][0-9]+ %$"
)
"""Dollars with a remark behind them or not, amounts with a unit: on the right as numbers are."""
_NOTHING = ("", "–")

_COMMAND = r"orders [a-z](?:(?!--(?:stage|local|help)\b)[^`\n])*"
_NAMED = re.compile(rf"(?<=`){_COMMAND}(?=`)|(?<=: ){_COMMAND}(?<![.\s])(?=\.?$)", re.MULTILINE)
"""Commands that a message names: between backticks, or as the end of a line behind a colon."""

_about: list[str] = []
"""The option that says what the running command is about, if one was given."""


_shown: list[Status] = []
"""What turns on the terminal while something takes its time; at most one."""

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def never_choke() -> None:
    """Let a terminal that has no arrows or dashes show their codes rather than stop the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def age(seconds: float | None) -> str:
    """Say a time span in its two greatest units; a dash for one that is not known."""
    if seconds is None:
        return "–"
    left, parts = max(int(seconds), 0), []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def counted(number: int, thing: str = "message") -> str:
    """Say how many there are of a thing."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def bar(share: float) -> Bar:
    """Give a share as a bar for a table; whatever is not nothing can be seen."""
    from rich.bar import Bar  # noqa: PLC0415 - only what draws loads it

    return Bar(1, 0, max(share, _LEAST) if share > 0 else 0, width=_BAR_WIDTH)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, a row a line; numbers stand on the right and whole, and texts may wrap."""
    from rich.table import Table  # noqa: PLC0415 - only what draws loads it

    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    rows = list(rows)
    for number, name in enumerate(columns):
        cells = [row[number] for row in rows if row[number] not in _NOTHING]
        numeric = bool(cells) and all(map(_is_number, cells))
        width = max((len(str(row[number])) for row in rows), default=0) if numeric else None
        side: JustifyMethod = "right" if numeric else "left"
        drawn.add_column(name, justify=side, no_wrap=numeric, min_width=width, overflow="fold")
    for row in rows:
        drawn.add_row(*map(_cell, row))
    _console().print(drawn)


def _is_number(item: object) -> bool:
    return isinstance(item, int) or bool(_AMOUNT.match(str(item)))


def _cell(item: object) -> Bar | Text:
    from rich.bar import Bar  # noqa: PLC0415 - only what draws loads it
    from rich.text import Text  # noqa: PLC0415 - only what draws loads it

    if isinstance(item, Bar):
        return item
    return Text(plain(str(item)), STYLES.get(str(item), ""), overflow="fold")


def say(text: str) -> None:
    """Print text, made harmless line by line; commands that it names are `aimed`."""
    _console().print(_text(plain_lines(aimed(text))))


def aim(stage: str | None, *, local: bool) -> None:
    """Keep what the running command is about, as its options say."""
    _about[:] = ["--local"] if local else [f"--stage {stage}"] if stage else []


def aimed(text: str) -> str:
    """Let the commands that a message names go where the running one went."""
    return _NAMED.sub(lambda found: " ".join([found[0], *_about]), text)


def draw(picture: RenderableType) -> None:
    """Print what rich lays out; whatever is in it must be harmless."""
    _console().print(picture)


def width() -> int | None:
    """Give the terminal's columns; None where nobody watches, and lines are as long as need be."""
    found = _console().width
    return None if found == _ANY_WIDTH else found


def can_show(text: str) -> bool:
    """Tell whether characters can be written as they are."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def note(text: str) -> None:
    """Tell something beside the result."""
    if sys.stderr.isatty():
        _console(stderr=True).print(_text(plain(aimed(text))))
    else:
        hush()
        print(plain(aimed(text)), file=sys.stderr)


def as_json(document: Any) -> None:
    """Print a document for programs."""
    hush()
    print(json.dumps(document, indent=2))


def agree(
    question: str, *, yes: bool, otherwise: str = _YES, refused: str = "Nothing was changed."
) -> None:
    """Go on only if the operator says yes, or has said so beforehand.

    Args:
        question: what it is about.
        yes: whether it was said beforehand.
        otherwise: the option that says it beforehand.
        refused: what is then true.

    Raises:
        OperatorError: otherwise.
    """
    if yes:
        return
    answer = _answer(f"{question} [y/N] ")
    if answer is None or answer.lower() not in ("y", "yes"):
        raise not_agreed(otherwise, refused, answered=answer is not None)


def agree_by_typing(
    question: str, word: str, *, yes: bool, to: str = "go on", otherwise: str = _YES
) -> None:
    """Go on only if the operator types a word, or has said yes beforehand.

    Args:
        question: what it is about.
        word: that is typed.
        yes: whether it was said beforehand.
        to: what the word is typed for.
        otherwise: the option that says it beforehand.

    Raises:
        OperatorError: when it is not typed.
    """
    if yes:
        return
    answer = _answer(f"{question} Type {word} to {to}: ".lstrip())
    if answer != word:
        raise not_agreed(otherwise, answered=answer is not None)


def not_agreed(
    option: str = _YES, refused: str = "Nothing was changed.", *, answered: bool = True
) -> OperatorError:
    """Say that nothing came of it, and which option would have agreed."""
    kind = OperatorError if answered else Unanswered
    return kind(f"{refused} ({option} goes on without asking.)")


def _answer(question: str) -> str | None:
    """Ask; None where nobody answers, which is not waited for."""
    console = _console(stderr=True)
    console.print(_text(plain(question)), end="")
    try:
        if _somebody_is_there():
            return input().strip()
    except EOFError:
        pass
    console.print()
    return None


def _somebody_is_there() -> bool:
    """Tell whether an answer can come: somebody sits at the terminal, or has piped one."""
    if sys.stdin.isatty():
        return True
    try:
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], _PATIENCE_SECONDS)
    except (OSError, ValueError):  # no file of the system's: a test's, or one that is closed
        return not sys.stdin.closed
    return bool(ready)


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while something goes on; gives what to tell how far it is."""
    from rich.progress import (  # noqa: PLC0415 - `orders --help` is quick without
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
    )

    console = _console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def busy(what: str) -> None:
    """Say what takes its time, on a terminal, until the next word is said or the command ends."""
    console = _console(stderr=True)
    if console.is_terminal:
        status = console.status(plain(what))
        status.start()
        _shown.append(status)


def hush() -> None:
    """Take back the words that tell of what takes its time."""
    while _shown:
        _shown.pop().stop()


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what takes its time, and take the words back once it is done."""
    console = _console(stderr=True)
    if console.is_terminal:
        with console.status(plain(what)):
            yield
    else:
        yield


def _text(text: str) -> Text:
    """Give text that is shown as it is, and whole."""
    from rich.text import Text  # noqa: PLC0415 - only what draws loads it

    return Text(text, overflow="fold")


def _console(*, stderr: bool = False) -> Console:
    """Give what writes; whatever is written ends what tells that something goes on."""
    hush()
    from rich.console import Console  # noqa: PLC0415 - only what draws loads it

    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not (sys.stderr if stderr else sys.stdout).isatty():
        console.width = _ANY_WIDTH
    return console
