"""Saves the emulator's state every few seconds. Runs inside the emulator.

A forked child does it: it has the whole state as it is at one moment, and holds up no request.
"""
# ruff: noqa: SLF001 - ministack has no other way to its state

from __future__ import annotations

import asyncio
import copy
import gc
import json
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.metric_store import Series

if TYPE_CHECKING:
    from collections.abc import Callable

SAVING_SECONDS = 2.0
"""How often a changed state is saved, while it is small; what is younger is lost by kill -9."""

_PAUSES = 25.0
"""How many times a save's processor time is waited before the next: a large state's takes long."""

_LONGEST_SAVE_SECONDS = 60.0
_LAST_SAVE_SECONDS = 15.0  # local/copy/emulator.py waits 35 for the end
_POLL_SECONDS = 0.05
_LOOKING_ON = (b"Describe", b"Filter", b"Get", b"List", b"Query", b"Scan")


class Saver:
    """Saves the state from time to time, in one child process at a time."""

    def __init__(self) -> None:
        """Begin with a state that is saved."""
        self._changed = False
        self._child = 0
        self._saved = True
        self._pause = SAVING_SECONDS
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Save from now on, in the loop that is running."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def note(self, scope: dict[str, Any]) -> None:
        """Note that a request has been served, which may have changed the state."""
        self._changed = self._changed or may_change(scope)

    def finish(self) -> None:
        """Save for the last time; a save that is going on is ended, for this one is better."""
        if self._task:
            self._task.cancel()
        self._end_child()
        # Pipes and workers go on meanwhile: only a child has all services as of one moment.
        self._child = _fork(save_changed)
        deadline = time.monotonic() + _LAST_SAVE_SECONDS
        while self._child_runs() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self._end_child()
        if not self._saved:
            save_changed()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            # Half a deployment could never be finished after a restart.
            if self._changed and not deploying():
                self._changed = False
                self._child = _fork(save_changed)
                await self._child_ended()

    async def _child_ended(self) -> None:
        deadline = time.monotonic() + _LONGEST_SAVE_SECONDS
        while self._child_runs():
            if time.monotonic() > deadline:
                self._changed = True
                self._end_child()
            await asyncio.sleep(_POLL_SECONDS)
        self._changed = self._changed or not self._saved

    def _end_child(self) -> None:
        if self._child_runs():
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child, self._saved = 0, False

    def _child_runs(self) -> bool:
        if self._child:
            ended, status, spent = os.wait4(self._child, os.WNOHANG)
            if ended:
                self._child, self._saved = 0, status == 0
                self._pause = pause_after(spent.ru_utime + spent.ru_stime)
        return bool(self._child)


def pause_after(spent: float) -> float:
    """Say how long to wait after a save: it takes no more than a small part of a processor.

    Args:
        spent: by the save, in seconds of processor time.
    """
    return max(SAVING_SECONDS, _PAUSES * spent)


def may_change(scope: dict[str, Any]) -> bool:
    """Tell the requests by which people, tests and the local run only look on."""
    if scope["type"] != "http" or scope["path"].startswith("/_ministack"):
        return False
    target: bytes = dict(scope["headers"]).get(b"x-amz-target", b"")
    return not target.rpartition(b".")[2].startswith(_LOOKING_ON)


def deploying() -> bool:
    """Tell whether a stack is being created, changed or deleted."""
    cloudformation = ministack.loaded("services.cloudformation")
    stacks = list(cloudformation._stacks._data.values()) if cloudformation else []
    statuses = {stack["StackStatus"] for stack in stacks} - {"REVIEW_IN_PROGRESS"}
    return any(status.endswith("_IN_PROGRESS") for status in statuses)


def save_changed() -> None:
    """Save each service whose state is not the one on disk."""
    app = ministack.module("app")
    persistence = ministack.module("core.persistence")
    for service, get_state in app._build_persistence_save_dict().items():
        state = get_state()
        if state is None:  # it could not be loaded, so what is on disk is better
            continue
        version = persistence._state_format_version(service)
        document = {"__ministack_format__": version, "payload": state}
        text = json.dumps(document, default=_as_json)
        _replace(Path(persistence.STATE_DIR, f"{service}.json"), text)


def _as_json(value: Any) -> Any:
    if isinstance(value, Series):  # in a child, which does not copy
        return value.to_save()
    return ministack.module("core.persistence")._json_default(value)


def _replace(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def _copy_nothing() -> None:
    """Let this process save the state itself where ministack would save a copy of it.

    Nobody else changes it here, and copies took four fifths of a save's processor time.
    """
    gc.disable()
    copy.deepcopy = _itself  # type: ignore[assignment] # its memo is nobody's concern here


def _itself(value: Any, _memo: Any = None) -> Any:
    return value


def _fork(work: Callable[[], None]) -> int:
    with warnings.catch_warnings():
        # A lock that another thread holds stays locked in the child. It takes none that matter,
        # and is ended should it hang.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    failed = 1
    try:
        _copy_nothing()
        work()
        failed = 0
    except Exception:  # noqa: BLE001 - whatever it was, the parent is told, and saves again
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(failed)
