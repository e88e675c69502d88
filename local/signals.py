"""Being asked to stop: ^C, a polite kill, a closed terminal."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked this process to stop."""


def listen() -> None:
    """Turn the first signal into Stopped; ignore the others, for people press ^C twice."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: Any) -> NoReturn:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # a closed terminal takes no more words
        print("\nStopping …", flush=True)
    raise Stopped
