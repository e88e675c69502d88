"""Wrong answers of a world, one for each probe: what it would see if AWS were not as claimed."""

from __future__ import annotations

import copy
import json
import re
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from ops.proof.world.answers import Answer, Request
    from ops.proof.world.world import World
    from ops.reach.target import Target


@dataclass(frozen=True)
class Lie:
    """What the world says wrongly, and which of what is seen shows it."""

    shows: str
    http: Callable[[Request, Answer], Answer] | None = None
    operation: str = ""
    aws: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    swallows: bool = False
    """Whether AWS's error is kept back, as if there were none."""
    patience: float = 0.3
    """How long is waited for what does not come, times what a probe asks for."""


class _Client:
    """A client of AWS whose answers to one operation are wrong."""

    def __init__(self, client: Any, lie: Lie, told: Event) -> None:
        self._client, self._lie, self._told = client, lie, told

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name == "get_paginator":
            return lambda operation: _Pages(found(operation), self._of(operation))
        return self._of(name, found) if name == self._lie.operation else found

    def _of(self, name: str, found: Any = None) -> Any:
        lie = self._lie

        def changed(answer: Any) -> Any:
            self._told.set()
            streams = "Payload" in answer
            mine = {**answer} if streams else copy.deepcopy(answer)
            return lie.aws(mine) if lie.aws else answer

        if found is None:
            return changed if name == lie.operation else lambda answer: answer

        def call(**given: Any) -> Any:
            try:
                return changed(found(**given))
            except ClientError:
                if lie.swallows:
                    self._told.set()
                    return {}
                raise

        return call


class _Pages:
    def __init__(self, paginator: Any, changed: Any) -> None:
        self._paginator, self._changed = paginator, changed

    def paginate(self, **given: Any) -> Iterator[Any]:
        return map(self._changed, self._paginator.paginate(**given))


def lying(world: World, lie: Lie, told: Event) -> World:
    """Give a world that lies, and that nobody has more patience with than a lie needs.

    Args:
        world: the one that tells the truth.
        lie: what it says instead.
        told: is set once it has lied.
    """
    target: Target = replace(
        world.target, client=lambda service: _Client(world.target.client(service), lie, told)
    )
    local = world.local
    assert local is not None

    def send(request: Request) -> Answer:
        truth = world.send(request)
        answer = lie.http(request, truth) if lie.http else truth
        if answer != truth:
            told.set()
        return answer

    return replace(
        world,
        target=target,
        send=send,
        local=replace(local, traces=_Client(local.traces, lie, told)),
        patience=lie.patience,
        noted=[],
    )


# --- Wrong answers over HTTP


def status(old: int, new: int, method: str = "") -> Any:
    """Answer with one status in the place of another."""
    return lambda request, answer: (
        answer._replace(status=new)
        if answer.status == old and method in ("", request.method)
        else answer
    )


def text(old: bytes, new: bytes, method: str = "") -> Any:
    """Answer with another text in the body."""
    return lambda request, answer: (
        answer._replace(body=answer.body.replace(old, new))
        if method in ("", request.method)
        else answer
    )


def header(name: str, value: str = "") -> Any:
    """Answer with another header, or without it."""

    def changed(_: Request, answer: Answer) -> Answer:
        others = {key: text for key, text in answer.headers.items() if key != name}
        had = name in answer.headers
        return answer._replace(headers={**others, name: value} if value and had else others)

    return changed


def _with_a_body(request: Request, answer: Answer) -> Answer:
    return answer._replace(body=b"x") if request.method == "HEAD" else answer


def _telling(_: Request, answer: Answer) -> Answer:
    return answer._replace(body=answer.body + b" Python") if answer.status >= 500 else answer


def _other_ids(request: Request, answer: Answer) -> Answer:
    if request.method != "POST" or answer.status != 201:
        return answer
    order = {**answer.json(), "orderId": str(uuid.uuid4())}
    return answer._replace(body=json.dumps(order).encode())


def _other_request(_: Request, answer: Answer) -> Answer:
    known = answer.json()
    if not isinstance(known, dict) or "requestId" not in known:
        return answer
    return answer._replace(body=json.dumps({**known, "requestId": str(uuid.uuid4())}).encode())


# --- Wrong answers of AWS


def _no_figures(answer: dict[str, Any]) -> dict[str, Any]:
    for result in answer["MetricDataResults"]:
        result["Values"] = [0.0 for _ in result["Values"]]
    return answer


