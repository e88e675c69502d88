"""What reaches a function of a request: headers, keys, and what the access log keeps of it."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from ops.proof.probe import AtLeast, Like, Probe
from ops.proof.world import orders, reading
from ops.proof.world.cannot_tell import CannotTell
from ops.proof.world.orders import JSON
from ops.proof.world.reading import Metric
from orders.routes import STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_SOME = 20
_FUNCTION = "AWS::Lambda::Function"
_OURS = "partner_create_order"
"""The subsegment in which a handler does its work."""


def _identity(world: World) -> Mapping[str, object]:
    one, two = orders.partner(world), orders.partner(world, "two")
    order = orders.place(world, one)["orderId"]
    return {
        "by its own key": orders.read(world, one, order).told,
        "by another's key": orders.read(world, two, order).told,
        "without a key": world.ask("GET", f"/partner/orders/{order}").status,
    }


def _switched_off(world: World) -> Mapping[str, object]:
    by = orders.partner(world, "switched-off")
    before = world.ask("GET", "/partner/orders?limit=1", by.headers).status
    world.callers.disable(by)
    began = time.monotonic()

    def refused() -> bool:
        return world.ask("GET", "/partner/orders?limit=1", by.headers).status == 403

    seen = world.until(refused, 60, every=1)
    return {
        "before": before,
        "after": world.ask("GET", "/partner/orders?limit=1", by.headers).told,
        "within a minute": seen,
        "seconds": round(time.monotonic() - began, 1),
    }


def _lines(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    keys = [("Idempotency-Key", uuid.uuid4().hex) for _ in range(2)]
    two_keys = orders.post(world, by, orders.example(), *keys)
    order = orders.place(world, by)
    tag = orders.read(world, by, order["orderId"]).headers.get("etag", "")
    right = orders.patch(world, by, order["orderId"], {"note": "two lines"}, '"999"', tag)
    return {"two Idempotency-Keys": two_keys.status, "two If-Match, one right": right.status}


def _case(world: World) -> Mapping[str, object]:
    by, body = orders.partner(world), orders.example()
    names = {**by.headers, **JSON, "Idempotency-Key": uuid.uuid4().hex}
    text = json.dumps(body).encode()
    lower = world.ask("POST", "/partner/orders", {k.lower(): v for k, v in names.items()}, text)
    return {"in lower case": lower.status}


def _tagged(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    pages = world.client("apigateway").get_paginator("get_api_keys").paginate()
    found = [item for page in pages for item in page["items"] if item["id"] == by.key_id]
    tags = found[0].get("tags", {}) if found else {}
    return {
        "partner": tags.get("partner") == by.partner_id,
        "stage": tags.get("stage") == world.target.stage,
        "service": str(tags.get("service", "")),
    }


def gateway_metric(world: World, name: str) -> Metric:
    """Name a metric of the front door."""
    api = world.client("apigateway").get_rest_api(restApiId=world.output(outputs.REST_API_ID))
    return Metric("AWS/ApiGateway", name, {"ApiName": api["name"], "Stage": STAGE})


def _counted(world: World) -> Mapping[str, object]:
    metric, since = gateway_metric(world, "Count"), time.time()
    errors = gateway_metric(world, "4XXError")
    good = [world.ask("GET", "/health").status for _ in range(_SOME)]
    bad = [world.ask("GET", "/orders").status for _ in range(_SOME)]
    counted = reading.sum_of(world, metric, since, least=len(good) + len(bad))
    refused = reading.sum_of(world, errors, since, least=len(bad))
    return {"sent": len(good) + len(bad), "Count": counted, "4XXError": refused}


def _access_log(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    asked = {
        "refused": world.ask("GET", "/orders"),
        "unknown": world.ask("GET", "/nothing"),
        "a list": world.ask("GET", "/partner/orders?limit=1", by.headers),
        "a wrong key": world.ask("GET", "/partner/orders", {"x-api-key": "0" * 40}),
    }
    group = reading.access_log(world)
    return {
        name: len(reading.lines(world, group, since, f'"{answer.request_id}"'))
        for name, answer in asked.items()
    }


def _traced(world: World) -> Mapping[str, object]:
    by, root = orders.partner(world), reading.begin_trace()
    headers = {**by.headers, "X-Amzn-Trace-Id": root.header}
    answer = world.ask("GET", "/partner/orders?limit=1", headers)
    wanted = {"of the gateway": "AWS::ApiGateway::Stage", "of the function": _FUNCTION}
    found = reading.segments(world, root.id, lambda found: _origins(found) >= {*wanted.values()})
    there = _origins(found)
    return {
        "answer's trace": root.id in answer.headers.get("x-amzn-trace-id", ""),
        **{name: origin in there for name, origin in wanted.items()},
    }


def _origins(segments: list[dict[str, Any]]) -> set[object]:
    return {each.get("origin") for each in segments}


def _subsegments(world: World) -> Mapping[str, object]:
    by, root = orders.partner(world), reading.begin_trace()
    lines = (("X-Amzn-Trace-Id", root.header),)
    placed = orders.post(world, by, orders.example(), *lines)
    if placed.status != 201:
        raise CannotTell(f"An order was refused: {placed.told}.")
    found = reading.segments(world, root.id, lambda found: _OURS in _below(found))
    functions, below = _functions(found), _below(found)
    return {"functions": len(functions), "below it": len(below), "names": " ".join(sorted(below))}


def _functions(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in segments if each.get("origin") == _FUNCTION]


def _below(segments: list[dict[str, Any]]) -> list[str]:
    """Name what stands below a function: inside of its segment, or sent by itself."""
    functions = _functions(segments)
    inside = [sub for each in functions for sub in each.get("subsegments", [])]
    ids = {each["id"] for each in functions}
    below = [*inside, *(each for each in segments if each.get("parent_id") in ids)]
    return [str(each.get("name")) for each in below]


def _segments_are_taken(world: World) -> Mapping[str, object]:
    found = _subsegments(world)
    return {"subsegments": found["below it"]}


PROBES = (
    Probe(
        claim="api-key-identity",
        look=_identity,
        expected={
            "by its own key": "200",
            "by another's key": "404 order-not-found",
            "without a key": 403,
        },
        seconds=60,
    ),
    Probe(
        claim="api-key-switched-off",
        look=_switched_off,
        expected={"before": 200, "after": "403 invalid-api-key", "within a minute": True},
        seconds=90,
    ),
    Probe(
        claim="header-lines",
        look=_lines,
        expected={"two Idempotency-Keys": 400, "two If-Match, one right": 200},
    ),
    Probe(claim="header-names-by-case", look=_case, expected={"in lower case": 201}),
    Probe(
        claim="keys-are-tagged",
        look=_tagged,
        expected={"partner": True, "stage": True, "service": "food-delivery-orders"},
    ),
    Probe(
        claim="gateway-metrics",
        look=_counted,
        expected={"sent": 2 * _SOME, "Count": AtLeast(2 * _SOME), "4XXError": AtLeast(_SOME)},
        seconds=200,
    ),
    Probe(
        claim="access-log",
        look=_access_log,
        expected=dict.fromkeys(("refused", "unknown", "a list", "a wrong key"), 1),
        seconds=90,
    ),
    Probe(
        claim="gateway-traces",
        look=_traced,
        expected={"answer's trace": True, "of the gateway": True, "of the function": True},
        only_on_aws=("answer's trace",),
        seconds=60,
    ),
    Probe(
        claim="functions-are-traced",
        look=_subsegments,
        expected={
            "functions": AtLeast(1),
            "below it": AtLeast(1),
            "names": Like(f".*{_OURS}.*"),
        },
        seconds=60,
    ),
    Probe(
        claim="stars-without-resources",
        look=_segments_are_taken,
        expected={"subsegments": AtLeast(1)},
        seconds=60,
    ),
)
"""Each with what is seen where its claim holds."""
