"""DynamoDB's values as its API writes them: `{"S": "text"}`, `{"N": "12"}`, `{"M": {…}}`.

an answer ─► structs of texts, numbers, maps and lists ─► plain: two thirds of the instructions
       another kind is among them ─► dictionaries ──────► plain

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import Decoder, decode

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = dict[str, Any]


def typed(item: dict[str, Any]) -> dict[str, Typed]:
    """Write an item, a key or an expression's values.

    Raises:
        TypeError: when a value is of a type that no order has.
    """
    return {
        name: {"S": value}
        if type(value) is str
        else {"N": str(value)}
        if type(value) is int
        else _typed(value)
        for name, value in item.items()
    }


def _typed(value: Any) -> Typed:
    if (known := _WRITERS.get(type(value))) is not None:
        return known(value)
    for kind, write in _WRITERS.items():  # an enumeration's member is a text, too
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


def answer(body: bytes) -> dict[str, Any]:
    """Read an answer: its items and keys are plain, None where it has none.

    Raises:
        DecodeError: when it is no JSON, or none that DynamoDB answers with.
        KeyError: when a value is of a type that DynamoDB does not have today.
    """
    found = _decoder().decode(body)
    try:
        return {
            "Item": found.Item and _common(found.Item),
            "Attributes": found.Attributes and _common(found.Attributes),
            "Items": found.Items and [_common(item) for item in found.Items],
            "LastEvaluatedKey": found.LastEvaluatedKey and _common(found.LastEvaluatedKey),
            "ConsumedCapacity": found.ConsumedCapacity,
        }
    except _Uncommon:
        told: dict[str, Any] = decode(body)
        for name in ("Item", "Attributes", "LastEvaluatedKey"):
            if told.get(name):
                told[name] = plain(told[name])
        return told | {"Items": [plain(item) for item in told.get("Items") or ()]}


class _Value(Struct, gc=False):
    """A value of one of the kinds that orders are made of; each kind more would cost each value."""

    S: str | None = None
    N: int | float | None = None
    M: dict[str, Any] | None = None
    L: list[_Value] | None = None


class _Answer(Struct, gc=False):
    """What of an answer is asked for."""

    Item: dict[str, Any] | None = None
    Attributes: dict[str, Any] | None = None
    Items: list[dict[str, Any]] | None = None
    LastEvaluatedKey: dict[str, Any] | None = None
    ConsumedCapacity: dict[str, Any] | None = None


class _Uncommon(Exception):
    """A value is of another kind."""


@cache
def _decoder() -> Decoder[_Answer]:
    """Make the decoder; its types are no texts, which would have to be compiled (decision 33)."""
    item = dict[str, _Value]
    _Value.__annotations__.update(S=str, N=int | float, M=item, L=list[_Value])
    one = item | None
    _Answer.__annotations__.update(
        Item=one,
        Attributes=one,
        Items=list[item] | None,
        LastEvaluatedKey=one,
        ConsumedCapacity=dict[str, Any] | None,
    )
    return Decoder(_Answer, strict=False)  # a number is written as a text


def _common(item: dict[str, Any]) -> dict[str, Any]:
    """Make an item of structs plain, in its place."""
    for name, value in item.items():
        if (text := value.S) is not None:
            item[name] = text
        elif (number := value.N) is not None:
            item[name] = number
        elif (inner := value.M) is not None:
            item[name] = _common(inner)
        elif (members := value.L) is not None:
            item[name] = [_member(member) for member in members]
        else:
            raise _Uncommon
    return item


def _member(value: _Value) -> Any:
    return _common({"": value})[""] if value.M is None else _common(value.M)


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
