"""The digest of a basket is that of RFC 8785, by an implementation that is not ours."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import convert

from orders.domain.order import LineItem
from orders.pricing.compared import digest_of
from tests.shared.examples import line_items, lines
from tests.shared.menu import quotes

baskets = st.lists(line_items, min_size=1, max_size=4)
ODD = '"\\/\u2028\u2029\x80\uffff</script>\U0001f372e\u0301é'


def independent(items: list[dict[str, Any]]) -> str:
    """Digest a basket by the library of RFC 8785."""
    priced = [
        {
            "unitPrice": line["unitPrice"],
            "quantity": line["quantity"],
            "name": line["name"],
            "itemId": line["itemId"],
            "options": [
                {"price": one["price"], "name": one["name"]} for one in line.get("options", [])
            ],
        }
        for line in items
    ]
    return quotes.base64url(hashlib.sha256(rfc8785.dumps(priced)).digest())


def ours(items: list[dict[str, Any]]) -> str:
    return digest_of(convert(items, list[LineItem]))


@given(baskets)
@example([{"itemId": ODD, "name": ODD, "quantity": 1, "unitPrice": 0, "note": "x"}])
def test_the_digest_is_that_of_rfc_8785(items: list[dict[str, Any]]) -> None:
    """A menu in any language, with any library of RFC 8785, comes to the same digest."""
    assert ours(items) == independent(items) == quotes.digest(items)


@given(baskets, st.data())
def test_any_other_basket_has_another_digest(items: list[dict[str, Any]], data: Any) -> None:
    """A dish, a name, a price, a number or an order of lines that differs is another basket."""
    line = data.draw(st.integers(0, len(items) - 1))
    name = data.draw(st.sampled_from(["itemId", "name", "quantity", "unitPrice"]))
    old = items[line][name]
    new = data.draw(lines if isinstance(old, str) else st.integers(1, 99))
    changed = [dict(each) for each in items]
    changed[line][name] = new
    assert (ours(changed) == ours(items)) is (new == old)


def test_what_is_left_out_is_empty() -> None:
    """No options and an empty list of them are the same basket; notes are in none."""
    plain = {"itemId": "a", "name": "b", "quantity": 1, "unitPrice": 2}
    assert ours([plain]) == ours([{**plain, "options": []}]) == ours([{**plain, "note": "c"}])
