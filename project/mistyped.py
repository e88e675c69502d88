"""Faults that people type into a file of Python: told by its line, in a sentence."""

from __future__ import annotations

import builtins
import difflib
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_CLASSES = " The classes: docs/configuration.md."


def sentence(error: BaseException, file: Path) -> str | None:
    """Say what keeps a file from being read: `, line 3: what`; None for a fault that is not its.

    Args:
        error: what reading it raised.
        file: its path.
    """
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}: {error.msg}" if error.filename == str(file) else None
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or isinstance(error, ImportError):
        return None
    reads = any((frame.filename, frame.name) == (str(file), "<module>") for frame in frames)
    return f", line {line_in(error, file)}: {what(error)}" if reads else None


def line_in(error: BaseException, file: Path, within: str = "<module>") -> int | None:
    """Give the innermost line of a file that an error passed, from a function on.

    Args:
        error: what was raised.
        file: the file's path.
        within: the function's name; None is given where it was not called.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename == str(file)]
    names = [frame.name for frame in ours]
    return ours[-1].lineno if within in names else None


def what(error: BaseException) -> str:
    """Say what is wrong, and what was probably meant."""
    if isinstance(error, NameError):
        return f"{error}.{_meant_by(error)}".replace("..", ".")
    if isinstance(error, AttributeError) and error.name:  # Python 3.11's enumerations give none
        return f"{error}.{meant(str(error.name), dir(error.obj))}"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def meant(given: str, known: Iterable[str]) -> str:
    """Ask whether the nearest name was meant, behind a blank; "" where none is near."""
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(given.lower(), by_lower_case, n=1, cutoff=0.7)
    return f" Did you mean: {by_lower_case[near[0]]!r}?" if near else ""


def _meant_by(error: NameError) -> str:
    trace, known = error.__traceback__, set(dir(builtins))
    while trace is not None:
        known |= {*trace.tb_frame.f_globals, *trace.tb_frame.f_locals}
        trace = trace.tb_next
    public = [name for name in known if not name.startswith("__")]
    given = str(error.name)
    if near := meant(given, public) or _part_of(given, public):
        return near
    # No value of a setting begins with a capital; names of classes do.
    return _CLASSES if given[:1].isupper() else f" A text stands in quotes: {given!r}."


def _part_of(given: str, known: Iterable[str]) -> str:
    """Ask whether the longest name within the given one was meant, of those that are classes'."""
    within = [name for name in known if name[:1].isupper() and name.lower() in given.lower()]
    return f" Did you mean: {max(within, key=len)!r}?" if within else ""
