"""Hostile values: each has broken some program. Kept as few as tell programs apart."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.tenants import OWN_IDS, PARTNER, SENT, THEIR_IDS

STRINGS: tuple[str, ...] = (
    *(
        "",
        " ",
        "\x00",
        f"a\x00{SENT}",
        "\t",
        "\n",
        "null",
        "NaN",
        "1e400",
        "-0",
        "true",
        "{}",
        "[]",
    ),
    # terminals
    *("\x1b[2J\x1b]0;owned\x07", "\x9b31m\x9dtitle\x9c", "\x08\x08\x7f", f"\x1bP{SENT}\x1b\\"),
    # HTTP: another header, another answer, another path
    *("a\r\nSet-Cookie: a=b", "\r\n\r\n<html>", "a\nb: c", "%0d%0aX: y", "a\u560d\u560aX: y"),
    *("../../etc/passwd", "..%2f..%2f", "//evil.example", "/v1/orders?x=y#z", "%00", "%ff%fe"),
    # pages, spreadsheets, templates, queries, look-ups
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)"),
    *("=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "{{7*7}}", "${7*7}", "#{7*7}", "%s%n%d", "{0.x}"),
    *("' OR 1=1 --", '"; DELETE FROM "Orders" --', "${jndi:ldap://x/y}", "`id`", "$(id)"),
    *(":v0", "#status", "attribute_exists(orderId)", "orderId) OR (1", "*", "$", "@message"),
    # Unicode
    *(
        "\u202e\u2066abc\u2069",
        "\u2028\u2029\x85",
        "\ufeff",
        "\u200b",
        "\ufffe\uffff",
        "\U0001f355",
    ),
    *(
        "\ud800",
        "\udc00\ud800",
        "a\udfff",
        "\U0010ffff",
        "e" + "\u0301" * 300,
        "\u0130\u0131\u1e9e",
    ),
    *("\uff30\uff2c\uff21\uff23\uff25\uff24", "PL\u0410CED", "PLACED\u200b", "placed", "\u0663"),
    # names that mean something to somebody
    *("__proto__", "constructor", "toString", "_aws", "__class__", "message", "level", "timestamp"),
    *("operators", "[operators]", "bella", "acme#x", "bella#cust", "customer-b", "heartbeat", "#"),
    *(OWN_IDS[PARTNER][0].upper(), THEIR_IDS[0], THEIR_IDS[4], f"{THEIR_IDS[0]}\n"),
    *("ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-7000-8000-000000000000"),
    # sizes
    *(
        SENT * 30,
        "n" * 128,
        "n" * 129,
        "\U0001f355" * 200,
        "n" * 501,
        "9" * 5_000,
        "n" * 9_000,
        "\x9b" * 40_000,
    ),
)
"""Texts."""

NUMBERS: tuple[str, ...] = (
    *(
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "-Infinity",
        "-0",
        "-0.0",
        "1e-400",
        "0x10",
        "01",
        "+1",
    ),
    *("9007199254740993", "1" + "0" * 400, "9" * 5_000, "0." + "1" * 5_000, "1e+99999999999", "1."),
    *("1" * 30_000, "1e" + "9" * 3_000, "999999999", "1000000000", "18446744073709551616", "2.5"),
)
"""Numbers as JSON text, and what looks like them."""

_DEEP = 900


def _nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**9, 2**63, -(2**63), 2**64, 10**400, 1.5, -0.0, 1e308),
    *([], {}, [[]], {"": None}, [None] * 51, list(range(500)), {str(n): n for n in range(300)}),
    *(_nested(40), {"S": "x", "N": "1"}, {"__proto__": {"status": "DELIVERED"}}, ["a", 1, {}]),
    *("\ud800", "\x9b31m\r\n", "n" * 9_000, THEIR_IDS[0], "bella#cust", ""),
)
"""Values of JSON documents."""

BOMBS: tuple[str, ...] = (
    "",
    *("[" * 100_000, '{"a":' * 30_000, "[" * 900 + "]" * 900, '{"items":' + "[" * 4_000 + "NaN"),
    *('{"a":' * _DEEP + "NaN" + "}" * _DEEP, "[" * _DEEP + '"\\ud800"' + "]" * _DEEP),
    '{"tip":' * 4_000,
    "{" + ",".join(f'"{n}":{n}' for n in range(3_500)) + "}",
    "{" + ",".join('"tip":1' for _ in range(3_500)) + "}",
    "{" + '"note":"a",' * 2_500 + '"note":"b"}',
    '{"status":"PLACED",' * 1_500,
    "[" + "0," * 16_000 + "0]",
    '"' + "\\u0041" * 5_000 + '"',
    '"' + "\\" * 32_000,
    '{"' + " - at `$" * 4_000 + '":1}',
    '{"items":[{"' + "`$.a[0]" * 4_600 + '":1}]}',
    '{"note":"' + " - at `$" * 4_000 + '"}',
    '{"currency":"' + " - at `$`" * 3_500 + '"}',
    '{"status":"' + "]`.[0" * 6_000 + '"}',
    '{"' + "~/" * 16_000 + '":NaN}',
    '{"contactPhone":"+1' + "1" * 32_000 + '"}',
    '{"restaurantId":"' + " \\t" * 10_000 + '"}',
    '{"note":"' + "a" * 33_000 + '"}',
    '{"note":"' + "\U0001f355" * 9_000 + '"}',
    '{"scheduledFor":"' + "9" * 32_000 + '-01-01T00:00:00Z"}',
    '{"scheduledFor":"9999-12-31T23:59:60.' + "9" * 30_000 + 'Z"}',
    '{"scheduledFor":"0001-01-01T00:00:00+23:59"}',
    "\ufeff{}",
    "{}\x00",
    '{"note":"\x01"}',
    "\ud800",
    '{"\ud800":1}',
    json.dumps({"items": [{"options": [{}] * 1_000}] * 4}),
    " " * 40_000 + "{}",
    " " * 20_000 + "{}",
    "a" * 6_000_000,
    "[" * 6_000_000,
    *NUMBERS,
)
"""Bodies that cost more than they should, or end in places that few bodies reach."""
