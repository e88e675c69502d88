"""DynamoDB in memory, as far as orders/store.py asks it: conditions decide, two tenants share it.

Expressions of other forms than the store's are refused, and so is what DynamoDB itself refuses:
empty or long keys, numbers that it cannot hold, items above 400 KB. Text that is no Unicode fails
as it does in the real client.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from orders.dynamodb import (
    ConditionFailed,
    DynamoDBError,
    Mistake,
    NoAnswer,
    Throttled,
    TransactionCancelled,
    Used,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orders.dynamodb import Item

ORDERS, KEYS, PARTNERS = "orders-table", "keys-table", "partners-table"
"""The tables' names, which no answer may tell."""

_KEY_OF = {ORDERS: ("orderId", "timestamp"), KEYS: ("key",), PARTNERS: ("apiKeyId",)}
_PARTITION_OF = {
    "by-customer": "customerId",
    "by-partner": "partnerId",
    "by-server": "servedBy",
}
_USED = Used("request-of-dynamodb", 1.0, 1.0)
_LONGEST_KEYS = (2048, 1024)  # bytes of a partition key, of a sort key
_LARGEST_ITEM = 400 * 1024
_DEEPEST = 32

_IN = re.compile(r"(#\w+) IN \(([^)]*)\)")
_COMPARED = re.compile(r"([#\w.]+) (=|<>|<=) ([:#]\w+)")
_ABSENT = re.compile(r"attribute_not_exists\(([#\w.]+)(?:\[([0-9]+)\])?\)")
_PRESENT = re.compile(r"attribute_exists\(([#\w.]+)\)")
_GROUP = re.compile(r"\((attribute_not_exists\(#\w+\) OR #\w+ IN \([^)]*\))\)")
_LACKS = re.compile(r"NOT contains\((#\w+), (:\w+)\)")
_BETWEEN = re.compile(r"(#\w+) BETWEEN (:\w+) AND (:\w+)")
_UPDATE = re.compile(r"SET (?P<sets>.*?)(?: REMOVE (?P<removes>.*))?", re.DOTALL)
_APPENDED = re.compile(r"list_append\((?:if_not_exists\((#\w+), (:\w+)\)|(#\w+)), (:\w+)\)")
_SET = re.compile(rf"([#\w.]+) = ({re.sub(r'[(](?=#|:)', '(?:', _APPENDED.pattern)}|[^,]+)(?:, |$)")


