"""Request bodies: JSON in, a checked struct out, or a problem that names every fault.

text ─► decoder ─► no member twice ─► sound texts ─► fields that go together ─► the form kept
           └──────────┴─────────────────┴───────────────┴─► orders.faults: all that is wrong

The way of a good body stops at its first fault, and only then is the whole of it looked through.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import UNSET

from orders.domain.checks import (
    faults_between,
    has_sound_texts,
    normalize,
    normalize_line_ends,
)
from orders.domain.order import ContentsPatch, OrderContents, ServedOrderPatch
from orders.problems import BODY_TOO_LARGE, INVALID_BODY, MALFORMED_JSON, Problem, faulty
from orders.settings import MAX_BODY_BYTES

T = TypeVar("T", bound=OrderContents | ContentsPatch | ServedOrderPatch)

_COSTS = ("items", "delivery_address")
"""What a price quote is of: where neither is sent, it has nothing to say."""

WHOLE = "#"
"""The pointer to a body as such."""


def decode(decoder: msgspec.json.Decoder[T], text: str | None) -> T:
    """Decode and check a request body; equal ones are then equal, however they were written.

    Raises:
        Problem: `body-too-large`, `malformed-json` or `invalid-body`; the latter two name each
            place where something is wrong.
    """
    if not text:
        raise Problem(MALFORMED_JSON, "The request has no body; send JSON", pointer=WHOLE)
    raw = text.encode(errors="surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(
            BODY_TOO_LARGE, f"The body has {len(raw)} bytes; {MAX_BODY_BYTES} are allowed"
        )
    try:
        body = decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse(decoder, text, error)
    if not (_has_no_more_texts(raw, body) or _has_unique_members(text)):
        _refuse(decoder, text)
    if "\\" in text or not text.isascii():  # else no text has more than the patterns know of
        if not has_sound_texts(body):
            _refuse(decoder, text)
        normalize_line_ends(body)
    address = getattr(body, "delivery_address", UNSET)
    if address is not UNSET and any(faults_between(address, type(address), "")):
        _refuse(decoder, text)
    normalize(body)
    return body


def take_quote(body: OrderContents | ContentsPatch | ServedOrderPatch) -> str | None:
    """Take the price quote off a body, if one is there: nothing else meets it.

    So it is in no hash, no record and no answer, and a repetition may come with another one.

    Raises:
        Problem: `invalid-body`, when a change has a quote and nothing that costs.
    """
    quote = getattr(body, "quote", UNSET)
    if quote is UNSET:
        return None
    if all(getattr(body, name) is UNSET for name in _COSTS):
        detail = "Goes only with items or deliveryAddress"
        raise Problem(INVALID_BODY, detail, pointer="#/quote")
    body.quote = UNSET  # type: ignore[union-attr]  # those that have one
    return str(quote)


def _refuse(
    decoder: msgspec.json.Decoder[T], text: str, error: Exception | None = None
) -> NoReturn:
    """Look for all that is wrong with a body in which something is.

    Raises:
        Problem: always.
    """
    # Loaded by the first body that is refused: a second reading of its own, which may be slow.
    from orders.faults import NotJson, faults_in

    try:
        faults = faults_in(text, decoder.type, error)
    except NotJson as refused:
        raise Problem(MALFORMED_JSON, str(refused), pointer=WHOLE) from None
    raise faulty(INVALID_BODY, faults) from None


def _has_no_more_texts(raw: bytes, body: Any) -> bool:
    """Tell whether a body is no more than what was read of it, for a third of the way below.

    A member that is there twice is read once. Then the body has more quotation marks than what was
    read of it has: each name and each text has two, and nothing else is written as a text. What has
    an escape or names a default is looked through below.
    """
    return b"\\" not in raw and raw.count(b'"') == msgspec.json.encode(body).count(b'"')


def _has_unique_members(text: str) -> bool:
    """Tell whether no member is given twice: which of the two counts differs between parsers."""
    try:
        _look_through(text)
    except _DuplicateError:
        return False
    return True


class _DuplicateError(Exception):
    """An object has two members of one name."""


def _unique(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise _DuplicateError


_look_through = json.JSONDecoder(object_pairs_hook=_unique).decode
