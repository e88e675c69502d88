"""The state: saved every few seconds, and back as a whole before anything works on it."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.saved_state import Saver

if TYPE_CHECKING:
    from collections.abc import Callable


def steady_saving() -> None:
    """Save the state every few seconds when it may have changed, so that kill -9 loses little.

    ministack saves it only when it is stopped cleanly; AWS loses nothing.
    """
    app = ministack.module("app")
    serve = app.app
    saver = Saver()

    @functools.wraps(serve)
    async def noting_changes(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            saver.start()
        await serve(scope, receive, send)
        saver.note(scope)

    ministack.replace(app, app=noting_changes)
    ministack.replace(app, save_all=lambda _services: saver.finish())


def state_before_work() -> None:
    """Begin to carry and to call functions only when every service has its state again.

    ministack begins as soon as it has the pipes and the mappings: what a pipe then carries to a
    topic, or a function does with a parameter, that is not there yet is lost. AWS's services know
    their resources whenever they work.
    """
    app = ministack.module("app")
    load = app._load_persisted_state
    waiting: list[Callable[[], None]] = []
    loading = False

    def later(begin: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(begin)
        def beginning() -> None:
            if loading:
                waiting.append(begin)
            else:
                begin()

        return beginning

    @functools.wraps(load)
    def whole() -> None:
        nonlocal loading
        loading = True
        load()
        loading = False
        for begin in waiting:
            begin()

    for name in ("services.pipes", "services.lambda_svc"):
        worker = ministack.module(name)
        ministack.replace(worker, _ensure_poller=later(worker._ensure_poller))
    ministack.replace(app, _load_persisted_state=whole)
