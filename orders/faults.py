"""All that is wrong with a body that was refused: the decoder stops at the first fault.

    faults_in(text, struct)
    ├── what is no JSON                      NotJson, with line and column
    ├── each member that is missing, unknown or given twice
    ├── each value, decoded by itself        as the decoder of the whole would have
    └── fields that do not go together       of those that are right by themselves

Read anew by Python's parser, which is laxer than the decoder and keeps numbers as they stand.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime
from enum import EnumType
from functools import cache
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from orders.domain.changes import schedule_fault
from orders.domain.checks import Fault, faults_between, text_fault
from orders.domain.order import PATTERNS, Address, AddressPatch
from orders.problems import MOST_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_DEPTH, _MOST_DIGITS = 100, 1_000
"""Above these some parser gives up, perhaps API Gateway's: so it is no JSON, whoever sees it."""

_TOO_DEEP = f"It is nested more deeply than {_MOST_DEPTH} levels"
_MOST_NAMED = 20  # values of a choice
_MOST_ECHOED = 300  # characters of what the caller sent

_AT = re.compile(r"(?P<detail>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+|\.\.\.)\]")
_REGEX = re.compile(r"Expected `str` matching regex (.*)", re.DOTALL)
_WORDS = {repr(pattern): words for pattern, words in PATTERNS.items()}
_HALF = "Contains half of a surrogate pair"
_WRONG = object()  # stands for a value that is given, and wrong


class NotJson(Exception):
    """The text is no JSON; says where the parser gave up."""


class _Number(str):
    """A number as it stands in the text: Python's own would round it, or refuse its digits."""

    __slots__ = ()


class _Members(list[tuple[str, Any]]):
    """An object's members, all of them, in their order."""


def faults_in(text: str, struct: type[Struct], error: Exception | None = None) -> list[Fault]:
    """List what is wrong with a body, at most `MOST_FAULTS`, in the order of the text.

    Args:
        text: the body.
        struct: what it should be.
        error: what the decoder said of it, for want of anything better.

    Raises:
        NotJson: when it is not even that, or nested more deeply than anything can be that is right.
    """
    tree = _parsed(text)
    faults = _struct_faults(tree, struct, "#")
    found = [_short(fault) for fault in islice(faults, MOST_FAULTS)]
    if found or error is None:
        return found
    if isinstance(error, msgspec.ValidationError):
        return [_first(str(error))]
    raise NotJson(str(error))


def _parsed(text: str) -> Any:
    """Read the text, all of it, before anything in it is looked at."""
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_Members,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as fault:
        where = f"{fault.msg} at line {fault.lineno}, column {fault.colno}"
        raise NotJson(where) from None
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    if _is_deeper(tree, _MOST_DEPTH):
        raise NotJson(_TOO_DEEP)
    return tree


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, _Members):
        value = [member for _, member in value]
    if not isinstance(value, list):
        return False
    return levels == 0 or any(_is_deeper(element, levels - 1) for element in value)


def _number(digits: str) -> _Number:
    if len(digits) > _MOST_DIGITS:
        raise NotJson(f"A number has more than {_MOST_DIGITS} digits")
    return _Number(digits)


def _no_constant(name: str) -> None:
    raise NotJson(f"{name} is not a number that JSON knows")


def _struct_faults(value: Any, struct: type[Struct], pointer: str) -> Iterator[Fault]:
    if not isinstance(value, _Members):
        yield from _value_faults(value, struct, pointer, {})
        return
    fields = _fields(struct)
    right: dict[str, Any] = {field.name: UNSET for field in fields.values()}
    given = Counter(name for name, _ in value)
    for name, member in dict(value).items():
        where = f"{pointer}/{_escape(name)}"
        if not _encodable(name):
            yield Fault(pointer, _HALF)
        elif given[name] > 1:
            yield Fault(where, f"Field `{name}` is given twice")
        elif name not in fields:
            yield Fault(where, f"Object contains unknown field `{name}`")
        else:
            field = fields[name]
            yield from _member_faults(member, field, where, right)
    for name, field in fields.items():
        if field.required and name not in given:
            yield Fault(f"{pointer}/{name}", f"Object missing required field `{name}`")
    yield from _faults_between(right, struct, pointer)


@cache
def _fields(struct: type[Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Give a struct's fields by their names in JSON; msgspec reads its annotations each time."""
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def _member_faults(
    member: Any, field: msgspec.structs.FieldInfo, where: str, right: dict[str, Any]
) -> Iterator[Fault]:
    """List a member's faults; what is right goes to the others of its kind."""
    right[field.name] = _WRONG
    inner = _inner(field.type)
    if isinstance(inner, type) and issubclass(inner, Struct) and member is not None:
        yield from _struct_faults(member, inner, where)
        return
    if get_origin(inner) is list and isinstance(member, list):
        yield from _list_faults(member, field.type, where)
        return
    yield from _value_faults(member, field.type, where, right, field.name)


def _list_faults(member: Any, annotation: Any, where: str) -> Iterator[Fault]:
    (element,) = get_args(_inner(annotation))
    raws = Annotated[(list[msgspec.Raw], *_constraints(annotation))]
    yield from _value_faults([None] * len(member), raws, where, {})
    for index, one in enumerate(member):
        yield from _struct_faults(one, element, f"{where}/{index}")


def _value_faults(
    value: Any, annotation: Any, where: str, right: dict[str, Any], name: str = ""
) -> Iterator[Fault]:
    """Decode one value by itself."""
    try:
        decoded = msgspec.json.Decoder(_without_unset(annotation)).decode(_json(value))
    except msgspec.ValidationError as error:
        yield Fault(where, _first(str(error)).detail + _choice(value, annotation))
    except msgspec.DecodeError:
        yield Fault(where, "Is not a number that JSON knows" if _is_number(value) else _HALF)
    else:
        if isinstance(decoded, str) and (fault := text_fault(name, decoded)):
            yield Fault(where, fault)
        else:
            right[name] = decoded


def _choice(value: Any, annotation: Any) -> str:
    """Name the values of a choice of which the value is none, if they are few."""
    kind = _inner(annotation)
    names = list(kind) if isinstance(kind, EnumType) else get_args(kind)
    is_choice = isinstance(kind, EnumType) or get_origin(kind) is Literal
    if not is_choice or type(value) is not str or len(names) > _MOST_NAMED:
        return ""
    return f"; there are {', '.join(names)}"


def _faults_between(right: dict[str, Any], struct: type[Struct], pointer: str) -> Iterator[Fault]:
    if struct is Address or struct is AddressPatch:
        if right["country"] is _WRONG:
            right["country"] = UNSET
        yield from faults_between(SimpleNamespace(**right), struct, pointer)
    moment = right.get("scheduled_for")
    if isinstance(moment, datetime) and (fault := schedule_fault(moment, _now())):
        yield Fault(f"{pointer}/scheduledFor", fault)


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _json(value: Any) -> bytes:
    """Write a value as it stood in the text; what is in an object or list is left out."""
    if isinstance(value, _Number):
        return value.encode()
    if isinstance(value, _Members):
        return b"{}"
    return json.dumps(value).encode()


def _is_number(value: Any) -> bool:
    return isinstance(value, _Number)


def _inner(annotation: Any) -> Any:
    """Give what a member may be, besides null or nothing."""
    if get_origin(annotation) is Annotated:
        return _inner(get_args(annotation)[0])
    kinds = [kind for kind in _kinds(annotation) if kind not in {UnsetType, type(None)}]
    return _inner(kinds[0]) if kinds != [annotation] else annotation


def _constraints(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return get_args(annotation)[1:]
    (kind,) = (kind for kind in _kinds(annotation) if get_origin(kind) is Annotated)
    return _constraints(kind)


def _without_unset(annotation: Any) -> Any:
    return Union[tuple(kind for kind in _kinds(annotation) if kind is not UnsetType)]  # noqa: UP007 - of a number that is not known


def _kinds(annotation: Any) -> tuple[Any, ...]:
    union = get_origin(annotation) in {Union, type(int | None)}
    return get_args(annotation) if union else (annotation,)


def _first(message: str) -> Fault:
    """Read the one fault that the decoder tells."""
    match = _AT.fullmatch(message)
    detail, path = (match["detail"], match["path"]) if match else (message, None)
    steps = _STEP.findall(path or "")
    pointer = "#" + "".join(f"/{_escape(name or index)}" for name, index in steps)
    if field := _FIELD.fullmatch(detail):
        pointer += f"/{_escape(field['name'])}"
    if regex := _REGEX.fullmatch(detail):
        detail = f"Expected {_WORDS.get(regex[1], 'another form')}"
    return _short(Fault(pointer, detail))


def _short(fault: Fault) -> Fault:
    return Fault(fault.pointer[:_MOST_ECHOED], fault.detail[:_MOST_ECHOED])


def _escape(name: str) -> str:
    """Escape a member's name for a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
