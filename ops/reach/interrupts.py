"""^C, a polite kill and a closed terminal: they stop a command between two steps, never in one."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen() -> None:
    """Turn each of the signals into KeyboardInterrupt."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


@contextlib.contextmanager
def finish_first() -> Iterator[None]:
    """Put the signals off until the block is done; do not nest.

    A message that was received but not noted down could not be given back, and one that was sent
    but not deleted would be sent again.

    Raises:
        KeyboardInterrupt: after the block, when a signal came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        raise KeyboardInterrupt


def _interrupt(_number: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt
