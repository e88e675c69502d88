"""Who asks too much waits, and nobody else does."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import settings_of
from tests.shared.examples import ORDER
from tests.shared.people import aws, client_of, make_partner

if TYPE_CHECKING:
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


def test_placing_orders_has_a_limit_of_its_own(stack: Endpoints, acme: Partner) -> None:
    """With the limit of POST used up, reading still works: the method's limit is its own."""
    gateway = aws(stack, "apigateway")
    api_id = stack.api_url.split("/")[-2]
    before = settings_of("dev").placing_throttle

    def limit(rate: float, burst: int) -> None:
        path = "/~1partner~1orders/POST/throttling"
        gateway.update_stage(
            restApiId=api_id,
            stageName="v1",
            patchOperations=[
                {"op": "replace", "path": f"{path}/rateLimit", "value": str(rate)},
                {"op": "replace", "path": f"{path}/burstLimit", "value": str(burst)},
            ],
        )

    limit(1.0, 1)
    try:
        answers = [acme.post(ORDER) for _ in range(6)]
        throttled = [answer for answer in answers if answer.status_code == 429]
        assert throttled
        assert_throttled(throttled[0], ":too-many-requests")
        assert acme.page(limit=1).status_code == 200
    finally:
        limit(before.rate, before.burst)
