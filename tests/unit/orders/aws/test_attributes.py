"""DynamoDB's values: what is written is what botocore would write, and is read as it was."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import example, given
from hypothesis import strategies as st

from orders.aws.attributes import answer, plain, typed
from orders.domain.lifecycle import Status

finite = st.floats(allow_nan=False, allow_infinity=False, width=32).filter(
    lambda number: number != int(number)
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**37), 10**37)
    | finite
    | st.text(max_size=8)
    | st.binary(max_size=9)
)
names = st.text(min_size=1, max_size=5)
items = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=6,
)


@given(items)
def test_an_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    """Whatever an order can hold is read as it was written, through JSON as DynamoDB has it."""
    sent = msgspec.json.encode(typed(item))
    assert plain(msgspec.json.decode(sent)) == item


@given(items, st.lists(items, max_size=3), items | st.none())
def test_an_answer_has_items_as_they_were(
    item: dict[str, Any], others: list[dict[str, Any]], last: dict[str, Any] | None
) -> None:
    """Lists and single orders are read as they were written, whatever kinds they are of."""
    told = {"Item": typed(item), "Items": [typed(one) for one in others]}
    if last is not None:
        told["LastEvaluatedKey"] = typed(last)
    found = answer(msgspec.json.encode(told))
    assert found["Item"] == item
    assert found["Items"] == others
    assert (found.get("LastEvaluatedKey") or None) == (last or None)


@pytest.mark.parametrize("number", ["0", "-7", "1.5", "1E+2", "9007199254740993", "0.1", "1e-7"])
def test_a_number_of_an_answer_is_that_of_an_item(number: str) -> None:
    """Prices and counts are the same and of the same type, in lists and alone."""
    body = msgspec.json.encode({"Item": {"price": {"N": number}, "at": {"S": number}}})
    found = answer(body)["Item"]
    alone = plain({"price": {"N": number}, "at": {"S": number}})
    assert found == alone
    assert [type(value) for value in found.values()] == [type(value) for value in alone.values()]


def exact(value: Any) -> Any:
    """Give a value as boto3 takes it."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    return [exact(member) for member in value] if isinstance(value, list) else value


numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 6) + 0.5)
written = st.dictionaries(
    names, st.none() | st.booleans() | st.integers(-(10**9), 10**9) | numbers | st.text(max_size=8)
)


@given(written, written)
@example({}, {"N": None})
def test_values_are_written_as_boto3_writes_them(
    item: dict[str, Any], inner: dict[str, Any]
) -> None:
    """AWS gets the very JSON that its own library would send."""
    whole = {**item, "a list": [inner, 1], "a map": inner}
    expected = TypeSerializer().serialize(exact(whole))["M"]

    def normal(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(value.get("N"), str):  # of a map that has a member N it is none
                return {"N": Decimal(value["N"])}
            return {name: normal(member) for name, member in value.items()}
        return [normal(member) for member in value] if isinstance(value, list) else value

    assert normal(typed(whole)) == normal(expected)


def test_a_status_is_a_text() -> None:
    """An enumeration's member is written as its value."""
    assert msgspec.json.encode(typed({"a": Status.PLACED})) == b'{"a":{"S":"PLACED"}}'


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"N": "1"}, 1),
        ({"N": "1.5"}, 1.5),
        ({"N": "1E+3"}, 1000.0),
        ({"N": "-0"}, 0),
        ({"SS": ["a", "b"]}, {"a", "b"}),
        ({"NS": ["1", "2.5"]}, {1, 2.5}),
        ({"BS": ["YQ=="]}, {b"a"}),
        ({"NULL": True}, None),
    ],
)
def test_what_others_write_is_read(value: dict[str, Any], read: Any) -> None:
    """An attribute that another tool wrote into a table does not break the reading of the item."""
    assert plain({"a": value}) == {"a": read}


def test_what_dynamodb_has_no_value_for_is_not_sent() -> None:
    """A value of a strange type is an error here, and not something else in the table."""
    with pytest.raises(TypeError, match="object"):
        typed({"a": object()})
    with pytest.raises(KeyError):
        plain({"a": {"X": 1}})
    with pytest.raises(UnicodeEncodeError):
        msgspec.json.encode(typed({"a": "\ud800"}))
