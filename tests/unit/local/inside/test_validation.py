"""The words of a refused body are those of AWS."""

from __future__ import annotations

import pytest

from local.inside.validation import validation_message

UNKNOWN = "object instance has properties which are not allowed by the schema"
WRONG = "does not match any allowed primitive type"
MISSING = "object has missing required properties"

MODEL = {"type": "object", "required": ["name"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{}", f'[{MISSING} (["name"])]'),
        ('{"name": 1, "y": 2, "x": 3}', f'[{UNKNOWN}: ["x","y"]]'),
        ('{"x": 3}', f'[{UNKNOWN}: ["x"], {MISSING} (["name"])]'),
        ('{"é": 3, "name": 1}', f'[{UNKNOWN}: ["é"]]'),
        (
            '{"name": 1, "parts": 7}',
            f'[instance type (integer) {WRONG} (allowed: ["array"])]',
        ),
        (
            "[]",
            f'[instance type (array) {WRONG} (allowed: ["object"])]',
        ),
        (
            "null",
            f'[instance type (null) {WRONG} (allowed: ["object"])]',
        ),
    ],
)
def test_words_of_validation(body: str, message: str) -> None:
    """The faults have AWS's words: all of one object, and those of its members only after them."""
    part = {"properties": {"size": {}}, "additionalProperties": False, "required": ["size"]}
    model = {**MODEL, "properties": {"name": {}, "parts": {"type": "array", "items": part}}}
    assert validation_message(model, body.encode()) == message


def test_words_for_members() -> None:
    """Faults of several members stand in one list, each naming the property and not its place."""
    part = {"properties": {"size": {}}, "additionalProperties": False, "required": ["size"]}
    model = {"properties": {"parts": {"items": part}}}
    message = validation_message(model, b'{"parts": [{}, {"size": 1}, {"size": 1, "hue": 2}]}')
    assert message == f'[{MISSING} (["size"]), {UNKNOWN}: ["hue"]]'


def test_words_for_numbers() -> None:
    """A whole number is a number, and the words for what is none name both."""
    assert validation_message({"type": "number"}, b"1") == "[Invalid request body]"
    message = validation_message({"type": "number"}, b'"1"')
    assert message == f'[instance type (string) {WRONG} (allowed: ["integer","number"])]'


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_words_for_no_json(body: bytes) -> None:
    """What is not JSON is called that."""
    said = validation_message(MODEL, body)
    assert said.startswith("Could not parse request body into json: ")
