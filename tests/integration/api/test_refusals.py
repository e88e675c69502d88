"""What the API answers to requests that it cannot take: always 4xx, always a problem."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from orders.settings import MAX_BODY_BYTES
from tests.shared.examples import ORDER, order
from tests.shared.people import caller_headers
from tests.unit.orders.test_body import BAD_BODIES, NO_JSON

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


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
    """Whatever is wrong with a body, and at whatever depth, is told with the field's pointer."""
    refused = acme.post(body if isinstance(body, str) else json.dumps(body))
    problem = problem_of(refused)
    assert (refused.status_code, problem["type"][-13:]) == (400, ":invalid-body")
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


@pytest.mark.parametrize("text", ["", *NO_JSON, "[" * 200_000, "\x00", "not json"])
@pytest.mark.parametrize("route", ["POST", "PATCH"])
def test_what_is_no_json_gets_400(acme: Partner, text: str, route: str) -> None:
    """Broken JSON of any kind is one problem, whichever layer sees it, on every route."""
    if len(text) > MAX_BODY_BYTES:
        text = text[:MAX_BODY_BYTES]
    path, kind = {
        "POST": ("/partner/orders", "application/json"),
        "PATCH": (f"/partner/orders/{RANDOM_ID}", "application/merge-patch+json"),
    }[route]
    headers = {"Content-Type": kind, "Idempotency-Key": uuid.uuid4().hex}
    refused = acme.http.request(route, path, content=text.encode(), headers=headers)
    problem = problem_of(refused)
    assert (refused.status_code, problem["type"][-15:]) == (400, ":malformed-json")
    assert [fault["pointer"] for fault in problem["errors"]] == ["#"]
    assert problem["errors"][0]["detail"]


def test_all_faults_of_a_body_are_told(acme: Partner) -> None:
    """Three wrong fields are three errors, each with its pointer; twenty at most."""
    body = order(tip=-1, colour="red", contactPhone="1")
    del body["restaurantId"]
    told = problem_of(acme.post(body))["errors"]
    pointers = {"#/tip", "#/colour", "#/contactPhone", "#/restaurantId"}
    assert {fault["pointer"] for fault in told} == pointers
    assert len(problem_of(acme.post(order(items=[{}] * 50)))["errors"]) == 20
    patch = {"status": "EATEN", "items": [], "deliveryAddress": {"latitude": 1, "line1": "\u3164"}}
    told = problem_of(acme.patch(acme.place()["orderId"], patch))["errors"]
    pointers = {"#/status", "#/items", "#/deliveryAddress/longitude", "#/deliveryAddress/line1"}
    assert {fault["pointer"] for fault in told} == pointers


def test_an_emoji_is_kept(acme: Partner) -> None:
    """Text in any script, emojis included, comes back as it was sent."""
    note = "🍕👩‍👩‍👧 ¡rápido! 日本語 \u202eright to left"
    assert acme.place(note=note)["note"] == note


def test_a_body_above_8_kb_gets_413(acme: Partner) -> None:
    """A body above 8 KB is refused before it costs anybody anything."""
    refused = acme.post(order(note="n" * 8 * 1024))
    assert (refused.status_code, problem_of(refused)["type"][-14:]) == (413, "body-too-large")


