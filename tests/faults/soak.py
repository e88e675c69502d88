"""`make soak`: a whole day's orders while things break at random, and the accounting.

Processes of all functions are killed, partners' servers misbehave, and half-way the emulator is
stopped and started again. Exits with 1 when an order or a change is not accounted for.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.stack import start
from ops.reach.layout import free_port
from tests.faults.partner_server import Behaviour
from tests.faults.world import InBackground, World, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.world import Shop

A_DAY = 3_500
_SHOPS = 10
_AT_ONCE = 12
_KILL_EVERY = 2.0
_MISBEHAVE_EVERY = 3.0
_SETTLE_SECONDS = 600.0


class _Troubles:
    """What breaks: a function's process, or a partner's server for some seconds."""

    def __init__(self, broken: World, shops: list[Shop], dice: random.Random) -> None:
        self._world, self._shops, self._dice = broken, shops, dice
        self.count: Counter[str] = Counter()

    def kill(self) -> bool:
        function = self._dice.choice(sorted(self._world.stack.functions))
        killed = self._world.kill_one(function)
        self.count[f"{function} killed"] += killed
        return killed

    def misbehave(self) -> bool:
        for shop in self._shops:
            shop.server.behaviour = Behaviour.ACCEPTS
        shop = self._dice.choice(self._shops)
        shop.server.behaviour = self._dice.choice(list(Behaviour))
        self.count[f"a partner's server {shop.server.behaviour}"] += 1
        return True


def main() -> None:
    """Run the soak; exit with 1 when something is not accounted for."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="make soak", description=__doc__)
    parser.add_argument("--orders", type=int, default=A_DAY)
    parser.add_argument("--seed", type=int, default=None, help="of the dice that choose troubles")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        lines, sound = soak(given.orders, random.Random(seed), Path(directory))
    took = f"{time.monotonic() - started:.0f} s, --seed {seed}"
    print("\n".join([f"{given.orders} orders, {took}", "", *lines]))
    sys.exit(0 if sound else "Something is not accounted for.")


def soak(orders: int, dice: random.Random, directory: Path) -> tuple[list[str], bool]:
    """Place the orders amid troubles; gives the report, and whether all is accounted for."""
    port = free_port()
    with contextlib.ExitStack() as running:
        broken = running.enter_context(world(port, directory))
        broken.set_flags(auto_confirm={"enabled": True})
        broken.hurry()
        shops = [running.enter_context(broken.shop()) for _ in range(_SHOPS)]
        troubles = _Troubles(broken, shops, dice)
        with _progress(orders, shops), _causing(troubles):
            placing = _place(broken, shops, orders)
            _wait_until(shops, orders // 2, placing)
            broken.stop()
            troubles.count["the emulator stopped and started"] += 1
            running.enter_context(start(port, directory))
            for thread in placing:
                thread.join()
        for shop in shops:
            shop.server.behaviour = Behaviour.ACCEPTS
        _tell("Waiting until nothing moves any more …")
        broken.settle(_SETTLE_SECONDS)
        accounting = broken.account(*shops)
    told = [f"{what:<35} {times:6}" for what, times in sorted(troubles.count.items())]
    return [*told, "", *accounting.lines()], accounting.sound and accounting.accepted == orders


def _place(broken: World, shops: list[Shop], orders: int) -> list[threading.Thread]:
    share, rest = divmod(orders, len(shops))
    threads = [
        threading.Thread(
            target=broken.place,
            args=(shop, share + (number < rest)),
            kwargs={"at_once": max(1, _AT_ONCE // len(shops))},
        )
        for number, shop in enumerate(shops)
    ]
    for thread in threads:
        thread.start()
    return threads


def _wait_until(shops: list[Shop], accepted: int, placing: list[threading.Thread]) -> None:
    while sum(len(shop.accepted) for shop in shops) < accepted:
        if not any(thread.is_alive() for thread in placing):
            return  # they gave up; the accounting tells
        time.sleep(0.1)


@contextlib.contextmanager
def _causing(troubles: _Troubles) -> Iterator[None]:
    with (
        InBackground(troubles.kill, _KILL_EVERY),
        InBackground(troubles.misbehave, _MISBEHAVE_EVERY),
    ):
        yield


@contextlib.contextmanager
def _progress(orders: int, shops: list[Shop]) -> Iterator[None]:
    columns = (TextColumn("orders"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("orders", total=orders)

        def tell() -> bool:
            progress.update(task, completed=sum(len(shop.accepted) for shop in shops))
            return True

        with InBackground(tell, 0.5):
            yield
        tell()


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
