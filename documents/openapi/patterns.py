r"""The patterns that are published: each means the same to ECMAScript (u, v), RE2, Python and Java.

The functions' own speak Python and of ASCII alone, for what is compiled costs start-up; what they
leave to `orders.domain.characters` is told here in one with them. Published are only
* classes of characters that are named, for \s, \w and \b mean something else in each engine;
* what is not taken, as characters: each engine has its own escapes above \xff, and what makes
  texts of a pattern counts all that a class has;
* no character that JSON should not hold (RFC 7493): a range around such has its neighbours for
  ends, which stand beside it. Above U+10FFFD there is none: those two are refused, and not told;
* `^` and `$` around the whole. Before a final line end `$` holds in Python and Java, too: match the
  whole text there (`fullmatch`, `matches`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.domain.characters import INVISIBLE
from orders.domain.order import E164, FREE_TEXT, LINE_OR_NOTHING, REFERENCE, SINGLE_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST = 0x10FFFD
_NEVER = (
    (0xD800, 0xDFFF),
    (0xFDD0, 0xFDEF),
    *((n << 16 | 0xFFFE, n << 16 | 0xFFFF) for n in range(16)),
)
"""Surrogates and noncharacters."""

_C1, _SEPARATORS = (0x7F, 0x9F), (0x2028, 0x2029)
_OF_NO_LINE = ((0x00, 0x1F), _C1, _SEPARATORS, *_NEVER)
_OF_NO_TEXT = ((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), *_NEVER)


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else chr(code)


def _none_of(ranges: Sequence[tuple[int, int]]) -> str:
    """Write a class of all characters but some, by names that JSON may hold."""
    excluded, beside = "", ""
    for first, last in ranges:
        low = first - any(a <= first <= b for a, b in _NEVER)
        high = last + any(a <= last <= b for a, b in _NEVER)
        excluded += _written(low) + (f"-{_written(high)}" if high > low else "")
        beside += "".join(_written(code) for code in (low, high) if not first <= code <= last)
    return f"(?:[^{excluded}]|[{beside}])" if beside else f"[^{excluded}]"


_ANY = _none_of(_OF_NO_LINE)
_VISIBLE = _none_of([(first, min(last, _LAST)) for first, last in INVISIBLE if first <= _LAST])
_LINE = f"{_ANY}*{_VISIBLE}{_ANY}*"

PUBLISHED = {
    E164: r"^\+[1-9][0-9]{6,14}$",
    FREE_TEXT: f"^{_none_of(_OF_NO_TEXT)}*$",
    SINGLE_LINE: f"^{_LINE}$",
    LINE_OR_NOTHING: f"^(?:{_LINE})?$",
    REFERENCE: r"^[\x21-\x7e]{1,64}$",
}
"""What is published for each pattern of the functions."""
