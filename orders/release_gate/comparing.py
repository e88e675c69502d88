"""Comparing what two versions say: what the old one says must be there, unchanged.

A new field or a new header is no fault: clients ignore what they do not know. One that is lost or
another value is. Of values, numbers are told, and no texts: what a broken release answers is
nobody's to read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMES = ("createdAt", "updatedAt", "at", "last-modified")
"""Fields and headers that tell when something was done."""

_FOR_PEOPLE = "detail"
"""The field of a problem whose words may be mended."""


def difference(before: Any, after: Any, where: str = "") -> str | None:
    """Name the first thing that one has and the other has not, or has otherwise.

    Args:
        before: what must be there, as JSON.
        after: what is there; it may have more fields.
        where: what the two are, such as `body`.

    Returns:
        A sentence's end such as `body/total is 1301 and not 1300`; None where there is nothing.
    """
    return next(_differences(before, after, where), None)


def _differences(before: Any, after: Any, where: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            below = f"{where}/{name}" if where else name
            if name not in after:
                yield f"{below} is missing"
            else:
                yield from _differences(value, after[name], below)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{where} has {len(after)} entries and not {len(before)}"
        for number, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _differences(one, other, f"{where}/{number}")
    elif type(before) is not type(after) or before != after:
        numbers = isinstance(before, int | float) and isinstance(after, int | float)
        yield f"{where} is {after} and not {before}" if numbers else f"{where} differs"


def form_of(value: Any, name: str = "") -> Any:
    """Give what two answers about two orders have in common: times by their form alone.

    Ids are taken out of an answer's text before it is read (asking.py).
    """
    if isinstance(value, dict):
        return {key: form_of(entry, key) for key, entry in value.items()}
    if isinstance(value, list):
        return [form_of(entry, name) for entry in value]
    if isinstance(value, str) and name in _TIMES:
        return re.sub("[A-Za-z]", "a", re.sub("[0-9]", "0", value))
    return value


def without_wording(problem: Any) -> Any:
    """Give a problem without the words that are for people."""
    if isinstance(problem, dict):
        return {
            name: without_wording(value) for name, value in problem.items() if name != _FOR_PEOPLE
        }
    if isinstance(problem, list):
        return [without_wording(entry) for entry in problem]
    return problem
