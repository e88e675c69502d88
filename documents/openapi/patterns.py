r"""The patterns that are published: each means the same to ECMAScript (u, v), RE2, Python and Java.

The functions' own speak Python and of ASCII alone, for what is compiled costs start-up; what they
leave to `orders.domain.characters` is told here in one with them. Published are only
* classes of characters that are named, for \s, \w and \b mean something else in each engine;
* ends of ranges that are characters themselves, for each engine has its own escapes above \xff;
* `^` and `$` around the whole. Before a final line end `$` holds in Python and Java, too: match the
  whole text there (`fullmatch`, `matches`).
"""

from __future__ import annotations

from itertools import pairwise

from orders.domain.characters import INVISIBLE
from orders.domain.order import E164, FREE_TEXT, LINE_OR_NOTHING, SINGLE_LINE

_PLANES = range(1, 17)


def _range(first: int, last: int) -> str:
    return chr(first) if first == last else f"{chr(first)}-{chr(last)}"


_VISIBLE = "".join(_range(last + 1, first - 1) for (_, last), (first, _) in pairwise(INVISIBLE))
_SURROGATES, _NONCHARACTERS = (0xD800, 0xDFFF), (0xFDD0, 0xFDEF)
_OF_A_LINE = (
    *((0x20, 0x7E), (0xA0, 0x2027), (0x202A, _SURROGATES[0] - 1)),
    *((_SURROGATES[1] + 1, _NONCHARACTERS[0] - 1), (_NONCHARACTERS[1] + 1, 0xFFFD)),
    *((plane << 16, plane << 16 | 0xFFFD) for plane in _PLANES),
)
_ANY = "".join(_range(first, last) for first, last in _OF_A_LINE)
_LINE = f"[{_ANY}]*[{_VISIBLE}][{_ANY}]*"

PUBLISHED = {
    E164: r"^\+[1-9][0-9]{6,14}$",
    FREE_TEXT: rf"^[\t\n\r\x85{chr(0x2028)}{chr(0x2029)}{_ANY}]*$",
    SINGLE_LINE: f"^{_LINE}$",
    LINE_OR_NOTHING: f"^(?:{_LINE})?$",
}
"""What is published for each pattern of the functions."""
