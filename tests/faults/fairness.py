"""`python -m tests.faults.fairness`: how long a webhook takes on the local stack while others hang.

For none, one and ten partners that hang: each gets eighty events at once, and meanwhile another
partner's orders are placed. Prints milliseconds from the order's answer to its webhook's arrival.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ops.reach.layout import free_port
from project.markdown import table
from simulation.model import percentile
from tests.faults.partner_server import Behaviour
from tests.faults.world import world
from tests.shared.stream_records import item, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.world import Shop, World

EVENTS = 80
_PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 0.05


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m tests.faults.fairness", description=__doc__
    )
    parser.add_argument("--orders", type=int, default=60, help="of the partner that is measured")
    parser.add_argument("--hanging", type=int, nargs="+", default=[0, 1, 10])
    given = parser.parse_args()
    rows = []
    for hanging in given.hanging:
        print(f"{hanging} hang …", file=sys.stderr)
        with tempfile.TemporaryDirectory() as directory:
            taken = measure(Path(directory), hanging, given.orders)
        rows.append([f"{hanging} hang", *(f"{1000 * one:,.0f}" for one in quantiles(taken))])
    print(table(["", "p50", "p95", "the longest"], rows))


def quantiles(taken: Sequence[float]) -> tuple[float, float, float]:
    """Give the median, the 95th percentile and the longest."""
    return percentile(taken, 50), percentile(taken, 95), max(taken)


def measure(directory: Path, hanging: int, orders: int) -> list[float]:
    """Give the seconds that each of a partner's orders takes to its webhook."""
    with contextlib.ExitStack() as running:
        broken = running.enter_context(world(free_port(), directory))
        good = running.enter_context(broken.shop())
        bad = [running.enter_context(broken.shop()) for _ in range(hanging)]
        taken(broken, good, 5)  # from now on a function runs
        for shop in bad:
            shop.server.behaviour = Behaviour.HANGS
        # One of each in turn, as they come when all are busy.
        events = [
            record(item(partnerId=shop.partner_id, customerId=f"{shop.partner_id}#c"))
            for _ in range(EVENTS)
            for shop in bad
        ]
        meanwhile = threading.Thread(target=broken.publish, args=(events,))
        meanwhile.start()
        found = taken(broken, good, orders)
        meanwhile.join()
        return found


def taken(broken: World, shop: Shop, orders: int) -> list[float]:
    """Place orders, one after another, and wait for their webhooks."""
    answered = {}
    for _ in range(orders):
        known = set(shop.accepted)
        broken.place(shop, 1)
        (key,) = set(shop.accepted) - known
        answered[f"{shop.accepted[key]} PLACED"] = time.monotonic()
        time.sleep(0.25)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not answered.keys() <= shop.server.arrived.keys():
        if time.monotonic() > deadline:
            raise TimeoutError("webhooks did not come")
        time.sleep(_POLL_SECONDS)
    return [max(0.0, shop.server.arrived[told] - at) for told, at in answered.items()]


if __name__ == "__main__":
    main()
