"""What the emulator waits for although nothing is to be waited for: it does the same, sooner.

This is no patch: what happens is not otherwise than before, and on AWS it takes longer, not less.
"""
# ruff: noqa: SLF001 - what is hastened is private to ministack

from __future__ import annotations

import copy
import functools
import logging
import marshal
import threading
import time
from types import SimpleNamespace
from typing import Any

from local.inside import ministack

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
    _copy_items()


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


def _copy_items() -> None:
    """Copy an item, as each update does three times, in a seventh of the time."""
    tables = ministack.module("services.dynamodb")
    ministack.replace(tables, copy=SimpleNamespace(deepcopy=copied))


def copied(value: Any) -> Any:
    """Copy texts, numbers, lists and dictionaries, deep; whatever else is there, too."""
    try:
        return marshal.loads(marshal.dumps(value))  # noqa: S302 - of our own making just now
    except ValueError:
        return copy.deepcopy(value)


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
