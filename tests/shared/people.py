"""Callers of every kind, as HTTP clients."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import httpx

from local.demo.people import PEOPLE, Pool, access_token
from ops.live.function_variables import change, look
from ops.reach.clients import clients
from orders.partners import packed, unpacked

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from orders.domain.serving.servers import Bound


_DIRECTORY = {"apiKeyId": {"S": "#restaurants"}}


class Reachable(Protocol):
    """Whatever has AWS's services at an address: a running copy, or a bare emulator."""

    @property
    def aws_endpoint_url(self) -> str:
        """Their address."""


def aws(stack: Reachable, service: str) -> Any:
    """Give a client of one of the stack's AWS services."""
    return clients(stack.aws_endpoint_url)(service)


class NewPartner(NamedTuple):
    """A partner that a test has made for itself."""

    partner_id: str
    key_id: str
    key: str


def make_partner(stack: Endpoints, *, partner_id: str | None = None, plan: str) -> NewPartner:
    """Make an API key on a usage plan, for a new partner or for one that there is."""
    partner_id = partner_id or f"partner-{uuid.uuid4().hex[:8]}"
    gateway = aws(stack, "apigateway")
    key = gateway.create_api_key(name=f"test-{uuid.uuid4().hex[:8]}", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    item = {"apiKeyId": {"S": key["id"]}, "partnerId": {"S": partner_id}}
    aws(stack, "dynamodb").put_item(TableName=stack.tables["partners"], Item=item)
    return NewPartner(partner_id, key["id"], key["value"])


def enable(stack: Endpoints, key_id: str, *, enabled: bool) -> None:
    """Switch an API key on or off, as an operator does."""
    operation = {"op": "replace", "path": "/enabled", "value": str(enabled).lower()}
    aws(stack, "apigateway").update_api_key(apiKey=key_id, patchOperations=[operation])


def usage_plan(stack: Endpoints, name: str) -> str:
    """Find a usage plan's id by the end of its name."""
    plans = aws(stack, "apigateway").get_usage_plans(limit=500)["items"]
    return str(next(plan["id"] for plan in plans if plan["name"].endswith(f"-{name}")))


def caller_headers(stack: Endpoints) -> dict[str, dict[str, str]]:
    """Give the credentials of each kind of caller of tests.shared.access."""
    disabled = make_partner(stack, plan=usage_plan(stack, "standard"))
    enable(stack, disabled.key_id, enabled=False)
    pool = Pool(aws(stack, "cognito-idp"), stack.user_pool_id)
    return {
        "nobody": {},
        "a forger": {"x-api-key": "forged", "Authorization": "Bearer e30.e30.forged"},
        "partner": {"x-api-key": stack.partner_api_key},
        "disabled partner": {"x-api-key": disabled.key},
        "customer": {"Authorization": stack.customer_token},
        "customer's access token": {"Authorization": access_token(pool, next(iter(PEOPLE)))},
        "operator": {"Authorization": stack.operator_token},
        "staff": {"Authorization": stack.restaurant_token},
        "other staff": {"Authorization": stack.other_restaurant_token},
    }


def client_of(stack: Endpoints, headers: dict[str, str]) -> httpx.Client:
    """Make an HTTP client with some credentials."""
    return httpx.Client(base_url=stack.api_url, headers=headers, timeout=60)


def bind(stack: Endpoints, restaurant: str, bound: Bound) -> None:
    """Say who serves a restaurant, beside the others, and let functions start that know of it."""
    tables, partners = aws(stack, "dynamodb"), stack.tables["partners"]
    found = tables.get_item(TableName=partners, Key=_DIRECTORY).get("Item")
    known = {} if found is None else unpacked(found["restaurants"]["B"])
    item = {**_DIRECTORY, "restaurants": {"B": packed({**known, restaurant: bound})}}
    tables.put_item(TableName=partners, Item=item)
    renew(stack, "create_order")


def renew(stack: Endpoints, function: str) -> None:
    """Let new processes of a function take over, which know nothing yet."""
    functions, name = aws(stack, "lambda"), stack.functions[function]
    change(functions, look(functions, name), "STARTED_ANEW", uuid.uuid4().hex)
