"""Who serves a restaurant: what it hears of, and what becomes of orders that nobody answers."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
from typing import TYPE_CHECKING, Any

from infrastructure.settings import stack_name
from ops.partners import restaurants
from ops.proof.probe import AtLeast, AtMost, Probe
from ops.proof.world import orders, reading
from ops.proof.world.cannot_tell import CannotTell
from orders.domain.serving.servers import Bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.proof.world.callers import Partner
    from ops.proof.world.world import World

_ONE_CHANGES = threading.Lock()  # create_order's variables, of which each change is a whole one
_LINE = '"message":"message"'


@contextlib.contextmanager
def served(world: World) -> Iterator[tuple[Partner, Partner, str]]:
    """Have one partner serve a restaurant where another places orders; gives all three."""
    placer, server = orders.partner(world), orders.partner(world, "two")
    restaurant, target = f"prove-{world.run}", world.target
    bound = Bound(server.partner_id, (placer.partner_id,))
    with _ONE_CHANGES:
        restaurants.renew(target, restaurants.change(target, restaurant, None, bound))
    try:
        yield placer, server, restaurant
    finally:
        with _ONE_CHANGES:
            restaurants.renew(target, restaurants.change(target, restaurant, bound, None))


def _placed(world: World, placer: Partner, restaurant: str) -> dict[str, Any]:
    """Place an order that is served; a process of before may take one or two."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        order = orders.place(world, placer, restaurantId=restaurant)
        if order.get("acceptBy"):
            return order
        world.pause(2 * world.pace)
    raise CannotTell("No order was served by the restaurant's partner within a minute.")


def _waiting(world: World) -> Mapping[str, object]:
    since, group = time.time(), reading.group_of(world, "process_order")
    with served(world) as (placer, _, restaurant):
        order = _placed(world, placer, restaurant)
        wanted = (order["orderId"], '"outcome":"waiting"', '"acceptBy"')
        lines = reading.lines(world, group, since, *wanted)
        denied = reading.lines(world, group, since, "AccessDenied", least=0)
    return {"waiting": len(lines), "AccessDenied": len(denied)}


def _one_shot(world: World) -> Mapping[str, object]:
    with served(world) as (placer, _, restaurant):
        order = _placed(world, placer, restaurant)
        name, due = order["orderId"], dt.datetime.fromisoformat(order["acceptBy"])
        there = world.until(lambda: _schedules(world, name), 60, every=2)
        left = (due - dt.datetime.now(dt.UTC)).total_seconds()
        world.until(
            lambda: orders.status_of(world, placer, name) == "REJECTED", left + 180, every=2
        )
        late = (dt.datetime.now(dt.UTC) - due).total_seconds()
        status = orders.status_of(world, placer, name)
        world.until(lambda: not _schedules(world, name), 120, every=5)
    return {
        "while it waits": len(there),
        "then": status,
        "seconds after its time": round(late, 1),
        "left": len(_schedules(world, name)),
    }


def _schedules(world: World, order: str) -> list[str]:
    group = f"{stack_name(world.target.stage)}-deadlines"
    pages = world.client("scheduler").get_paginator("list_schedules").paginate(GroupName=group)
    names = [str(one["Name"]) for page in pages for one in page["Schedules"]]
    return [name for name in names if order in name]


def _hears(world: World) -> Mapping[str, object]:
    since, group = time.time(), reading.group_of(world, "notify_partner")
    with served(world) as (placer, server, restaurant):
        order = _placed(world, placer, restaurant)["orderId"]
        heard = reading.lines(world, group, since, order, _LINE, '"side":"server"')
        path, version = f"/partner/restaurants/{restaurant}/orders/{order}", 1
        moved = []
        for status in ("CONFIRMED", "PREPARING", "READY"):
            lines = {**server.headers, **orders.MERGE, "If-Match": f'"{version}"'}
            body = f'{{"status": "{status}"}}'.encode()
            moved.append(world.ask("PATCH", path, lines, body).status)
            version += 1
        reading.lines(world, group, since, order, _LINE, f'"version":{version}')
        later = reading.lines(world, group, since, order, _LINE, '"side":"server"', least=0)
    return {
        "of PLACED": len({line["version"] for line in heard}),
        "moves": moved,
        "of READY": sum(line["version"] == version for line in later),
    }


PROBES = (
    Probe(
        claim="schedules-are-permitted-in-their-group",
        look=_waiting,
        expected={"waiting": AtLeast(1), "AccessDenied": 0},
        seconds=120,
    ),
    Probe(
        claim="roles-are-passed-to-one-service",
        look=_waiting,
        expected={"waiting": AtLeast(1), "AccessDenied": 0},
        seconds=120,
    ),
    Probe(
        claim="one-shots-come-and-go",
        look=_one_shot,
        expected={
            "while it waits": 1,
            "then": "REJECTED",
            "seconds after its time": AtMost(65),
            "left": 0,
        },
        seconds=800,
    ),
    Probe(
        claim="filter-by-either",
        look=_hears,
        expected={"of PLACED": 1, "moves": [200, 200, 200], "of READY": 0},
        seconds=180,
    ),
)
"""Each with what is seen where its claim holds."""