def test_the_largest_body_that_passes_fits_into_an_item(acme: Partner) -> None:
    """An order of almost 8 KB is stored and read back."""
    line = {**ORDER["items"][0], "note": "ü" * 500, "name": "ß" * 200}
    line["options"] = [{"name": "日" * 200, "price": 1}] * 3
    large = order(items=[line] * 2)
    size = len(json.dumps(large, ensure_ascii=False).encode())
    assert 7_000 < size < 8 * 1024
    placed = acme.post(json.dumps(large, ensure_ascii=False))
    assert placed.status_code == 201
    assert acme.get(placed.json()["orderId"]).json()["items"] == large["items"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_another_content_type_is_refused(acme: Partner, content_type: str) -> None:
    """A body that does not say it is JSON is not taken: the gateway lets it pass unread."""
    refused = acme.post("hello", **{"Content-Type": content_type})
    assert refused.status_code == 415
    assert problem_of(refused)["type"].endswith(":unsupported-media-type")
    assert refused.headers["Accept"] == "application/json"
    patch = acme.http.patch(
        f"/partner/orders/{RANDOM_ID}", content="hello", headers={"Content-Type": content_type}
    )
    taken = "application/merge-patch+json, application/json"
    assert (patch.status_code, patch.headers["Accept-Patch"]) == (415, taken)


def test_an_order_needs_an_idempotency_key(acme: Partner) -> None:
    """A POST without a key is refused by the header's name, and with it in any case is not."""
    refused = acme.http.post("/partner/orders", json=ORDER)
    assert refused.status_code == 400
    assert problem_of(refused)["errors"][0]["pointer"] == "Idempotency-Key"
    for name in ("idempotency-key", "IDEMPOTENCY-KEY"):
        headers = {name: uuid.uuid4().hex}
        assert acme.http.post("/partner/orders", json=ORDER, headers=headers).status_code == 201


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
]
"""Methods of paths that are no route's, at every depth."""

NOT_ALLOWED = {
    **dict.fromkeys(("/orders", "/partner/orders"), "GET, HEAD, OPTIONS, POST"),
    **dict.fromkeys(("/orders/1", "/partner/orders/1"), "GET, HEAD, OPTIONS, PATCH"),
    "/health": "GET, HEAD, OPTIONS",
}
"""What each path has, which is what it answers to all that it has not."""


@pytest.mark.parametrize(("method", "path"), UNKNOWN)
@pytest.mark.parametrize("who", ["nobody", "a customer", "a partner", "a signer"])
def test_what_there_is_not_gets_404(stack: Endpoints, method: str, path: str, who: str) -> None:
    """An unknown path is a problem like any other, with or without credentials."""
    refused = httpx.request(method, stack.api_url + path, headers=sent_by(stack, who), timeout=30)
    assert refused.status_code == 404
    assert problem_of(refused)["type"].endswith(":no-such-route")
    assert "WWW-Authenticate" not in refused.headers


@pytest.mark.parametrize("path", NOT_ALLOWED)
@pytest.mark.parametrize("who", ["nobody", "a customer", "a partner", "a signer"])
def test_another_method_gets_405_and_is_told_which_there_are(
    stack: Endpoints, path: str, who: str
) -> None:
    """A method that a path has not is answered with those that it has (RFC 9110, 15.5.6)."""
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"} - {*NOT_ALLOWED[path].split(", ")}
    for method in methods:
        refused = httpx.request(
            method, stack.api_url + path, headers=sent_by(stack, who), timeout=30
        )
        assert (refused.status_code, refused.headers["Allow"]) == (405, NOT_ALLOWED[path])
        assert problem_of(refused)["type"].endswith(":method-not-allowed")


@pytest.mark.parametrize("path", NOT_ALLOWED)
def test_options_tells_what_there_is(stack: Endpoints, path: str) -> None:
    """Whoever asks is told which methods a path has, and which patches (RFC 5789, 3.1)."""
    told = httpx.request("OPTIONS", stack.api_url + path, timeout=30)
    assert told.status_code < 300
    assert told.headers["Allow"] == NOT_ALLOWED[path]
    patches = (
        "application/merge-patch+json, application/json"
        if "PATCH" in told.headers["Allow"]
        else None
    )
    assert told.headers.get("Accept-Patch") == patches


def sent_by(stack: Endpoints, who: str) -> dict[str, str]:
    """Give the headers by which somebody says who they are."""
    return {
        "nobody": {},
        "a customer": {"Authorization": stack.customer_token},
        "a partner": {"x-api-key": stack.partner_api_key},
        "a signer": {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"},
    }[who]


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
