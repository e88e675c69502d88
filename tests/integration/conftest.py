"""Clients of the running stack, and its handlers run by hand."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.integration.laboratories import rest_api
from tests.shared.examples import order
from tests.shared.fresh import forget
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.rest_api import Laboratory

_SAVED_SECONDS = 120.0


class Partner:
    """A partner's HTTP client."""

    def __init__(self, api_url: str, api_key: str) -> None:
        """Connect with a key; a hundred requests may run at once."""
        limits = httpx.Limits(max_connections=200)
        headers = {"x-api-key": api_key}
        self.http = httpx.Client(base_url=api_url, headers=headers, limits=limits, timeout=60)

    def post(self, body: Any, *, key: str | None = None, **headers: str) -> httpx.Response:
        """Place an order; without a key, with a new one."""
        headers["Idempotency-Key"] = key or uuid.uuid4().hex
        if isinstance(body, str):
            headers.setdefault("Content-Type", "application/json")
            return self.http.post("/partner/orders", content=body.encode(), headers=headers)
        return self.http.post("/partner/orders", json=body, headers=headers)

    def place(self, **changes: Any) -> dict[str, Any]:
        """Place the example order, and give it."""
        response = self.post(order(**changes))
        assert response.status_code == 201, response.text
        placed: dict[str, Any] = response.json()
        return placed

    def get(self, order_id: str, **headers: str) -> httpx.Response:
        """Read one order."""
        return self.http.get(f"/partner/orders/{order_id}", headers=headers)

    def page(self, **query: Any) -> httpx.Response:
        """Read a page."""
        return self.http.get("/partner/orders", params=query)

    def all(self, **query: Any) -> list[dict[str, Any]]:
        """Read every page."""
        found, cursor = [], None
        while True:
            page = self.page(**query, **({"cursor": cursor} if cursor else {})).json()
            found += page["orders"]
            cursor = page["cursor"]
            if cursor is None:
                return found

    def patch(self, order_id: str, body: Any, **headers: str) -> httpx.Response:
        """Change one order; `if_match` is the header."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.patch(f"/partner/orders/{order_id}", json=body, headers=sent)


@pytest.fixture(scope="session")
def laboratory(stack: Endpoints) -> Laboratory:
    """An API of its own on the stack, of which there can be one."""
    return rest_api.build(stack)


@pytest.fixture
def acme(stack: Endpoints) -> Iterator[Partner]:
    """A partner."""
    partner = Partner(stack.api_url, stack.partner_api_key)
    with partner.http:
        yield partner


@pytest.fixture
def bella(stack: Endpoints) -> Iterator[Partner]:
    """Another partner."""
    partner = Partner(stack.api_url, stack.other_partner_api_key)
    with partner.http:
        yield partner


@pytest.fixture
def dynamodb(stack: Endpoints) -> Any:
    """A DynamoDB client on the stack's tables."""
    return aws(stack, "dynamodb")


@pytest.fixture
def api_key_id(stack: Endpoints, dynamodb: Any) -> str:
    """The id of acme's API key, as API Gateway tells it to the functions."""
    entries = dynamodb.scan(TableName=stack.tables["partners"])["Items"]
    (found,) = (
        e["apiKeyId"]["S"] for e in entries if e.get("partnerId") == {"S": stack.partner_id}
    )
    return str(found)


def function_environment(stack: Endpoints) -> dict[str, str]:
    """Give the environment with which a handler finds the stack's tables."""
    return {
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
        "AWS_REGION": stack.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "STAGE": "dev",
        "ORDERS_TABLE": stack.tables["orders"],
        "IDEMPOTENCY_TABLE": stack.tables["idempotency_keys"],
        "PARTNERS_TABLE": stack.tables["partners"],
        "IDEMPOTENCY_HOURS": "24",
        "PRICE_QUOTES": "checked",
        "PRICE_KEYS": "-",
        "ACCEPT_MINUTES": "2",
        "ACCEPT_LEAD_MINUTES": "60",
        "FLAGS_PARAMETER": stack.parameters["flags"],
    }


def wait_until_saved(stack: Endpoints, order_id: str) -> None:
    """Wait until the copy has saved a state with an order in it, and with all that came before."""
    state = Path(stack.server_pem).parent / "state" / "dynamodb.json"
    deadline = time.monotonic() + _SAVED_SECONDS
    while not state.exists() or order_id not in state.read_text():
        assert time.monotonic() < deadline, f"{order_id} is not in {state}"
        time.sleep(0.1)


@pytest.fixture
def fresh_function(stack: Endpoints) -> Iterator[None]:
    """Let handlers run in this process, as in a function that has just started."""
    with pytest.MonkeyPatch.context() as patch:  # of its own: undone after all of a test's
        for name, value in function_environment(stack).items():
            patch.setenv(name, value)
        forget()
        yield
        forget()
