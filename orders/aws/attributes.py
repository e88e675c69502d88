"""DynamoDB's values as its API writes them: `{"S": "text"}`, `{"N": "12"}`, `{"M": {…}}`.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = dict[str, Any]


def typed(item: dict[str, Any]) -> dict[str, Typed]:
    """Write an item, a key or an expression's values.

    Raises:
        TypeError: when a value is of a type that no order has.
    """
    return {
        name: {"S": value} if type(value) is str else _typed(value) for name, value in item.items()
    }


def _typed(value: Any) -> Typed:
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"DynamoDB has no value of type {type(value).__name__}")


def plain(item: dict[str, Typed]) -> dict[str, Any]:
    """Read an item or a key, which is used up.

    Raises:
        KeyError: when a value is of a type that DynamoDB does not have today.
    """
    found: dict[str, Any] = {}
    for name, value in item.items():
        kind, content = value.popitem()
        found[name] = content if kind == "S" else _READERS[kind](content)
    return found


def _plain(value: Typed) -> Any:
    kind, content = value.popitem()
    return _READERS[kind](content)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


_READERS: dict[str, Callable[[Any], Any]] = {
    "S": lambda text: text,
    "N": _number,
    "BOOL": lambda value: value,
    "NULL": lambda _: None,
    "M": plain,
    "L": lambda values: [_plain(value) for value in values],
    "B": a2b_base64,
    "SS": set,
    "NS": lambda numbers: {_number(number) for number in numbers},
    "BS": lambda texts: {a2b_base64(text) for text in texts},
}
_WRITERS: dict[Any, Callable[[Any], Typed]] = {
    str: lambda text: {"S": text},
    bool: lambda value: {"BOOL": value},  # before int, which it is, too
    int: lambda number: {"N": str(number)},
    dict: lambda item: {"M": typed(item)},
    list: lambda values: {"L": [_typed(value) for value in values]},
    tuple: lambda values: {"L": [_typed(value) for value in values]},
    float: lambda number: {"N": repr(number)},
    type(None): lambda _: {"NULL": True},
    bytes: lambda value: {"B": b2a_base64(value, newline=False).decode()},
}
