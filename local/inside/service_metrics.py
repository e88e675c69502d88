"""What AWS's services tell CloudWatch of themselves, told by the emulator's. Runs inside it.

Names, dimensions and units are AWS's, so that the template's dashboard and anybody's
`aws cloudwatch get-metric-data` find here what they find there.
"""
# ruff: noqa: SLF001 - what is measured is private to ministack

from __future__ import annotations

import asyncio
import functools
import json
import time
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

from local.inside.metric_store import milliseconds, record

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAMPLE_SECONDS = 15.0


def function_figures() -> None:
    """Tell of each run of a function, whoever called it, and of how many ran beside it.

    AWS: AWS/Lambda by FunctionName; a run that was throttled is no invocation (Lambda developer
    guide, "Types of metrics for Lambda functions"). ministack tells of those alone that came
    through the API action Invoke. The duration includes the start of the environment here.
    """
    functions = _module("services.lambda_svc")
    dispatch = functions._execute_function_dispatch

    @functools.wraps(dispatch)
    def telling(func: Any, config: dict[str, Any], *arguments: Any) -> Any:
        beside = functions._inflight.get(functions._inflight_key(config), 1)
        begun = time.perf_counter()
        result: Any = {"error": True}
        try:
            result = dispatch(func, config, *arguments)
        finally:
            dimensions = {"FunctionName": config.get("FunctionName", "unknown")}
            failed = bool(isinstance(result, dict) and result.get("error"))
            counts = {"Invocations": 1, "Errors": int(failed), "Throttles": 0}
            record("AWS/Lambda", dimensions, counts | {"ConcurrentExecutions": beside}, "Count")
            duration = {"Duration": milliseconds(time.perf_counter() - begun)}
            record("AWS/Lambda", dimensions, duration, "Milliseconds")
        return result

    @functools.wraps(functions._emit_lambda_metrics)
    def throttles(name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: FBT001 - ministack's signature
        # ministack tells the same throttle twice when it came through Invoke, then with a duration.
        if throttle and not duration_ms and not error:
            record("AWS/Lambda", {"FunctionName": name}, {"Throttles": 1}, "Count")

    functions._execute_function_dispatch = telling
    functions._emit_lambda_metrics = throttles


def queue_figures() -> None:
    """Tell how many messages each queue has, how old the oldest is, and what came and went.

    AWS: AWS/SQS by QueueName, each minute, for a queue in use (SQS developer guide, "Available
    CloudWatch metrics for Amazon SQS").
    """
    _count_requests_to_queues()
    _count_what_topics_send()
    _count_what_functions_take()
    _sample_from_the_start()


def _tell_queue(url: str, **values: float) -> None:
    record("AWS/SQS", {"QueueName": url.rstrip("/").rpartition("/")[2]}, values, "Count")


def _count_requests_to_queues() -> None:
    queues = _module("services.sqs")
    dispatch = queues._dispatch

    @functools.wraps(dispatch)
    async def telling(action: str, data: dict[str, Any], url: str) -> Any:
        result = await dispatch(action, data, url)
        if action in _TRAFFIC:
            name, member = _TRAFFIC[action]
            count = len((result or {}).get(member, ())) if member else 1
            told = {name: count} if count else {"NumberOfEmptyReceives": 1}
            _tell_queue(data.get("QueueUrl", url), **told)
        return result

    queues._dispatch = telling


_TRAFFIC = {
    "SendMessage": ("NumberOfMessagesSent", None),
    "SendMessageBatch": ("NumberOfMessagesSent", "Successful"),
    "ReceiveMessage": ("NumberOfMessagesReceived", "Messages"),
    "DeleteMessage": ("NumberOfMessagesDeleted", None),
    "DeleteMessageBatch": ("NumberOfMessagesDeleted", "Successful"),
}
"""The metric of an action, and the member of its answer that has one element for each message."""


def _count_what_topics_send() -> None:
    queues, topics = _module("services.sqs"), _module("services.sns")
    deliver, complete = topics._deliver_to_sqs, queues._ensure_msg_fields
    sent: ContextVar[list[Any] | None] = ContextVar("sent", default=None)

    @functools.wraps(complete)
    def noting_sent(message: dict[str, Any]) -> None:
        complete(message)
        if (noted := sent.get()) is not None:
            noted.append(message)

    @functools.wraps(deliver)
    def telling(endpoint: str, *arguments: Any, **options: Any) -> None:
        noted: list[Any] = []
        token = sent.set(noted)
        try:
            deliver(endpoint, *arguments, **options)
        finally:
            sent.reset(token)
        if noted:
            _tell_queue(endpoint.replace(":", "/"), NumberOfMessagesSent=len(noted))
            _tell_topic(options.get("topic_arn", ""), "NumberOfNotificationsDelivered")

    queues._ensure_msg_fields, topics._deliver_to_sqs = noting_sent, telling


def _count_what_functions_take() -> None:
    queues = _module("services.sqs")
    take, delete = queues._receive_messages_for_esm, queues._delete_messages_for_esm

    @functools.wraps(take)
    def telling_taken(url: str, *arguments: Any) -> Any:
        messages = take(url, *arguments)
        if messages:
            _tell_queue(url, NumberOfMessagesReceived=len(messages))
        return messages

    @functools.wraps(delete)
    def telling_deleted(url: str, handles: set[str]) -> None:
        delete(url, handles)
        if handles:
            _tell_queue(url, NumberOfMessagesDeleted=len(handles))

    queues._receive_messages_for_esm = telling_taken
    queues._delete_messages_for_esm = telling_deleted


def _sample_from_the_start() -> None:
    app = _module("app")
    serve = app.app
    sampling: list[asyncio.Task[None]] = []

    @functools.wraps(serve)
    async def sampled(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            sampling.append(asyncio.get_running_loop().create_task(_sample_queues()))
        await serve(scope, receive, send)

    app.app = sampled


async def _sample_queues() -> None:
    figures = _module("services.cloudwatch")
    while True:
        _sample_all_queues()
        # Also when nobody reads: what is too old goes.
        figures._evict_old_metrics()
        await asyncio.sleep(_SAMPLE_SECONDS)


def _sample_all_queues() -> None:
    queues = _module("services.sqs")
    now = time.time()
    for url, queue in list(queues._queues.items()):
        messages = list(queue["messages"])
        visible = [message for message in messages if message["visible_at"] <= now]
        delayed = sum(
            message["visible_at"] > now and not message["receive_count"] for message in messages
        )
        dimensions = {"QueueName": url.rpartition("/")[2]}
        counts = {
            "ApproximateNumberOfMessagesVisible": len(visible),
            "ApproximateNumberOfMessagesDelayed": delayed,
            "ApproximateNumberOfMessagesNotVisible": len(messages) - len(visible) - delayed,
        }
        oldest = min((message["sent_at"] for message in messages), default=now)
        record("AWS/SQS", dimensions, counts, "Count")
        age = {"ApproximateAgeOfOldestMessage": int(now - oldest)}
        record("AWS/SQS", dimensions, age, "Seconds")


def table_figures() -> None:
    """Tell of each DynamoDB request: its latency, its refusal, the capacity that it used.

    AWS: AWS/DynamoDB; capacity by TableName, and by TableName and GlobalSecondaryIndexName for an
    index; latency by TableName and Operation (DynamoDB developer guide, "Metrics and dimensions").
    Reads by BatchGetItem and TransactGetItems are told without their capacity.
    """
    _time_requests_to_tables()
    _count_units_of_single_requests()
    _count_units_of_many_writes()


def _time_requests_to_tables() -> None:
    tables = _module("services.dynamodb")
    serve = tables.handle_request

    @functools.wraps(serve)
    async def telling(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        begun = time.perf_counter()
        answer = await serve(method, path, headers, body, query)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in _OPERATIONS:
            _tell_operation(operation, body, answer, time.perf_counter() - begun)
        return answer

    tables.handle_request = telling


def _count_units_of_single_requests() -> None:
    tables = _module("services.dynamodb")
    capacity = tables._add_consumed_capacity

    @functools.wraps(capacity)
    def telling(
        result: dict[str, Any], data: dict[str, Any], table: str, *arguments: Any, **options: Any
    ) -> None:
        counted: dict[str, Any] = {}
        indexed = {**data, "ReturnConsumedCapacity": "INDEXES"}
        capacity(counted, indexed, table, *arguments, **options)
        used = counted["ConsumedCapacity"]
        indexes = used.get("GlobalSecondaryIndexes", {})
        units = {name: index["CapacityUnits"] for name, index in indexes.items()}
        kind = "Write" if options.get("write") else "Read"
        _tell_capacity(table, kind, used["Table"]["CapacityUnits"], units)
        capacity(result, data, table, *arguments, **options)

    tables._add_consumed_capacity = telling


def _count_units_of_many_writes() -> None:
    tables = _module("services.dynamodb")
    transact, changed = tables._transact_write_items, tables._emit_stream_event
    batched = tables._accumulate_write_capacity
    effects: ContextVar[list[Any] | None] = ContextVar("effects", default=None)

    def tell(table: dict[str, Any], old: Any, new: Any, times: int) -> None:
        used: dict[str, Any] = {"table": 0.0, "gsi": {}, "lsi": {}}
        batched(used, table, old, new)
        # A transaction writes the table twice, its indexes once.
        _tell_capacity(table["TableName"], "Write", times * used["table"], used["gsi"])

    @functools.wraps(changed)
    def noting(table: str, event: str, old: Any, new: Any, *arguments: Any) -> Any:
        if (noted := effects.get()) is not None:
            noted.append((tables._tables.get(table), old, new))
        return changed(table, event, old, new, *arguments)

    @functools.wraps(transact)
    def telling(data: dict[str, Any]) -> Any:
        noted: list[Any] = []
        token = effects.set(noted)
        try:
            return transact(data)
        finally:
            effects.reset(token)
            for table, old, new in noted:
                tell(table, old, new, 2)

    @functools.wraps(batched)
    def telling_batched(total: Any, table: dict[str, Any], old: Any, new: Any) -> None:
        batched(total, table, old, new)
        tell(table, old, new, 1)

    tables._transact_write_items, tables._emit_stream_event = telling, noting
    tables._accumulate_write_capacity = telling_batched


_OPERATIONS = {
    *("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
    *("BatchWriteItem", "BatchGetItem", "TransactWriteItems", "TransactGetItems"),
}

_REFUSALS = {
    b"ConditionalCheckFailed": "ConditionalCheckFailedRequests",
    b"TransactionConflict": "TransactionConflict",
}
_THROTTLES = (b"ProvisionedThroughputExceeded", b"ThrottlingException", b"RequestLimitExceeded")


def _tell_operation(operation: str, body: bytes, answer: Any, seconds: float) -> None:
    status, _, content = answer
    content = content.encode() if isinstance(content, str) else content
    for table in _tables_of(json.loads(body or b"{}")):
        dimensions = {"TableName": table}
        if status == 200:
            latency = {"SuccessfulRequestLatency": milliseconds(seconds)}
            record("AWS/DynamoDB", {**dimensions, "Operation": operation}, latency, "Milliseconds")
            continue
        told = {name: 1 for words, name in _REFUSALS.items() if words in content}
        record("AWS/DynamoDB", dimensions, told, "Count")
        throttled = {"ThrottledRequests": int(any(words in content for words in _THROTTLES))}
        errors = {"SystemErrors": int(status >= 500)}
        failed = {name: 1 for name, count in (throttled | errors).items() if count}
        record("AWS/DynamoDB", {**dimensions, "Operation": operation}, failed, "Count")


def _tables_of(request: dict[str, Any]) -> set[str]:
    """Name the tables of a request, each once."""
    names = {request["TableName"]} if "TableName" in request else set()
    items = request.get("RequestItems")
    names |= set(items) if isinstance(items, dict) else set()
    for item in request.get("TransactItems") or ():
        names |= {part["TableName"] for part in item.values() if "TableName" in part}
    return {name.rpartition("/")[2] for name in names}


def _tell_capacity(table: str, kind: str, units: float, indexes: dict[str, float]) -> None:
    name = f"Consumed{kind}CapacityUnits"
    if units:
        record("AWS/DynamoDB", {"TableName": table}, {name: units}, "Count")
    for index, used in indexes.items():
        dimensions = {"TableName": table, "GlobalSecondaryIndexName": index}
        record("AWS/DynamoDB", dimensions, {name: used}, "Count")


def topic_figures() -> None:
    """Tell of what topics publish, and of what pipes carry.

    AWS: AWS/SNS by TopicName; AWS/EventBridge/Pipes by PipeName (SNS developer guide, "Monitoring
    Amazon SNS topics using CloudWatch"; EventBridge user guide, "Logging and monitoring … Pipes").
    """
    topics, pipes = _module("services.sns"), _module("services.pipes")
    publish, carry = topics._fanout, pipes._deliver_batch

    @functools.wraps(publish)
    def telling(topic: str, *arguments: Any, **options: Any) -> None:
        _tell_topic(topic, "NumberOfMessagesPublished")
        publish(topic, *arguments, **options)

    @functools.wraps(carry)
    def telling_carried(pipe: dict[str, Any], batch: list[Any]) -> bool:
        begun = time.perf_counter()
        delivered: bool = carry(pipe, batch)
        spent = milliseconds(time.perf_counter() - begun)
        dimensions = {"PipeName": pipe.get("Name", "")}
        failed = int(not delivered)
        counts = {"Invocations": 1, "EventCount": len(batch)}
        counts |= {"ExecutionFailed": failed, "TargetStageFailed": failed}
        counts |= dict.fromkeys(("ExecutionThrottled", "ExecutionTimeout"), 0)
        counts |= {"ExecutionPartiallyFailed": 0}
        record("AWS/EventBridge/Pipes", dimensions, counts, "None")
        times = {"Duration": spent, "TargetStageDuration": spent}
        record("AWS/EventBridge/Pipes", dimensions, times, "Milliseconds")
        return delivered

    topics._fanout, pipes._deliver_batch = telling, telling_carried


def _tell_topic(arn: str, metric: str) -> None:
    record("AWS/SNS", {"TopicName": arn.rpartition(":")[2]}, {metric: 1}, "Count")


def log_figures() -> None:
    """Make metrics of the lines in the embedded metric format, and tell how much is logged.

    AWS: AWS/Logs by LogGroupName (CloudWatch Logs user guide, "Monitoring with CloudWatch
    metrics"; CloudWatch user guide, "Specification: Embedded metric format").
    """
    logs, figures = _module("services.cloudwatch_logs"), _module("services.cloudwatch")
    # Whoever stores events calls this next.
    forward = logs._fanout_to_subscription_filters

    @functools.wraps(forward)
    def telling(group: str, stream: str, events: list[dict[str, Any]]) -> None:
        forward(group, stream, events)
        written = sum(len(event["message"].encode()) for event in events)
        dimensions = {"LogGroupName": group}
        record("AWS/Logs", dimensions, {"IncomingBytes": written}, "Bytes")
        record("AWS/Logs", dimensions, {"IncomingLogEvents": len(events)}, "Count")
        for event in events:
            if '"_aws"' in event["message"]:
                for name, datum in embedded_metrics(event["message"], event["timestamp"]):
                    figures._store_datum(*name, *datum)

    logs._fanout_to_subscription_filters = telling


_Name = tuple[str, str, dict[str, str]]
_Datum = tuple[float, str, float | None, list[float] | None, None, None]


def embedded_metrics(line: str, timestamp: int) -> Iterator[tuple[_Name, _Datum]]:
    """Read the metrics of a log line, once for each of their sets of dimensions.

    Args:
        line: what was logged; nothing comes of one that does not keep to the format.
        timestamp: when, in milliseconds, unless the line says it itself.
    """
    try:
        members = json.loads(line)
        at = members["_aws"].get("Timestamp", timestamp) / 1_000
        for directive in members["_aws"]["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(members[name]) for name in names}
                for metric in directive["Metrics"]:
                    name = (directive["Namespace"], metric["Name"], dimensions)
                    yield name, _datum(at, metric.get("Unit", "None"), members[metric["Name"]])
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _datum(at: float, unit: str, given: Any) -> _Datum:
    if isinstance(given, list):
        return at, unit, None, [float(value) for value in given], None, None
    return at, unit, float(given), None, None, None


def _module(name: str) -> Any:
    return import_module(f"ministack.{name}")
