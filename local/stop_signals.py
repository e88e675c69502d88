"""Being asked to stop: ^C, a polite kill, a closed terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_SOON_SECONDS = 0.01
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked this process to stop."""


def listen() -> None:
    """Turn the first signal into Stopped; ignore the others, for people press ^C twice."""
    for number in _SIGNALS:
        signal.signal(number, _stop)
    signal.signal(signal.SIGALRM, _raise)
    sys.unraisablehook = _raise_soon


def _stop(number: int, frame: Any) -> NoReturn:
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # a closed terminal takes no more words
        print("\nStopping …", flush=True)
    _raise(number, frame)


def _raise(_number: int, _frame: Any) -> NoReturn:
    raise Stopped


def _raise_soon(dropped: UnraisableHookArgs) -> None:
    """Raise Stopped again where Python had to drop it: in a weak reference's callback, in __del__.

    Imports have such callbacks, and a ^C that comes early meets one at times.
    """
    if isinstance(dropped.exc_value, Stopped):
        signal.setitimer(signal.ITIMER_REAL, _SOON_SECONDS)
    else:
        sys.__unraisablehook__(dropped)
