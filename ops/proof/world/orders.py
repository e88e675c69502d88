"""Orders that probes place, read and change."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from ops.proof.world.cannot_tell import CannotTell
from project.checkout import ROOT

if TYPE_CHECKING:
    from ops.proof.world.answers import Answer
    from ops.proof.world.callers import Caller, Partner
    from ops.proof.world.world import World

JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
_NEW_KEY_SECONDS = 120.0
"""AWS knows a new key, and its plan, after a while."""


def example(**changes: Any) -> dict[str, Any]:
    """Give the example order of docs/api, with some fields changed."""
    order: dict[str, Any] = json.loads((ROOT / "docs/api/order.json").read_text())
    return {**order, **changes}


def partner(
    world: World, name: str = "one", url: str | None = None, plan: str = "standard"
) -> Partner:
    """Give a partner whose key is known at the front door.

    Raises:
        CannotTell: when it is not, after two minutes.
    """
    made = world.callers.partner(name, url, plan=plan)

    def known() -> bool:
        return world.ask("GET", "/partner/orders?limit=1", made.headers).status == 200

    if not world.until(known, _NEW_KEY_SECONDS, every=3):
        raise CannotTell("The front door did not know a new partner's key after two minutes.")
    return made


def post(
    world: World, by: Partner | Caller, body: Any, *more: tuple[str, str], path: str = ""
) -> Answer:
    """Send an order; gives the answer, whatever it is."""
    given = list({**JSON, **by.headers}.items()) + list(more)
    if not any(name.lower() == "idempotency-key" for name, _ in given):
        given.append(("Idempotency-Key", uuid.uuid4().hex))
    text = body if isinstance(body, str) else json.dumps(body)
    return world.ask("POST", path or _path_of(by), given, text.encode())


def _path_of(by: Partner | Caller) -> str:
    return "/partner/orders" if hasattr(by, "key") else "/orders"


def place(world: World, by: Partner | Caller, **changes: Any) -> dict[str, Any]:
    """Place the example order; gives it.

    Raises:
        CannotTell: when it is refused.
    """
    body = example(**changes)
    if not hasattr(by, "key"):
        body.pop("customerId", None)
    answer = post(world, by, body)
    if answer.status != 201:
        raise CannotTell(f"An order was refused: {answer.told}.")
    order: dict[str, Any] = answer.json()
    return order


def read(world: World, by: Partner | Caller, order_id: str) -> Answer:
    """Read an order."""
    return world.ask("GET", f"{_path_of(by)}/{order_id}", by.headers)


def patch(world: World, by: Partner | Caller, order_id: str, body: Any, *if_match: str) -> Answer:
    """Change an order; each If-Match is a header line of its own."""
    lines = [*{**MERGE, **by.headers}.items(), *(("If-Match", each) for each in if_match)]
    return world.ask("PATCH", f"{_path_of(by)}/{order_id}", lines, json.dumps(body).encode())


def status_of(world: World, by: Partner | Caller, order_id: str) -> str:
    """Give the status that an order has; empty where it cannot be read."""
    return str(read(world, by, order_id).field("status") or "")
