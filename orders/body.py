"""Request bodies: JSON in, a checked struct out, or a problem that names the field."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from orders.domain.order import PATTERNS
from orders.problems import BODY_TOO_LARGE, INVALID_BODY, MALFORMED_JSON, Problem
from orders.settings import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

_MOST_ECHOED = 300  # characters of what the caller sent

_AT = re.compile(r"(?P<detail>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+|\.\.\.)\]")
_REGEX = re.compile(r"Expected `str` matching regex (.*)", re.DOTALL)
_WORDS = {repr(pattern): words for pattern, words in PATTERNS.items()}


def decode(decoder: msgspec.json.Decoder[T], text: str | None) -> T:
    """Decode and check a request body.

    Raises:
        Problem: `body-too-large`, `malformed-json` or `invalid-body`; the latter two name the
            place where they can.
    """
    if not text:
        raise Problem(MALFORMED_JSON, "The request has no body; send JSON")
    raw = text.encode(errors="surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(
            BODY_TOO_LARGE, f"The body has {len(raw)} bytes; {MAX_BODY_BYTES} are allowed"
        )
    try:
        body = decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except RecursionError:
        raise Problem(INVALID_BODY, "The body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(text, str(error)) from None
    _refuse_duplicates(text)
    return body


def _invalid(message: str) -> Problem:
    match = _AT.fullmatch(message)
    detail, path = (match["detail"], match["path"]) if match else (message, None)
    pointer = "#" + "".join(
        f"/{_escape(name or index)}" for name, index in _STEP.findall(path or "")
    )
    if field := _FIELD.fullmatch(detail):
        pointer += f"/{_escape(field['name'])}"
    if regex := _REGEX.fullmatch(detail):
        detail = f"Expected {_WORDS.get(regex[1], 'another form')}"
    return Problem(INVALID_BODY, detail[:_MOST_ECHOED], pointer=pointer[:_MOST_ECHOED])


def _escape(name: str) -> str:
    """Escape a member's name for a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _malformed(text: str, message: str) -> Problem:
    """Find what a strict parser tripped over, with a lenient one that tells where."""
    try:
        for pointer, fault in _faults(json.loads(text), "#"):
            return Problem(INVALID_BODY, fault, pointer=pointer)
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at line {error.lineno}, column {error.colno}"
        return Problem(MALFORMED_JSON, detail)
    except (RecursionError, ValueError):
        pass  # Python's own limits, of depth and of digits
    return Problem(MALFORMED_JSON, message)


def _faults(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield pointer, "Is not a number that JSON knows"
    elif isinstance(value, str) and not _encodable(value):
        yield pointer, "Contains half of a surrogate pair"
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _faults(element, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for name, member in value.items():
            where = f"{pointer}/{_escape(name)}" if _encodable(name) else pointer
            yield from _faults(name, where)
            yield from _faults(member, where)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_duplicates(text: str) -> None:
    """Refuse a member that is given twice: which of the two counts differs between parsers."""
    try:
        json.loads(text, object_pairs_hook=_unique)
    except _DuplicateError:
        pointer, name = next(_duplicates(json.loads(text, object_pairs_hook=_Members), "#"))
        raise Problem(INVALID_BODY, f"Field `{name}` is given twice", pointer=pointer) from None


class _DuplicateError(Exception):
    """An object has two members of one name."""


class _Members(list[tuple[str, Any]]):
    """An object's members, all of them, in their order."""


def _unique(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise _DuplicateError


def _duplicates(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Members):
        names = [name for name, _ in value]
        for name, member in value:
            where = f"{pointer}/{_escape(name)}"
            if names.count(name) > 1:
                yield where, name
            yield from _duplicates(member, where)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _duplicates(element, f"{pointer}/{index}")