class Tables:
    """The client: the five calls of the store, and the one of the heartbeat."""

    def __init__(self) -> None:
        """Start with no items; `fault` is what the next calls raise, if anything."""
        self.items: dict[str, dict[tuple[Any, ...], Item]] = {name: {} for name in _KEY_OF}
        self.fault: Callable[[], Exception | None] = lambda: None

    def copy(self) -> Tables:
        """Give tables of the same items; items themselves are never changed in place."""
        made = Tables()
        made.items = {name: dict(items) for name, items in self.items.items()}
        return made

    def put(self, table: str, item: Item) -> None:
        """Store an item, whatever was there."""
        stored = _stored(item)
        if _size(stored) > _LARGEST_ITEM:
            raise _refused("the item is too large")
        self.items[table][_key_in(table, stored)] = stored

    def get_item(self, table: str, key: Item, *, consistent_read: bool) -> tuple[Item | None, Used]:
        assert consistent_read
        self._fail()
        return self.items[table].get(_key_in(table, _stored(key))), _USED

    def put_item(self, table: str, item: Item) -> tuple[None, Used]:
        self._fail()
        self.put(table, item)
        return None, _USED

    def query_page(
        self, table: str, key_condition_expression: str, **options: Any
    ) -> tuple[list[Item], Item | None, Used]:
        self._fail()
        names, values = _placeholders(options)
        partition = _PARTITION_OF[options["index_name"]]
        whose, _, within = key_condition_expression.partition(" AND ")
        compared = _COMPARED.fullmatch(whose)
        assert compared, key_condition_expression
        assert names[compared[1]] == partition
        identity = values[compared[3]]
        _check_key((identity,))
        matching = [item for item in self.items[table].values() if item.get(partition) == identity]
        if within:
            matching = [item for item in matching if _between(within, item, names, values)]
        matching.sort(key=_place)
        start = options["exclusive_start_key"]
        if start is not None:
            start = _stored(start)
            if start[partition] != identity:
                raise _refused("the exclusive start key is outside the partition")
            if within and (
                not _between(within, start, names, values) or _ends_at(within, start, values)
            ):
                raise _refused("the exclusive start key is outside the range, or at its end")
            matching = [item for item in matching if _place(item) > _place(start)]
        return self._page(table, matching, options, (partition,))

    def scan_page(self, table: str, **options: Any) -> tuple[list[Item], Item | None, Used]:
        self._fail()
        found = sorted(self.items[table].items())
        start = options.get("exclusive_start_key")
        if start is not None:
            after = _key_in(table, _stored(start))
            found = [(key, item) for key, item in found if key > after]
        return self._page(table, [item for _, item in found], options, ())

    def transact_write(self, puts: list[Item]) -> tuple[None, Used]:
        self._fail()
        for one in puts:
            key = _key_in(one["table"], _stored(one["item"]))
            if not _holds(one["condition_expression"], self.items[one["table"]].get(key), one):
                raise TransactionCancelled("ConditionalCheckFailed")
        for one in puts:
            self.put(one["table"], one["item"])
        return None, _USED

    def update_item(self, table: str, key: Item, **options: Any) -> tuple[Item | None, Used]:
        self._fail()
        assert options["return_values"] == "ALL_NEW"
        assert options["return_values_on_condition_check_failure"] == "ALL_OLD"
        name = _key_in(table, _stored(key))
        old = self.items[table].get(name)
        if not _holds(options["condition_expression"], old, options):
            failed = ConditionFailed("The conditional request failed")
            failed.item = old
            raise failed
        new = _updated(dict(old or key), options["update_expression"], options)
        self.put(table, new)
        return self.items[table][name], _USED

    def _page(
        self, table: str, found: list[Item], options: dict[str, Any], more: tuple[str, ...]
    ) -> tuple[list[Item], Item | None, Used]:
        limit = options.get("limit") or len(found)
        seen = found[:limit]
        last = seen[-1] if seen and len(found) > limit else None
        key = last and {name: last[name] for name in (*_KEY_OF[table], *more)}
        condition = options.get("filter_expression")
        kept = [item for item in seen if not condition or _holds(condition, item, options)]
        return kept, key, _USED

    def _fail(self) -> None:
        if (error := self.fault()) is not None:
            raise error


FAULTS: dict[str, type[DynamoDBError]] = {
    kind.__name__: kind for kind in (DynamoDBError, Mistake, NoAnswer, Throttled)
}
"""What DynamoDB, or the way to it, may answer at any time, by name."""


def _refused(_why: str) -> Mistake:
    """Make what DynamoDB says to a request that it does not take."""
    return Mistake("ValidationException")


def _key_in(table: str, item: Item) -> tuple[Any, ...]:
    key = tuple(item.get(name) for name in _KEY_OF[table])
    _check_key(key)
    return key


def _check_key(key: tuple[Any, ...]) -> None:
    for value, longest in zip(key, _LONGEST_KEYS, strict=False):
        if not isinstance(value, str) or not 0 < len(value.encode()) <= longest:
            raise _refused("a key is empty, too long, or none")


def _stored(value: Any, depth: int = 0) -> Any:
    """Give a value as DynamoDB gives it back, or refuse it as DynamoDB does."""
    if depth > _DEEPEST:
        raise _refused("nested too deeply")
    if isinstance(value, dict):
        return {_text(name): _stored(member, depth + 1) for name, member in value.items()}
    if isinstance(value, list):
        return [_stored(member, depth + 1) for member in value]
    if isinstance(value, str):
        return _text(value)
    return value if value is None or isinstance(value, bool | bytes) else _number(value)


def _text(value: str) -> str:
    value.encode()  # as the client does
    return value


def _number(value: float) -> float:
    if not math.isfinite(value) or (value and not 1e-130 <= abs(value) < 1e126):
        raise _refused("a number that DynamoDB cannot hold")
    return int(value) if value == int(value) else value


def _size(item: Item) -> int:
    return len(json.dumps(item, ensure_ascii=False, default=repr).encode())


