"""What a time's orders left behind: log lines, stored orders, a template small enough to read."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ops.costs.consumption import ACCESS_LOG, Consumption
from orders.domain.changes import place, place_for_partner
from orders.domain.lifecycle import Role
from orders.domain.order import NewOrder, NewPartnerOrder
from tests.shared.examples import ORDER

REPORT = (
    "REPORT RequestId: 1\tDuration: 99.5 ms\tBilled Duration: 100 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 40 MB\tInit Duration: 90 ms"
)
MOMENT = 1_790_000_000_000

TEMPLATE = {
    "Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Pipe": {"Type": "AWS::Pipes::Pipe"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Dashboard": {"Type": "AWS::CloudWatch::Dashboard"},
        "Create": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "orders.handlers.create_order.handler",
                "Architectures": ["arm64"],
                "MemorySize": 512,
            },
        },
        "Orders": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                "BillingMode": "PROVISIONED",
                "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
                "Replicas": [{}],
            },
        },
    }
}


def request(route: str = "POST /orders", **changes: Any) -> str:
    line = {"route": route, "status": 201, "readUnits": 0.0, "writeUnits": 0.0, "coldStart": False}
    placed = {"caller": "customer", "orderId": "o", "replayed": False}
    return json.dumps({"message": "request", **line, **placed, **changes})


def stored(partner: str | None = None, **changes: Any) -> dict[str, Any]:
    """Give the example order as it is stored when it was placed."""
    if partner:
        body = msgspec.convert({**ORDER, **changes}, NewPartnerOrder)
        return place_for_partner(body, partner, MOMENT)
    own = {name: value for name, value in ORDER.items() if name != "customerId"}
    return place(msgspec.convert({**own, **changes}, NewOrder), "ann", Role.CUSTOMER, MOMENT)


def consumed() -> Consumption:
    """Two orders of a partner, one of a customer; a change, two reads and a list of three."""
    found = Consumption()
    for number, caller in enumerate(("partner", "partner", "customer")):
        found.take("create_order", request(caller=caller, orderId=f"o{number}"))
        found.take("create_order", REPORT)
    found.take("create_order", request(replayed=True))
    found.take("create_order", request(status=422))
    patch = "PATCH /orders/{orderId}"
    found.take("update_order", request(patch, status=200, writeUnits=3.0, coldStart=True))
    found.take("update_order", request(patch, status=409, writeUnits=1.0))
    for _ in range(2):
        found.take("get_order", request("GET /orders/{orderId}", status=200, readUnits=1.0))
    found.take("list_orders", request("GET /orders", status=200, readUnits=0.5, orders=3))
    confirmed = {"message": "message", "outcome": "confirmed", "writeUnits": 3.0}
    for _ in range(3):
        found.take("process_order", json.dumps(confirmed))
    for _ in range(9):
        access = {"route": "/orders", "status": "201", "responseLength": "1000"}
        found.take(ACCESS_LOG, json.dumps(access))
    return found
