"""What pages on allowed and on foreign origins may read, as a browser would decide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from orders.cors import EXPOSED_HEADERS
from orders.routes import ROUTES

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

FOREIGN = "https://evil.example"
PATHS = sorted({route.path.replace("{orderId}", "42") for route in ROUTES} | {"/health", "/nope"})
ANSWERS = [
    ("GET", "/orders", "customer", 200),
    ("GET", "/orders/42", "customer", 404),
    ("GET", "/orders?limit=x", "customer", 400),
    ("POST", "/orders", "customer", 400),
    ("GET", "/orders", None, 401),
    ("GET", "/partner/orders", None, 403),
    ("GET", "/nope", None, 404),
    ("GET", "/health", None, 200),
]


def ask(stack: Endpoints, method: str, path: str, who: str | None, origin: str) -> httpx.Response:
    """Send a request as a page on an origin would."""
    headers = {"Origin": origin}
    if who:
        headers["Authorization"] = stack.customer_token
    return httpx.request(method, stack.api_url + path, headers=headers, timeout=30)


@pytest.mark.parametrize(("method", "path", "who", "status"), ANSWERS)
def test_an_allowed_page_can_read_every_answer(
    stack: Endpoints, method: str, path: str, who: str | None, status: int
) -> None:
    """Successes, a function's errors and API Gateway's errors permit the stage's origin."""
    answer = ask(stack, method, path, who, stack.web_origin)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == stack.web_origin
    assert answer.headers["Vary"] == "Origin"
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {*EXPOSED_HEADERS, *({"X-Release"} if path == "/health" else ())}


@pytest.mark.parametrize(("method", "path", "who", "status"), ANSWERS)
def test_a_foreign_page_can_read_no_answer(
    stack: Endpoints, method: str, path: str, who: str | None, status: int
) -> None:
    """No answer permits an origin that is not on the list, nor every origin."""
    answer = ask(stack, method, path, who, FOREIGN)
    assert answer.status_code == status
    assert answer.headers.get("Access-Control-Allow-Origin") not in {FOREIGN, "*"}


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/nope"])
def test_preflights_permit_the_stage_s_origin_only(stack: Endpoints, path: str) -> None:
    """Every path answers preflights with the allowed origin, methods and headers, for two hours."""
    for origin in (stack.web_origin, FOREIGN):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = httpx.options(stack.api_url + path, headers=headers, timeout=30)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == stack.web_origin
        assert answer.headers["Access-Control-Max-Age"] == "7200"
        assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
