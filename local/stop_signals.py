"""Being asked to stop: ^C, a polite kill, a closed terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sys import UnraisableHookArgs

_SOON_SECONDS, _AGAIN_SECONDS = 0.01, 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked this process to stop."""


def listen() -> None:
    """Turn the first signal into Stopped; ignore the others, for people press ^C twice."""
    for number in _SIGNALS:
        signal.signal(number, _stop)
    signal.signal(signal.SIGALRM, _again)
    sys.unraisablehook = _raise_soon


@contextlib.contextmanager
def until_stopped() -> Iterator[None]:
    """Do what the context does, and end it in silence when a signal asks for that."""
    try:
        yield
    except Stopped:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _stop(_number: int, _frame: Any) -> NoReturn:
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # a closed terminal takes no more words
        print("\nStopping …", flush=True)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
    raise Stopped


def _again(_number: int, _frame: Any) -> None:
    """Raise Stopped again where it is lost: some code, of C too, passes over all that is raised.

    While it is on its way, and others clean up for it, it is what is being handled.
    """
    handled = sys.exception()
    while handled is not None and not isinstance(handled, Stopped):
        handled = handled.__context__
    if handled is None:
        raise Stopped


def _raise_soon(dropped: UnraisableHookArgs) -> None:
    """Raise Stopped again where Python had to drop it: in a weak reference's callback, in __del__.

    Imports have such callbacks, and a ^C that comes early meets one at times.
    """
    if isinstance(dropped.exc_value, Stopped):
        signal.setitimer(signal.ITIMER_REAL, _SOON_SECONDS, _AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(dropped)
