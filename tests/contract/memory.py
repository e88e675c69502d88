"""What was met so far: a caller's orders, keys and cursors, which later requests refer to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orders.routes import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.sent import Sent

_PAGE = {"cursor", "limit"}


class Memory:
    """Remembers each answer that was good: in a file, for runs that come after on the same copy."""

    def __init__(self, path: Path) -> None:
        """Begin with what the file has, if it is there."""
        kept = path.read_text().splitlines() if path.exists() else []
        self._path, self._known = path, set(kept)

    def take(self, sent: Sent) -> None:
        """Remember what an answer tells."""
        if not 200 <= sent.status < 300:
            return
        if key := sent.header(IDEMPOTENCY_KEY):
            self._keep("key", key)
        if "orderId" in sent.answer:
            self._keep(_kind(sent), sent.answer["orderId"])
        if isinstance(sent.answer.get("cursor"), str):
            self._keep("cursor", sent.answer["cursor"], *_query(sent))

    def is_own(self, sent: Sent) -> bool:
        """Tell whether a request is for an order that this caller has met."""
        return self._knows(_kind(sent), sent.order_id)

    def is_used_key(self, sent: Sent) -> bool:
        """Tell whether a request's key was used."""
        return self._knows("key", sent.header(IDEMPOTENCY_KEY) or "")

    def answered_cursor(self, sent: Sent) -> bool:
        """Tell whether a request's very query was answered with its cursor."""
        return self._knows("cursor", sent.query["cursor"][0], *_query(sent))

    def _keep(self, *what: str) -> None:
        line = json.dumps(what)
        if line not in self._known:
            self._known.add(line)
            with self._path.open("a") as kept:
                kept.write(f"{line}\n")

    def _knows(self, *what: str) -> bool:
        return json.dumps(what) in self._known


def _kind(sent: Sent) -> str:
    """Tell what a caller knows an order as: what it serves is no order of its own."""
    return "order" if sent.restaurant is None else "served order"


def _query(sent: Sent) -> list[str]:
    return [repr(one) for one in sorted(sent.query.items()) if one[0] not in _PAGE]
