"""Makes cases for what shows people text that somebody else may have written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fuzz.cases import Case
from tests.fuzz.making.hostile import BOMBS, STRINGS, VALUES
from tests.fuzz.making.messages import _body
from tests.fuzz.making.mutation import pick, spoiled
from tests.fuzz.tenants import order_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.making.mutation import Choose

_LONGEST = 256 * 1024  # of a message, and of a line of the log
_LINES = (
    {"level": "INFO", "message": "request", "route": "GET /orders", "status": 200}
    | {"milliseconds": 1.5, "coldStart": True, "orderId": "o", "requestId": "r"},
    {"level": "WARNING", "message": "message", "outcome": "retry", "receives": 2, "messageId": "m"}
    | {"reason": "failed: KeyError", "error": "KeyError"},
    {"level": "ERROR", "message": "event failed", "request": "Create"},
    {"level": "INFO", "message": "x", "exception": "Traceback\n  File"},
    {"_aws": {}, "OrdersCreated": [1.0]},
)
_SEGMENT = {
    "id": "0123456789abcdef",
    "trace_id": "1-6562a1b2-0123456789abcdef01234567",
    "name": "food-delivery-orders-dev-CreateOrderFunction0123ABCD-x",
    "origin": "AWS::Lambda::Function",
    "start_time": 1_795_000_000.1,
    "end_time": 1_795_000_000.2,
    "annotations": {"orderId": order_id(0), "outcome": "done", "partnerId": "acme"},
    "http": {
        "request": {"method": "POST", "url": "https://x/v1/orders"},
        "response": {"status": 1},
    },
    "subsegments": [
        {"id": "1123456789abcdef", "name": "DynamoDB", "start_time": 1.0, "namespace": "aws"}
        | {"aws": {"operation": "GetItem", "table_name": "t", "retries": 1, "consumed_rcu": 1.0}}
        | {"cause": {"exceptions": [{"type": "ValueError"}]}, "fault": True}
    ],
}


def _letters(choose: Choose) -> Case:
    attributes = {"ApproximateReceiveCount": "3", "SentTimestamp": "1795000000123"}
    event: dict[str, Any] = {"MessageId": pick(choose, STRINGS), "Attributes": attributes}
    event["Body"] = _body(choose) if choose(3) else pick(choose, STRINGS)
    if choose(2):
        reason = {"DataType": "String", "StringValue": pick(choose, STRINGS)}
        event["MessageAttributes"] = {"reason": reason}
    return Case(target="dlq_show", event=event)


def _traces(choose: Choose) -> Case:
    documents = []
    for _ in range(1 + choose(3)):
        document = json.loads(json.dumps(_SEGMENT))
        for _ in range(1 + choose(4)):
            document = spoiled(choose, document, STRINGS if choose(3) else VALUES)
        documents.append(json.dumps(document))
    if choose(5) == 0:
        documents.append(pick(choose, BOMBS)[:_LONGEST])
    return Case(target="trace", event=documents)


def _lines(choose: Choose) -> Case:
    lines = []
    for _ in range(1 + choose(3)):
        line = json.loads(json.dumps(pick(choose, _LINES)))
        for _ in range(choose(4)):
            line = spoiled(choose, line, STRINGS if choose(3) else VALUES)
        lines.append(json.dumps(line, ensure_ascii=bool(choose(2))))
    if choose(3) == 0:
        lines.append(pick(choose, STRINGS if choose(3) else BOMBS)[:_LONGEST])
    return Case(target="local_logs", event=lines)


def _latin(text: str) -> str:
    """Give what http.server would read: all that it takes is Latin-1."""
    return text.encode(errors="replace").decode("latin-1")


def _webhooks(choose: Choose) -> Case:
    headers = {"webhook-id": "e", "webhook-timestamp": "1795000000", "webhook-signature": "v1,x"}
    for _ in range(choose(3)):
        headers[pick(choose, tuple(headers))] = _latin(pick(choose, STRINGS))
    body: Any = {"type": "order.placed", "orderId": order_id(0)}
    for _ in range(choose(3)):
        body = spoiled(choose, body, STRINGS if choose(2) else VALUES)
    text = json.dumps(body) if choose(4) else pick(choose, BOMBS)[:_LONGEST]
    partner = "acme" if choose(2) else _latin(pick(choose, STRINGS))
    return Case(target="local_webhooks", event=[partner, headers, text])


def _partners(choose: Choose) -> Case:
    return Case(target="partners_ls", event=[pick(choose, STRINGS) for _ in range(4)])


SHOWN: dict[str, Callable[[Choose], Case]] = {
    "dlq_show": _letters,
    "trace": _traces,
    "partners_ls": _partners,
    "local_logs": _lines,
    "local_webhooks": _webhooks,
}
"""What makes cases for each screen."""