def _placeholders(options: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    names = options.get("expression_attribute_names") or {}
    return names, _stored(options.get("expression_attribute_values") or {})


def _holds(condition: str, item: Item | None, options: dict[str, Any]) -> bool:
    """Evaluate a condition: terms joined by AND or by OR, by both only within parentheses."""
    names, values = _placeholders(options)
    if within := _GROUP.search(condition):
        rest = condition.replace(f" AND {within[0]}", "")
        return _holds(within[1], item, options) and _holds(rest, item, options)
    assert not (" AND " in condition and " OR " in condition), condition
    terms = re.split(r" AND (?!:)| OR ", condition)
    held = [_term(term, item or {}, names, values) for term in terms]
    return any(held) if " OR " in condition else all(held)


def _term(term: str, item: Item, names: dict[str, str], values: dict[str, Any]) -> bool:
    if absent := _ABSENT.fullmatch(term):
        found = _at(item, absent[1], names)
        return found is None or (absent[2] is not None and len(found) <= int(absent[2]))
    if present := _PRESENT.fullmatch(term):
        return _at(item, present[1], names) is not None
    if lacks := _LACKS.fullmatch(term):
        return values[lacks[2]] not in item.get(names[lacks[1]], ())
    if among := _IN.fullmatch(term):
        placeholders: Iterable[str] = among[2].split(", ")
        return item.get(names[among[1]]) in [values[name] for name in placeholders]
    if _BETWEEN.fullmatch(term):
        return _between(term, item, names, values)
    return _compare(term, item, names, values)


def _compare(term: str, item: Item, names: dict[str, str], values: dict[str, Any]) -> bool:
    compared = _COMPARED.fullmatch(term)
    assert compared, term
    mine, sign, other = _at(item, compared[1], names), compared[2], compared[3]
    if other.startswith("#"):
        return mine is not None and bool(mine == _at(item, other, names))
    if sign == "<=":
        return mine is not None and bool(mine <= values[other])
    return (mine == values[other]) is (sign == "=")


def _between(condition: str, item: Item, names: dict[str, str], values: dict[str, Any]) -> bool:
    bounds = _BETWEEN.fullmatch(condition)
    assert bounds, condition
    first, last = values[bounds[2]], values[bounds[3]]
    if first > last:
        raise _refused("the upper bound is below the lower bound")
    return bool(first <= item[names[bounds[1]]] <= last)


def _ends_at(condition: str, start: Item, values: dict[str, Any]) -> bool:
    """Tell whether a page would begin at the range's last key: nobody says that AWS takes that."""
    bounds = _BETWEEN.fullmatch(condition)
    assert bounds, condition
    return bool(start["timestamp"] == values[bounds[2]])


def _place(item: Item) -> tuple[int, str]:
    """Tell where an order stands in an index: newest first, in any order within a millisecond."""
    return -int(re.sub(r"\D", "", item["timestamp"])), item["orderId"]


def _at(item: Item, path: str, names: dict[str, str]) -> Any:
    value: Any = item
    for step in path.split("."):
        value = value.get(names.get(step, step)) if isinstance(value, dict) else None
    return value


def _updated(item: Item, expression: str, options: dict[str, Any]) -> Item:
    """Apply an update expression: all that it reads is the item as it was before."""
    names, values = _placeholders(options)
    update = _UPDATE.fullmatch(expression)
    assert update, expression
    sets = _SET.findall(update["sets"])
    assert ", ".join(f"{path} = {value}" for path, value in sets) == update["sets"]
    wanted = [(path, _operand(value, item, names, values)) for path, value in sets]
    for path, value in wanted:
        parent, name = _parent(item, path, names)
        parent[name] = value
    for path in (update["removes"] or "").split(", ") if update["removes"] else ():
        parent, name = _parent(item, path, names)
        parent.pop(name, None)
    return item


def _operand(text: str, item: Item, names: dict[str, str], values: dict[str, Any]) -> Any:
    if appended := _APPENDED.fullmatch(text):
        optional, none, there, more = appended.groups()
        old = item.get(names[optional], values[none]) if optional else item[names[there]]
        return [*old, *values[more]]
    first, plus, second = text.partition(" + ")
    left = values[first] if first.startswith(":") else _at(item, first, names)
    if left is None:
        raise _refused("an attribute that does not exist")
    return left + values[second] if plus else left


def _parent(item: Item, path: str, names: dict[str, str]) -> tuple[Item, str]:
    *above, last = (names[step] for step in path.split("."))
    for name in above:
        if not isinstance(item.get(name), dict):
            raise _refused("the document path is invalid for update")
        item[name] = dict(item[name])
        item = item[name]
    return item, last
