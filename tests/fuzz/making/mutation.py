"""How sound documents are damaged: a value within is replaced, removed, doubled or wrapped."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tests.fuzz.making.hostile import STRINGS, VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

Path = tuple[Any, ...]


Choose = Callable[[int], int]
"""Chooses a number from 0 to below another: all that generators need to be told."""


def pick(choose: Choose, among: Sequence[T]) -> T:
    """Choose one of several; what can be changed is a copy."""
    chosen = among[choose(len(among))]
    return copy.deepcopy(chosen) if isinstance(chosen, dict | list) else chosen


def paths(document: Any) -> list[Path]:
    """Name every place within a document."""
    found: list[Path] = []
    left: list[tuple[Path, Any]] = [((), document)]
    while left:
        above, value = left.pop()
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for step, member in members:
            found.append((*above, step))
            if isinstance(member, dict | list):
                left.append(((*above, step), member))
    return found


def spoiled(choose: Choose, document: Any, values: Sequence[Any]) -> Any:
    """Damage one place within a document, in place; what has no places is replaced."""
    found = paths(document) if isinstance(document, dict | list) else []
    if not found:
        return pick(choose, values)
    *above, last = pick(choose, found)
    parent = document
    for step in above:
        parent = parent[step]
    _damage(choose, parent, last, values)
    return document


def _damage(choose: Choose, parent: Any, last: Any, values: Sequence[Any]) -> None:
    kind = choose(10)
    if kind == 0:
        del parent[last]
    elif kind == 1:
        parent[last] = [parent[last]]
    elif kind == 2 and isinstance(parent, dict):
        parent[pick(choose, STRINGS)] = copy.deepcopy(parent[last])
    elif kind == 3 and isinstance(parent, list):
        parent.extend(copy.deepcopy(parent[last]) for _ in range(pick(choose, (1, 30, 100))))
    else:
        parent[last] = pick(choose, values)


def damaged(choose: Choose, event: Any) -> Any:
    """Damage the structure of an event; at times there is nothing left of it."""
    if choose(12) == 0:
        return pick(choose, VALUES)
    event = copy.deepcopy(event)  # parts of it are parts of others
    for _ in range(1 + choose(3)):
        event = spoiled(choose, event, VALUES if choose(2) else STRINGS)
    return event
