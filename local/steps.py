"""What the local run tells while it starts: one line for each step, with its duration."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Steps:
    """Tells steps as they pass. On a terminal a step shows while it is still going on."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to a stream; None for silence."""
        self._stream = stream
        self._live = stream is not None and stream.isatty()

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Time what happens inside, and tell it when it has succeeded.

        It gives what to tell meanwhile how far it is, which shows on a terminal.
        """
        if self._live:
            self._write(f"  … {what}")
        started = time.perf_counter()
        try:
            yield lambda far: self._write(f"\r\x1b[K  … {what}: {far}") if self._live else None
        except BaseException:
            self._write("\n" if self._live else "")
            raise
        start_of_line = "\r\x1b[K" if self._live else ""
        self._write(f"{start_of_line}  ✓ {what:<58} {time.perf_counter() - started:5.1f} s\n")

    def note(self, text: str) -> None:
        """Tell something that took no time."""
        self._write(f"  ! {text}\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def on_terminal() -> Steps:
    """Tell the steps on standard output."""
    return Steps(sys.stdout)
