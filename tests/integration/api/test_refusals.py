"""What the API answers to requests that it cannot take: always 4xx, always a problem."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest

from infrastructure.edge.models import shape_of
from orders.domain.order import NewPartnerOrder
from tests.shared.examples import ORDER, order, order_without
from tests.shared.people import caller_headers
from tests.unit.orders.test_body import BAD_BODIES

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


BEYOND_A_PARSER = 5_000
"""Texts of this length hold numbers or nesting that parsers refuse, API Gateway's included."""

SHAPE = jsonschema.Draft4Validator({"type": "object", **shape_of(NewPartnerOrder)})
"""What the gateway's model lets through."""

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
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return problem


@pytest.mark.parametrize(("body", "pointer"), BAD_BODIES)
def test_a_bad_body_gets_400_and_names_the_field(acme: Partner, body: Any, pointer: str) -> None:
    """Whatever the gateway lets through, what is wrong with it is told with the field's name.

    What the gateway refuses by itself it cannot name safely (docs/decisions/0006).
    """
    refused = acme.post(body if isinstance(body, str) else json.dumps(body))
    problem = problem_of(refused)
    assert refused.status_code == 400
    if isinstance(body, str) and len(body) > BEYOND_A_PARSER:
        return  # API Gateway's own parser gives up before any field is known
    if not isinstance(body, str) and not SHAPE.is_valid(body):
        assert "lacks a required field" in problem["detail"]
        return
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
    """A body that does not say it is JSON is not taken: the gateway lets it pass unread."""
    refused = acme.post("hello", **{"Content-Type": content_type})
    assert refused.status_code == 415
    assert problem_of(refused)["type"].endswith(":unsupported-media-type")


def test_an_order_needs_an_idempotency_key(acme: Partner) -> None:
    """A POST without a key is refused by the header's name, and with it in any case is not."""
    refused = acme.http.post("/partner/orders", json=ORDER)
    assert refused.status_code == 400
    assert problem_of(refused)["errors"][0]["pointer"] == "Idempotency-Key"
    for name in ("idempotency-key", "IDEMPOTENCY-KEY"):
        headers = {name: uuid.uuid4().hex}
        assert acme.http.post("/partner/orders", json=ORDER, headers=headers).status_code == 201


def test_the_gateway_says_what_it_refuses(acme: Partner) -> None:
    """A missing or an unknown field never reaches a function; it is told that it is one of them."""
    for body in (order_without(("restaurantId",)), order(surprise=1)):
        refused = acme.post(body)
        assert refused.status_code == 400
        assert "lacks a required field or has an unknown one" in problem_of(refused)["detail"]


@pytest.mark.parametrize("key", ["", "wrong", "x" * 200])
def test_a_wrong_key_gets_403(stack: Endpoints, key: str) -> None:
    """Without a valid API key nothing is answered."""
    for headers in ({"x-api-key": key}, {}):
        refused = httpx.get(f"{stack.api_url}/partner/orders", headers=headers)
        assert refused.status_code == 403
        assert problem_of(refused)["type"].endswith(":invalid-api-key")


UNKNOWN = [
    *(("GET", "/"), ("POST", "/"), ("GET", "/nope"), ("PATCH", "/nope/"), ("GET", "/partner")),
    *(("GET", "/orders/1/receipt"), ("POST", "/a/b/c/d/e/f/g/h"), ("PUT", "/orders/x/y")),
    *(("DELETE", "/orders"), ("DELETE", "/partner/orders"), ("PUT", "/partner/orders/1")),
    *(("POST", "/orders/1"), ("POST", "/health"), ("DELETE", "/health")),
]
"""Methods and paths that are no route, at every depth."""


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
@pytest.mark.parametrize("who", ["nobody", "a customer", "a partner", "a signer"])
def test_what_there_is_not_gets_404(stack: Endpoints, method: str, path: str, who: str) -> None:
    """An unknown path or method is a problem like any other, with or without credentials."""
    headers = {
        "nobody": {},
        "a customer": {"Authorization": stack.customer_token},
        "a partner": {"x-api-key": stack.partner_api_key},
        "a signer": {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"},
    }[who]
    refused = httpx.request(method, stack.api_url + path, headers=headers, timeout=30)
    assert refused.status_code == 404
    assert problem_of(refused)["type"].endswith(":no-such-route")
    assert "WWW-Authenticate" not in refused.headers


@pytest.mark.parametrize("path", ["/nope", "/orders/1/2", "/partner"])
def test_head_of_what_there_is_not_gets_404(stack: Endpoints, path: str) -> None:
    """HEAD of an unknown path says 404 as GET does, without the problem."""
    headers = {"Authorization": stack.customer_token}
    refused = httpx.head(stack.api_url + path, headers=headers, timeout=30)
    assert (refused.status_code, refused.content) == (404, b"")
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_form_to_what_there_is_not_gets_404(stack: Endpoints) -> None:
    """With a body of any usual type an unknown route is told as that; with a rarer one, 415."""
    for content_type, status in (("text/plain", 404), ("image/png", 415)):
        headers = {"Content-Type": content_type}
        refused = httpx.post(f"{stack.api_url}/nope", content="a=b", headers=headers, timeout=30)
        assert (refused.status_code, problem_of(refused)["status"]) == (status, status)


@pytest.mark.parametrize("token", ["none", "Bearer a.b.c", "an access token"])
def test_a_401_says_how_to_sign_in(stack: Endpoints, token: str) -> None:
    """Without a token, with a wrong one and with one of another purpose (RFC 9110, 15.5.2)."""
    headers = {
        "none": {},
        "Bearer a.b.c": {"Authorization": token},
        "an access token": caller_headers(stack)["customer's access token"],
    }[token]
    refused = httpx.get(f"{stack.api_url}/orders", headers=headers, timeout=30)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="food-delivery-orders"'
    assert problem_of(refused)["type"].endswith(":unauthenticated")


READABLE = ["/orders", "/orders/{orderId}", "/partner/orders", "/partner/orders/{orderId}"]


@pytest.mark.parametrize("path", READABLE)
def test_head_says_what_get_says(stack: Endpoints, acme: Partner, path: str) -> None:
    """HEAD has GET's status and headers and no body (RFC 9110, 9.3.2), a missing order's too."""
    headers = {"x-api-key": stack.partner_api_key, "Authorization": stack.operator_token}
    order_id, url = acme.place()["orderId"], stack.api_url + path
    with httpx.Client(headers=headers, timeout=30) as client:
        for place in {url.replace("{orderId}", known) for known in (order_id, RANDOM_ID)}:
            head, get = client.head(place), client.get(place)
            assert head.content == b""
            assert head.status_code == get.status_code
            assert told_by(head) == told_by(get)


def told_by(answer: httpx.Response) -> dict[str, str]:
    """Give an answer's headers, but for those that each answer has its own of."""
    own = {"x-request-id", "date", "content-length", "x-amzn-requestid", "x-amz-request-id"}
    return {name: value for name, value in answer.headers.items() if name not in own}


def test_head_of_health(stack: Endpoints) -> None:
    """A monitor that asks by HEAD is answered, without credentials."""
    answer = httpx.head(f"{stack.api_url}/health", timeout=30)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


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
        {"tip": -5},
        {"reason": {"code": "other"}},
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
