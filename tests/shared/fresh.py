"""Functions that remember nothing: what a process keeps of one test is not there at the next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_seen: dict[str, Any] = {"state": None, "names": []}
"""Their names, and by what it is known that there are no others: thousands of names to look at."""

_emptied: dict[str, tuple[ModuleType, list[Callable[[], object]]]] = {}
"""How each module's caches are emptied. To look for them takes milliseconds, at each test."""


def forget() -> None:
    """Empty every cache that a module of `orders` has: settings, clients, what it has read.

    To be called before a test has put anything in place of a cache: it is looked for once.
    """
    for name, module in _loaded():
        if name not in _emptied or _emptied[name][0] is not module:
            _emptied[name] = module, list(_found(module))
        for empty in _emptied[name][1]:
            empty()


def _loaded() -> list[tuple[str, ModuleType]]:
    """Give the modules of `orders`; they are looked for where any module has come or gone."""
    state = len(sys.modules), next(reversed(sys.modules))
    if state != _seen["state"]:
        _seen["state"] = state
        _seen["names"] = [name for name in sys.modules if name.startswith("orders.")]
    return [(name, sys.modules[name]) for name in _seen["names"] if name in sys.modules]


def _found(module: ModuleType) -> list[Callable[[], object]]:
    found = (getattr(value, "cache_clear", None) for value in vars(module).values())
    return [empty for empty in found if callable(empty)]
