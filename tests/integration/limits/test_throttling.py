"""Who asks too much waits, and nobody else does."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import settings_of
from local.demo.unlimited import limit_people
from tests.shared.examples import ORDER, order
from tests.shared.people import aws, client_of, make_partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


@pytest.fixture
def small_plan(stack: Endpoints) -> str:
    """A usage plan of one request a second and three at once."""
    gateway = aws(stack, "apigateway")
    api_id = stack.api_url.split("/")[-2]
    plan = gateway.create_usage_plan(
        name=f"small-{uuid.uuid4().hex[:6]}",
        throttle={"rateLimit": 1.0, "burstLimit": 3},
        quota={"limit": 1_000, "period": "DAY"},
        apiStages=[{"apiId": api_id, "stage": "v1"}],
    )
    return str(plan["id"])


def assert_throttled(answer: Any, name: str) -> None:
    """Check that an answer is a 429 with all that belongs to it."""
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith(name)


def test_a_partner_over_its_rate_waits_and_others_do_not(
    stack: Endpoints, acme: Partner, small_plan: str
) -> None:
    """429 with Retry-After and a problem for the one; the other is served meanwhile."""
    busy = make_partner(stack, plan=small_plan)
    with client_of(stack, {"x-api-key": busy.key}) as client:
        answers = [client.get("/partner/orders") for _ in range(12)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:3] == [200, 200, 200]
        throttled = next(answer for answer in answers if answer.status_code == 429)
        assert_throttled(throttled, ":too-many-requests")
        assert int(throttled.headers["Retry-After"]) >= 1
        assert acme.page(limit=1).status_code == 200


def test_a_quota_ends(stack: Endpoints, small_plan: str) -> None:
    """After the day's last request the plan answers 429 and says that it is the quota."""
    gateway = aws(stack, "apigateway")
    operation = {"op": "replace", "path": "/quota/limit", "value": "2"}
    gateway.update_usage_plan(usagePlanId=small_plan, patchOperations=[operation])
    partner = make_partner(stack, plan=small_plan)
    with client_of(stack, {"x-api-key": partner.key}) as client:
        answers = [client.get("/partner/orders") for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert_throttled(answers[2], ":quota-exceeded")


@contextmanager
def placing_limited(stack: Endpoints, rate: float, burst: int) -> Iterator[None]:
    """Limit both routes that place orders, for a while, with all of their burst to begin with."""
    before = settings_of("dev").placing_throttle
    _limit_placing(stack, 10**6, 10**6)
    for path in ("/partner/orders", "/orders"):
        with client_of(stack, callers(stack)) as client:
            assert client.post(path).status_code == 400  # but the route's tokens are there again
    _limit_placing(stack, rate, burst)
    try:
        yield
    finally:
        _limit_placing(stack, before.rate, before.burst)


def _limit_placing(stack: Endpoints, rate: float, burst: int) -> None:
    aws(stack, "apigateway").update_stage(
        restApiId=stack.api_url.split("/")[-2],
        stageName="v1",
        patchOperations=[
            {"op": "replace", "path": f"/{path}/POST/throttling/{name}Limit", "value": str(value)}
            for path in ("~1orders", "~1partner~1orders")
            for name, value in (("rate", rate), ("burst", burst))
        ],
    )


def test_placing_orders_has_a_limit_of_its_own(stack: Endpoints, acme: Partner) -> None:
    """With the limit of POST used up, reading still works: the method's limit is its own."""
    with placing_limited(stack, 1.0, 1):
        answers = [acme.post(ORDER) for _ in range(6)]
        throttled = [answer for answer in answers if answer.status_code == 429]
        assert throttled
        assert_throttled(throttled[0], ":too-many-requests")
        assert acme.page(limit=1).status_code == 200


@contextmanager
def creating_limited(stack: Endpoints, most: int) -> Iterator[None]:
    """Let create_order run only so many times at once, for a while."""
    functions, name = aws(stack, "lambda"), stack.functions["create_order"]
    before = functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=most)
    try:
        yield
    finally:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=before)


def callers(stack: Endpoints) -> dict[str, str]:
    """Say in one who calls, by either route."""
    return {"x-api-key": stack.partner_api_key, "Authorization": stack.customer_token}


def statuses_of_a_burst(stack: Endpoints) -> Counter[int]:
    """Place fifteen orders by each of the two routes, all at the same moment."""
    partner, customer = order(), order()
    del customer["customerId"]
    sent = 15 * [("/partner/orders", partner), ("/orders", customer)]

    def place(path: str, body: Any) -> httpx.Response:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return client.post(path, json=body, headers=headers)

    with client_of(stack, callers(stack)) as client, ThreadPoolExecutor(len(sent)) as pool:
        answers = list(pool.map(place, *zip(*sent, strict=True)))
    for answer in answers:
        if answer.status_code == 429:
            assert_throttled(answer, ":too-many-requests")
        if answer.status_code != 201:
            assert int(answer.headers["Retry-After"]) >= 1
    return Counter(answer.status_code for answer in answers)


def test_both_routes_bursts_are_served_or_told_to_come_back(stack: Endpoints) -> None:
    """As many as both routes let through together can run: all others get 429, nobody a 500."""
    with placing_limited(stack, 0.01, 5), creating_limited(stack, 5 + 5):
        assert statuses_of_a_burst(stack) == {201: 10, 429: 20}


def test_more_than_can_run_is_a_failure(stack: Endpoints) -> None:
    """Were fewer reserved than the routes let through, callers would get 500 from the gateway."""
    with placing_limited(stack, 0.01, 5), creating_limited(stack, 1):
        statuses = statuses_of_a_burst(stack)
    assert statuses[429] == 20
    assert statuses[500] >= 1


def test_a_person_over_its_rate_waits_and_others_do_not(stack: Endpoints) -> None:
    """429 as for a partner, by the function itself; another customer is served meanwhile."""
    function = stack.functions["list_orders"]
    limit_people(stack, function, 1, 3)
    try:
        with (
            client_of(stack, {"Authorization": stack.customer_token}) as hostile,
            client_of(stack, {"Authorization": stack.other_customer_token}) as other,
        ):
            answers = [hostile.get("/orders") for _ in range(12)]
            assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
            throttled = next(answer for answer in answers if answer.status_code == 429)
            assert_throttled(throttled, ":too-many-requests")
            assert int(throttled.headers["Retry-After"]) >= 1
            assert throttled.json()["requestId"]
            assert other.get("/orders").status_code == 200
    finally:
        limit_people(stack, function, 10**6, 10**6)
