"""What the emulator waits for although nothing is to be waited for: it does the same, sooner.

This is no patch: what happens is not otherwise than before, and on AWS it takes longer, not less.
"""
# ruff: noqa: SLF001 - what is hastened is private to ministack

from __future__ import annotations

import functools
import logging
import random
import threading
import time
import uuid
from queue import SimpleQueue
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from local.inside import ministack

if TYPE_CHECKING:
    from collections.abc import Callable

_GAP_SECONDS = 0.05
"""Between two looks at all streams, however much changes."""

_LOOK_SECONDS = 1.0
"""After which pipes look again, though nothing has changed: a batch may have failed."""

_CONDITIONS = 256
"""Texts of conditions that are kept as they were read."""


def hasten() -> None:
    """Let functions, pipes and queries be as quick as they can, before ministack starts to serve.

    A changed function was `Pending` for half a second, and whoever waited for it for one or two.
    """
    ministack.replace(ministack.module("services.lambda_svc"), _LAMBDA_STATE_TRANSITION_DELAY=0)
    _carry_at_once()
    _parse_once()
    _name_at_once()
    _keep_threads()


def _carry_at_once() -> None:
    """Wake pipes by a change: they looked once a second, which each order's way met twice."""
    tables, pipes = ministack.module("services.dynamodb"), ministack.module("services.pipes")
    changed = threading.Event()
    ministack.replace(tables, esm_wake=_Both(tables.esm_wake, changed))
    ministack.replace(pipes, _poll_loop=lambda: _carry(pipes, changed))


def _parse_once() -> None:
    """Read a query's condition once, and not again for each item that it looks at."""
    tables = ministack.module("services.dynamodb")
    read = functools.lru_cache(_CONDITIONS)(tables._tokenize)
    judge = functools.lru_cache(_CONDITIONS)(tables._condition_syntax_error)
    ministack.replace(tables, _tokenize=lambda text: list(read(text)))
    ministack.replace(tables, _condition_syntax_error=judge)


def _name_at_once() -> None:
    """Make ids without asking the kernel: each call let all other threads go first."""
    bits = random.Random(uuid.uuid4().int).getrandbits  # noqa: S311 - names, and no secrets
    ministack.replace(uuid, uuid4=lambda: uuid.UUID(int=bits(128), version=4))


def _keep_threads() -> None:
    """Give the next request the thread of one that was answered, and not a new one.

    There are as many as requests at the same time: none waits for another, which may be its own.
    """
    concurrency, kept = ministack.module("core.concurrency"), _Threads()
    ours = SimpleNamespace(**{**vars(threading), "Thread": kept.thread})
    ministack.replace(concurrency, threading=ours)


class _Threads:
    """Threads that stay for the next work, the last that was done with its own first."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[Callable[[], None]]] = []

    def thread(self, *, target: Callable[[], None], **named: Any) -> Any:
        """Give what stands for a thread of a request, and a thread for what goes on."""
        if target.__qualname__.startswith("run_reentrant."):
            return SimpleNamespace(start=lambda: self._start(target, **named))
        return threading.Thread(target=target, **named)

    def _start(self, work: Callable[[], None], **named: Any) -> None:
        try:
            self._idle.pop().put(work)
        except IndexError:
            threading.Thread(target=self._serve, args=(work,), **named).start()

    def _serve(self, work: Callable[[], None]) -> None:
        mine = SimpleQueue[Any]()
        while True:
            work()
            self._idle.append(mine)
            work = mine.get()


class _Both:
    """Two events in the place of one, for whoever sets it."""

    def __init__(self, *events: threading.Event) -> None:
        self._events = events

    def set(self) -> None:
        """Set both."""
        for event in self._events:
            event.set()


def _carry(pipes: Any, changed: threading.Event) -> None:
    """Carry what a table's stream has, whenever it has something new."""
    while True:
        changed.clear()
        try:
            pipes._poll_once()
        except Exception:
            logging.getLogger("pipes").exception("A pipe could not carry")
        time.sleep(_GAP_SECONDS)
        changed.wait(_LOOK_SECONDS)
