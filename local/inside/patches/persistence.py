"""The state: saved every few seconds, and not only when ministack is stopped cleanly."""

from __future__ import annotations

import functools
from typing import Any

from local.inside import ministack
from local.inside.saved_state import Saver


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
