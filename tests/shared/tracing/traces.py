"""The traces of an order that X-Ray could tell of: request, topic and worker."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from orders.domain.ids import new_order_id

if TYPE_CHECKING:
    from local.console.xray import Collector

HEADER = b'{"format": "json", "version": 1}\n'
NOW = time.time()
ORDER = new_order_id(int(NOW * 1000))
REQUEST, TOPIC, WORKER, LONE = (f"1-{int(NOW):08x}-{number:024x}" for number in range(4))


def part(trace_id: str, number: int, start: float, **more: Any) -> dict[str, Any]:
    """Make a segment of 100 ms."""
    times = {"start_time": NOW + start, "end_time": NOW + start + 0.1}
    return {"trace_id": trace_id, "id": f"{number:016x}", "name": "part", **times, **more}


POST = {"request": {"method": "POST", "url": "/v1/partner/orders"}, "response": {"status": 201}}
DOCUMENTS = [
    part(
        *(REQUEST, 1, 0),
        name="food-delivery-orders-dev/v1",
        origin="AWS::ApiGateway::Stage",
        http=POST,
    ),
    part(
        *(REQUEST, 2, 0.01),
        parent_id=f"{1:016x}",
        name="create_order",
        type="subsegment",
        annotations={"orderId": ORDER},
    ),
    part(
        *(REQUEST, 3, 0.02),
        parent_id=f"{2:016x}",
        name="DynamoDB",
        namespace="aws",
        type="subsegment",
        throttle=True,
        aws={"operation": "PutItem", "table_name": "Orders", "consumed_wcu": 4.0, "retries": 2},
    ),
    part(TOPIC, 1, 0.3, origin="AWS::SNS::Topic", name="order-changes"),
    part(
        *(WORKER, 1, 0.6),
        origin="AWS::Lambda",
        name="food-delivery-orders-dev-NotifyPartnerFunction9B930F73F8AE00C4E0",
        links=[{"trace_id": TOPIC, "id": f"{1:016x}"}],
    ),
    part(
        *(WORKER, 2, 0.65),
        parent_id=f"{1:016x}",
        name="message",
        type="subsegment",
        fault=True,
        annotations={"requestTraceId": REQUEST, "outcome": "retry \x1b[2Jnow"},
    ),
]


def fill(xray: Collector, *documents: dict[str, Any]) -> None:
    for document in documents:
        xray.traces.take(HEADER + json.dumps(document).encode())
