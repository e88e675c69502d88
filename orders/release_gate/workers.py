"""Messages to both workers, as the queues would bring them, of orders that concern nobody.

order placed ─► message to the new process_order ─► the same again ─► the same to the live one
          what comes of it once (its version counted) is what the live one makes of another order;
          and nothing comes of it twice
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from orders.custom_resource import Refused
from orders.domain.ids import timestamp_in
from orders.domain.synthetic import HEARTBEAT
from orders.release_gate.asking import LIVE, NEW, SIDES, Answer, compare, other
from orders.release_gate.comparing import difference
from orders.release_gate.plan import WORKERS
from orders.release_gate.requests import NOBODYS, compact, placing, reading

if TYPE_CHECKING:
    from orders.release_gate.asking import Versions

_QUEUE = "arn:aws:sqs:us-east-1:000000000000:release-gate"
_FAILED = ("retry", "dead")
_DEADLINE_OF = "deadlineOf"


def check_workers(versions: Versions, body: dict[str, Any], key: str) -> None:
    """Hand messages to both workers of both versions.

    Args:
        versions: which are asked.
        body: what is ordered.
        key: begins the Idempotency-Keys.

    Raises:
        Refused: when the new version makes something else of them.
    """
    versions.at = f"{key}: messages"
    placed = {}
    for side in SIDES:
        placed[side] = versions.ask(LIVE, placing(body, f"{key}-{side}-message"), 201).body
    ids = {side: order["orderId"] for side, order in placed.items()}
    _check_processing(versions, placed, ids)
    for side in SIDES:
        for image in (_image(placed[side]), {**_image(placed[side]), "synthetic": True}):
            _hand(versions, side, "notify_partner", _change(image, None), "an order's change")


def greet(versions: Versions, side: str, function: str) -> None:
    """Hand a worker the message of an order that nobody has placed.

    Raises:
        Refused: when it cannot take that.
    """
    image = {
        "orderId": NOBODYS,
        "timestamp": timestamp_in(NOBODYS),
        "customerId": HEARTBEAT,
        "partnerId": HEARTBEAT,
        "status": "PLACED",
        "updatedAt": timestamp_in(NOBODYS),
        "version": 1,
        "synthetic": True,
    }
    _hand(versions, side, function, _change(image, image), "a synthetic order", timed=False)


def _check_processing(versions: Versions, placed: dict[str, Any], ids: dict[str, str]) -> None:
    process = WORKERS[0]
    once: dict[str, Answer] = {}
    for side in SIDES:
        image = _image(placed[side])
        _hand(versions, side, process, _change(image, image), "a placed order")
        once[side] = versions.ask(LIVE, reading(ids[side]), 200)
    who = f"{process} version of the release"
    made = once[NEW]._replace(who=who, title="a placed order")
    compare(once[LIVE].form(ids[LIVE]), once[NEW].form(ids[NEW]), made)
    for side in SIDES:
        image = _image(placed[side])
        for again in (side, other(side)):
            _hand(versions, again, process, _change(image, image), "a placed order again")
        _hand(versions, side, process, compact({_DEADLINE_OF: ids[side]}), "a deadline")
        twice = versions.ask(LIVE, reading(ids[side]), 200)
        if difference(once[side].whole, twice.whole):
            raise Refused(f"{process}: a message that comes twice changes the order twice.")


def _hand(
    versions: Versions, side: str, function: str, body: str, what: str, *, timed: bool = True
) -> None:
    """Hand one message over.

    Raises:
        Refused: when it is put off, or buried.
    """
    record = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "none",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": _QUEUE,
        "awsRegion": "us-east-1",
    }
    log = versions.hand(side, function, {"Records": [record]}, what, timed=timed)
    for outcome in _outcomes(log, record["messageId"]):
        if outcome in _FAILED:
            raise Refused(f"{function} ({side}) gives {what} for {outcome}.")


def _outcomes(log: str, message_id: Any) -> list[str]:
    """Read from the end of a log what became of a message."""
    found = []
    for line in log.splitlines():
        _, brace, rest = line.partition("{")
        try:
            told = json.loads(brace + rest)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("messageId") == message_id:
            found.append(str(told.get("outcome")))
    return found


def _image(order: dict[str, Any]) -> dict[str, Any]:
    """Give an order as the table has it, as far as anybody asks; as if it were nobody's own."""
    stored = {name: value for name, value in order.items() if name != "createdAt"}
    stored["timestamp"] = order["createdAt"]
    stored["customerId"] = f"{HEARTBEAT}#{order['customerId']}"
    return stored


def _change(new: dict[str, Any], old: dict[str, Any] | None) -> str:
    """Write a record of the table's stream; with an old image nobody measures how fast it came."""
    record: dict[str, Any] = {
        "ApproximateCreationDateTime": int(time.time()),
        "NewImage": _typed(new)["M"],
    }
    if old is not None:
        record["OldImage"] = _typed(old)["M"]
    return compact({"eventName": "INSERT" if old is None else "MODIFY", "dynamodb": record})


def _typed(value: Any) -> dict[str, Any]:
    """Write a value as DynamoDB does."""
    if isinstance(value, dict):
        return {"M": {name: _typed(entry) for name, entry in value.items()}}
    if isinstance(value, list):
        return {"L": [_typed(entry) for entry in value]}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    return {"S": str(value)}
