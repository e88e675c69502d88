"""Functions that remember nothing: what a process keeps of one test is not there at the next."""

from __future__ import annotations

import sys


def forget() -> None:
    """Empty every cache that a module of `orders` has: settings, clients, what it has read."""
    for name, module in list(sys.modules.items()):
        if name.startswith("orders."):
            for value in list(vars(module).values()):
                empty = getattr(value, "cache_clear", None)
                if callable(empty):
                    empty()
