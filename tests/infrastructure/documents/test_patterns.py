"""Each published pattern means the same to every engine that clients compile it with."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import re2  # type: ignore[import-untyped]
from hypothesis import assume, given
from hypothesis import strategies as st

from documents.openapi.document import DOCUMENT, document
from documents.openapi.patterns import PUBLISHED
from orders.body import decode
from orders.domain.order import PATTERNS as WORDS
from orders.domain.order import NewPartnerOrder
from orders.problems import Problem
from tests.shared import examples
from tests.shared.examples import NONCHARACTERS, order_with
from tests.shared.node import PROGRAM, variables
from tests.unit.orders.domain.test_checks import FORBIDDEN, INVISIBLE_TEXTS, LINE_ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW = msgspec.json.Decoder(NewPartnerOrder)


def patterns_in(node: Any) -> Iterator[str]:
    """Give each pattern of a document."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for part in node.values():
            yield from patterns_in(part)
    elif isinstance(node, list):
        for part in node:
            yield from patterns_in(part)


PATTERNS = sorted(set(patterns_in(document())))

UNNAMED = {chr(0x10FFFE), chr(0x10FFFF)}
"""What the functions refuse and no pattern can say: nothing stands behind it, to end a range."""

SAMPLES = [
    *("", " ", "a", "ab c", "a\nb", "a\tb", "\x00", "\x1f", "\x7f", "é", "日本", "🍕", "ß" * 300),
    *("+14155550123", "+0", "+1415555012٣", '"1"', '"12"', 'W/"3"', '"1", "2"', "*", '"a,b"', "1"),
    *("/orders/1", "/v1/orders/", "x" * 255, "x" * 256, "x y", "a-b]c\\d^", "&&", "--", "\ud7ff"),
    *("\ufffd", "\U00010000", "\U0010fffd", "a\u2028b", "a\x85b", "a\rb", "\u0301a", "e\u0301"),
    *INVISIBLE_TEXTS,
    *FORBIDDEN[::5],
    *(f"a{end}b" for end in LINE_ENDS),
]
"""What some pattern takes and some does not; none ends with the end of a line."""


def by_node(flags: str, patterns: list[str], samples: list[str]) -> list[list[bool]]:
    """Ask ECMAScript which samples each pattern takes."""
    program = f"""
    const [patterns, samples] = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(JSON.stringify(patterns.map((pattern) => {{
      const compiled = new RegExp(pattern, "{flags}");
      return samples.map((sample) => compiled.test(sample));
    }})));
    """
    done = subprocess.run(
        [str(PROGRAM), "-e", program],
        input=json.dumps([patterns, samples]),
        env=variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    taken: list[list[bool]] = json.loads(done.stdout)
    return taken


def test_every_engine_reads_every_pattern_alike() -> None:
    """Go, JavaScript and Python compile each pattern, and take and refuse the same texts."""
    told = {
        "Python": [[bool(re.search(p, s)) for s in SAMPLES] for p in PATTERNS],
        "RE2": [[bool(re2.search(p, s)) for s in SAMPLES] for p in PATTERNS],
        "ECMAScript u": by_node("u", PATTERNS, SAMPLES),
        "ECMAScript v": by_node("v", PATTERNS, SAMPLES),
    }
    for engine, taken in told.items():
        for pattern, here, there in zip(PATTERNS, taken, told["Python"], strict=True):
            differing = [s for s, a, b in zip(SAMPLES, here, there, strict=True) if a != b]
            assert not differing, f"{engine}: {pattern[:60]}"
            assert True in here, pattern[:60]
    assert len(PATTERNS) > 5


JAVA_ALSO = re.compile(
    r"(?:[^\\\[\]()]|\\x[0-9a-f]{2}|\\[+*]|\(\?:|\)|\[(?:[^\\\[\]&]|\\x[0-9a-f]{2})+\])*", re.DOTALL
)
"""What Java's engine, which no test has at hand, reads as the others do."""


@pytest.mark.parametrize("pattern", PATTERNS, ids=range(len(PATTERNS)))
def test_no_pattern_has_what_an_engine_reads_otherwise(pattern: str) -> None:
    r"""Neither \s, \w, \b nor \u, nor a class within a class: each has a meaning in each engine."""
    assert JAVA_ALSO.fullmatch(pattern), pattern[:80]


def test_the_document_holds_only_what_json_should() -> None:
    """Neither surrogates nor noncharacters, also where they are not taken (RFC 7493, 2.1)."""
    text = json.dumps(json.loads(DOCUMENT.read_text()), ensure_ascii=False)
    assert not set(text) & set(NONCHARACTERS)
    assert text.encode()


def takes(pattern: str, text: str) -> bool:
    """Tell whether a whole text is taken."""
    return bool(re.fullmatch(pattern, text))


def placed(path: tuple[str | int, ...], text: str) -> bool:
    """Tell whether a function takes a text in an order."""
    try:
        decode(NEW, json.dumps(order_with(path, text)))
    except Problem:
        return False
    return True


@given(st.text(max_size=20) | st.sampled_from(SAMPLES) | examples.lines)
def test_a_published_pattern_takes_what_the_function_takes(text: str) -> None:
    """Whoever checks a text before sending it is told what we would tell."""
    assume(not set(text) & UNNAMED)
    for field, schema in {
        ("contactPhone",): "contactPhone",
        ("restaurantId",): "restaurantId",
        ("note",): "note",
    }.items():
        found = document_of(schema)
        fits = found.get("minLength", 0) <= len(text) <= found.get("maxLength", 999)
        assert (takes(found["pattern"], text) and fits) == placed(field, text)


def document_of(name: str) -> dict[str, Any]:
    """Give the schema of an order's field."""
    found: dict[str, Any] = CONTRACT["components"]["schemas"]["NewPartnerOrder"]["properties"][name]
    return found


CONTRACT = document()


def test_every_pattern_of_the_functions_is_published() -> None:
    """A new pattern is published in words that every engine knows."""
    assert set(PUBLISHED) == set(WORDS)
