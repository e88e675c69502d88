"""Callers without limits: a copy is measured, and tried by tests, quicker than anybody may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infrastructure.functions import Caller, names
from ops.live.function_variables import change, look
from ops.reach.clients import clients
from orders.settings import PERSON_THROTTLE

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

_ANY = 1_000_000


def lift(stack: Endpoints) -> None:
    """Let each partner and each person send as many requests as the routes take."""
    gateway = clients(stack.aws_endpoint_url)("apigateway")
    values = {"throttle/rateLimit": _ANY, "throttle/burstLimit": _ANY, "quota/limit": _ANY}
    seeded = stack.usage_plans.values()  # to be used up
    for plan in gateway.get_usage_plans(limit=500)["items"]:
        if plan["name"].startswith(stack.stack_name) and plan["id"] not in seeded:
            gateway.update_usage_plan(
                usagePlanId=plan["id"],
                patchOperations=[
                    {"op": "replace", "path": f"/{name}", "value": str(value)}
                    for name, value in values.items()
                ],
            )
    for name in names(Caller.API):
        limit_people(stack, stack.functions[name], _ANY, _ANY)


def limit_people(stack: Endpoints, function: str, rate: int, burst: int) -> None:
    """Limit each person's requests to a function; its environments start anew."""
    functions = clients(stack.aws_endpoint_url)("lambda")
    change(functions, look(functions, function), PERSON_THROTTLE, f"{rate} {burst}")
