"""What the API answers to requests that it cannot take: always 4xx, always a problem."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.shared.examples import ORDER, order, order_without
from tests.unit.orders.test_body import BAD_BODIES

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


BEYOND_A_PARSER = 5_000
"""Texts of this length hold numbers or nesting that parsers refuse, API Gateway's included."""

RANDOM_ID = "6bfc6a36-53f8-4a6c-bffb-3e139cb76de6"
"""A UUID of version 4: no order's, for theirs are of version 7."""


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Check that an answer is a problem, and give it."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"].startswith("urn:problem-type:food-delivery:")
    assert problem["title"]
    assert problem["requestId"]
    assert problem.get("status", response.status_code) == response.status_code
    assert "Traceback" not in response.text
    return problem


@pytest.mark.parametrize(("body", "pointer"), BAD_BODIES)
def test_a_bad_body_gets_400_and_names_the_field(acme: Partner, body: Any, pointer: str) -> None:
    """By way of the gateway too, whatever is wrong with a body is told with the field's name."""
    refused = acme.post(body if isinstance(body, str) else json.dumps(body))
    problem = problem_of(refused)
    assert refused.status_code == 400
    if isinstance(body, str) and len(body) > BEYOND_A_PARSER:
        return  # API Gateway's own parser gives up before any field is known
    name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    assert name.isdigit() or name == "#" or name in json.dumps(problem, ensure_ascii=False)


@pytest.mark.parametrize("text", ["", "{", "not json", '{"a":', "[" * 200_000, "\x00", "null"])
def test_what_is_no_json_gets_400(acme: Partner, text: str) -> None:
    """Broken JSON of any kind is refused as a problem."""
    refused = acme.post(text)
    assert refused.status_code == 400
    problem_of(refused)


def test_an_emoji_is_kept(acme: Partner) -> None:
    """Text in any script, emojis included, comes back as it was sent."""
    note = "🍕👩‍👩‍👧 ¡rápido! 日本語 \u202eright to left"
    assert acme.place(note=note)["note"] == note


def test_a_body_above_32_kb_gets_413(acme: Partner) -> None:
    """A body above 32 KB is refused before the limit for a message of its change can bite."""
    refused = acme.post(order(note="n" * 32 * 1024))
    assert (refused.status_code, problem_of(refused)["type"][-14:]) == (413, "body-too-large")


def test_the_largest_body_that_passes_fits_into_an_item(acme: Partner) -> None:
    """An order of almost 32 KB is stored and read back."""
    line = {**ORDER["items"][0], "note": "ü" * 500, "name": "ß" * 200}
    line["options"] = [{"name": "日" * 200, "price": 1}] * 5
    large = order(items=[line] * 6)
    size = len(json.dumps(large, ensure_ascii=False).encode())
    assert 25_000 < size < 32 * 1024
    placed = acme.post(json.dumps(large, ensure_ascii=False))
    assert placed.status_code == 201
    assert acme.get(placed.json()["orderId"]).json()["items"] == large["items"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_another_content_type_is_refused(acme: Partner, content_type: str) -> None:
    """A body that does not say it is JSON is not taken."""
    refused = acme.post("hello", **{"Content-Type": content_type})
    assert refused.status_code in {400, 415}
    problem_of(refused)


def test_an_order_needs_an_idempotency_key(acme: Partner) -> None:
    """A POST without a key is refused by the gateway, by the header's name."""
    refused = acme.http.post("/partner/orders", json=ORDER)
    assert refused.status_code == 400
    assert "Idempotency-Key" in problem_of(refused)["detail"]


def test_the_gateway_names_a_missing_and_an_unknown_field(acme: Partner) -> None:
    """What API Gateway itself refuses is named in its own words."""
    missing = acme.post(order_without(("restaurantId",)))
    assert missing.status_code == 400
    assert '["restaurantId"]' in problem_of(missing)["detail"]
    unknown = acme.post(order(surprise=1))
    assert '["surprise"]' in problem_of(unknown)["detail"]


@pytest.mark.parametrize("key", ["", "wrong", "x" * 200])
def test_a_wrong_key_gets_403(stack: Endpoints, key: str) -> None:
    """Without a valid API key nothing is answered."""
    for headers in ({"x-api-key": key}, {}):
        refused = httpx.get(f"{stack.api_url}/partner/orders", headers=headers)
        assert refused.status_code == 403
        assert problem_of(refused)["type"].endswith(":invalid-api-key")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nope"), ("DELETE", "/partner/orders"), ("PUT", "/partner/orders/1")],
)
def test_what_there_is_not_gets_404(acme: Partner, method: str, path: str) -> None:
    """An unknown path or method is a problem like any other."""
    refused = acme.http.request(method, path)
    assert refused.status_code == 404
    assert problem_of(refused)["type"].endswith(":no-such-route")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1000"},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": RANDOM_ID.replace("-", "")},
        {"status": "EATEN"},
        {"customerId": ""},
        {"colour": "red"},
        [("limit", "1"), ("limit", "2")],
    ],
)
def test_a_bad_query_names_the_parameter(acme: Partner, query: Any) -> None:
    """Each parameter that cannot be is refused by its name."""
    refused = acme.http.get("/partner/orders", params=query)
    name = next(iter(dict(query)))
    assert refused.status_code == 400
    assert problem_of(refused)["errors"][0]["pointer"] == name


@pytest.mark.parametrize("order_id", ["42", RANDOM_ID, "..%2f..", "%00", "🍕", "a" * 500])
def test_an_id_that_cannot_be_gets_404(acme: Partner, order_id: str) -> None:
    """Whatever is no order's id is not found, for reading and for changing."""
    for refused in (acme.get(order_id), acme.patch(order_id, {"note": "x"})):
        assert refused.status_code == 404
        problem_of(refused)


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"total": 1},
        {"status": "EATEN"},
        {"status": None},
        {"items": []},
        {"items": None},
        {"tip": 5},
        {"deliveryAddress": {"country": None}},
        {"deliveryAddress": {"planet": "Mars"}},
        [],
        "x",
    ],
)
def test_a_bad_patch_changes_nothing(acme: Partner, patch: Any) -> None:
    """A patch that cannot be is refused, and the order stays as it was."""
    placed = acme.place()
    refused = acme.patch(placed["orderId"], patch)
    assert refused.status_code == 400
    problem_of(refused)
    assert acme.get(placed["orderId"]).json() == placed


def test_a_thousand_etags_are_refused(acme: Partner) -> None:
    """An If-Match of more tags than anybody holds is a mistake, and never a 5xx."""
    tags = ", ".join(f'"{number}"' for number in range(1_000))
    refused = acme.patch(acme.place()["orderId"], {"note": "x"}, If_Match=tags)
    assert refused.status_code == 400
    assert problem_of(refused)["errors"][0]["pointer"] == "If-Match"