def _late_figures(answer: dict[str, Any]) -> dict[str, Any]:
    for result in answer["MetricDataResults"]:
        result["Timestamps"] = [at + timedelta(seconds=30) for at in result["Timestamps"]]
    return answer


def events(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Any:
    """Tell other lines of a log."""
    return lambda answer: {**answer, "events": change(answer["events"])}


def more(message: str) -> Any:
    """Tell one line more."""
    return events(lambda found: [*found, {"message": message}])


def lines(old: str, new: str) -> Any:
    """Tell lines with another text in them."""
    return events(
        lambda found: [{**each, "message": re.sub(old, new, each["message"])} for each in found]
    )


def _twice(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell each line again, of another message."""
    other = rf'"messageId":"{uuid.uuid4()}"'
    again = [re.sub(r'"messageId":"[^"]+"', other, each["message"]) for each in found]
    return [*found, *({"message": each} for each in again)]


def _records(change: Callable[[dict[str, Any]], None]) -> Any:
    def changed(answer: dict[str, Any]) -> dict[str, Any]:
        for record in answer["Records"]:
            change(record["dynamodb"])
        return answer

    return changed


def _bodies(old: str, new: str) -> Any:
    def changed(answer: dict[str, Any]) -> dict[str, Any]:
        for message in answer.get("Messages", []):
            message["Body"] = message["Body"].replace(old, new)
        return answer

    return changed


def _without_attributes(answer: dict[str, Any]) -> dict[str, Any]:
    for message in answer.get("Messages", []):
        message.pop("Attributes", None)
    return answer


def _untagged(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "items": [{**item, "tags": {}} for item in answer["items"]]}


def put(**fields: Any) -> Any:
    """Answer with some fields changed."""
    return lambda answer: {**answer, **fields}


_METRICS, _LOGS, _INVOKE = "get_metric_data", "filter_log_events", "invoke"
_HIDDEN = 0.02
"""The patience for what a lie hides: no wait would show it."""
_NO_TRACES: dict[str, Any] = {
    "operation": "batch_get_traces",
    "aws": put(Traces=[]),
    "patience": _HIDDEN,
}
_NO_FIGURES: dict[str, Any] = {"operation": _METRICS, "aws": _no_figures, "patience": _HIDDEN}
_DENIED = '{"told":"AccessDenied"}'
_SMALL = {"throttleSettings": {"rateLimit": 10_000.0, "burstLimit": 1_000_000}}

LIES = {
    "models-refuse-no-json-alone": Lie("{", http=text(b"malformed-json", b"invalid-body")),
    "unknown-route": Lie("with a token", http=status(404, 403)),
    "no-model-no-check": Lie("text/plain", http=status(415, 201)),
    "answers-of-the-gateway-itself": Lie(
        "lines of the access log with its id", http=_other_request, patience=_HIDDEN
    ),
    "challenge-of-a-401": Lie("its challenge", http=header("www-authenticate")),
    "head-is-a-method": Lie("bytes of bodies", http=_with_a_body),
    "catch-all-of-routes": Lie("DELETE /orders", http=status(405, 404)),
    "plans-and-throttles": Lie("neither placed nor 429", http=status(429, 500)),
    "gateway-quotas": Lie("at once", operation="get_account", aws=put(**_SMALL)),
    "client-path": Lie("its Location", http=header("location", "/orders/without-its-stage")),
    "failed-function": Lie("tells of the failure", http=_telling),
    "api-key-identity": Lie("by another's key", http=status(404, 200)),
    "api-key-switched-off": Lie("after", http=status(403, 200), patience=_HIDDEN),
    "header-lines": Lie("two Idempotency-Keys", http=status(400, 201)),
    "header-names-by-case": Lie("in lower case", http=status(201, 400)),
    "keys-are-tagged": Lie("stage", operation="get_api_keys", aws=_untagged),
    "gateway-metrics": Lie("Count", **_NO_FIGURES),
    "access-log": Lie("refused", operation=_LOGS, aws=put(events=[]), patience=_HIDDEN),
    "gateway-traces": Lie("of the function", **_NO_TRACES),
    "functions-are-traced": Lie("functions", **_NO_TRACES),
    "stars-without-resources": Lie("subsegments", **_NO_TRACES),
    "id-token-without-scopes": Lie("access token", http=status(401, 200)),
    "groups-in-claims": Lie("as an operator", http=status(200, 403)),
    "transaction-is-whole": Lie("orders in the answers", http=_other_ids),
    "failed-condition-tells-the-item": Lie("stale", http=status(412, 409)),
    "units-by-size": Lie(
        "a write of 9 KB", operation="put_item", aws=put(ConsumedCapacity={"CapacityUnits": 1.0})
    ),
    "numbers-are-added-to-numbers": Lie("error", operation="update_item", swallows=True),
    "sizes-of-records": Lie(
        "the smaller one",
        operation="get_records",
        aws=_records(lambda record: record.update(SizeBytes=10)),
    ),
    "no-change-no-record": Lie(
        "sets what is there",
        operation="get_records",
        aws=_records(lambda record: record.update(NewImage={})),
    ),
    "table-metrics": Lie("write units", **_NO_FIGURES),
    "nothing-but-our-code": Lie(
        "errors of an import", operation=_LOGS, aws=more("No module named orders")
    ),
    "lambda-trusts-with-account": Lie("functions that ran", http=status(200, 502, "PATCH")),
    "logs-of-a-run": Lie(
        "lines", operation=_LOGS, aws=events(lambda found: found[::2]), patience=_HIDDEN
    ),
    "function-metrics": Lie("refused", operation=_INVOKE, swallows=True),
    "a-batch-needs-the-permission-for-one": Lie("AccessDenied", operation=_LOGS, aws=more(_DENIED)),
    "postponed-by-the-worker": Lie(
        "first pause",
        operation=_LOGS,
        aws=lines(r'"timestamp":"[^"]+"', '"timestamp":"2026-11-30T00:00:00.000Z"'),
    ),
    "pipe-one-record-a-message": Lie(
        "of the order", operation="receive_message", aws=_bodies("NewImage", "OldImage")
    ),
    "pipe-trusts-with-account": Lie(
        "state", operation="describe_pipe", aws=put(CurrentState="START_FAILED")
    ),
    "filter-on-bodies": Lie("process_order of a customer's", operation=_LOGS, aws=events(_twice)),
    "pipe-metrics": Lie("Invocations", **_NO_FIGURES),
    "topic-metrics": Lie("NumberOfMessagesPublished", **_NO_FIGURES),
    "queue-metrics": Lie("visible", **_NO_FIGURES),
    "partial-batches": Lie(
        "tries of them", operation=_LOGS, aws=events(lambda found: [*found, *found])
    ),
    "stream-keeps-a-day": Lie("while it stood", http=text(b'"PLACED"', b'"CONFIRMED"', "GET")),
    "schedules-are-permitted-in-their-group": Lie(
        "AccessDenied", operation=_LOGS, aws=more(_DENIED)
    ),
    "roles-are-passed-to-one-service": Lie("AccessDenied", operation=_LOGS, aws=more(_DENIED)),
    "one-shots-come-and-go": Lie(
        "while it waits",
        http=text(b'"PLACED"', b'"REJECTED"', "GET"),
        operation="list_schedules",
        aws=put(Schedules=[]),
        patience=_HIDDEN,
    ),
    "filter-by-either": Lie("moves", http=status(200, 409, "PATCH")),
    "minutes-of-figures": Lie("of them not full ones", operation=_METRICS, aws=_late_figures),
    "embedded-metrics": Lie("OrdersCreated", **_NO_FIGURES),
    "log-pages": Lie(
        "lines", operation=_LOGS, aws=events(lambda found: found[:-1]), patience=_HIDDEN
    ),
    "traces-through-messages": Lie(
        "the queue's header", operation="receive_message", aws=_without_attributes
    ),
    "topic-may-trace": Lie("a segment of the topic", **_NO_TRACES),
    "names-that-cloudformation-makes": Lie(
        "the output is the name", operation="describe_pipe", aws=put(Name="another")
    ),
    "an-answer-names-its-version": Lie(
        "by the alias", operation=_INVOKE, aws=put(ExecutedVersion="$LATEST")
    ),
    "a-version-is-what-was-there": Lie(
        "in the new version", operation="publish_version", aws=put(Environment={})
    ),
    "an-alias-moves-at-once": Lie(
        "met ten seconds later", operation=_INVOKE, aws=put(ExecutedVersion="0")
    ),
    "versions-share-a-reservation": Lie("refused", operation=_INVOKE, swallows=True),
}
"""By the claims: all those that the emulator can show."""
