"""DynamoDB: streams that survive a restart, and the metrics of tables."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import copy
import functools
import json
import time
from contextvars import ContextVar
from typing import Any

from local.inside import ministack
from local.inside.metric_store import (
    milliseconds,
    record,
)


def kept_streams() -> None:
    """Save with a table the changes that its pipes have not delivered, and begin with them again.

    AWS keeps a stream for 24 hours whatever happens. ministack forgets it when it stops, and its
    pipes then wait at a place that the new stream reaches only after as many changes.
    """
    tables, pipes = ministack.module("services.dynamodb"), ministack.module("services.pipes")
    get_state, load_state = tables.get_state, tables.load_persisted_state

    @functools.wraps(get_state)
    def with_streams() -> dict[str, Any]:
        streams, trimmed = copy.copy(tables._stream_records), copy.copy(tables._stream_trimmed)
        streams._data, trimmed._data = {}, {}
        for key, records in list(tables._stream_records._data.items()):
            start = tables._stream_trimmed._data.get(key, 0)
            delivered = max(0, _pipe_position(pipes, key[2]) - start)
            streams._data[key] = records[delivered:]
            trimmed._data[key] = start + min(delivered, len(records))
        return {**get_state(), "streams": streams, "trimmed": trimmed}

    @functools.wraps(load_state)
    def from_streams(data: dict[str, Any]) -> None:
        load_state(data)
        tables._stream_records.update(data.get("streams", {}))
        tables._stream_trimmed.update(data.get("trimmed", {}))

    ministack.replace(tables, get_state=with_streams, load_persisted_state=from_streams)


def _pipe_position(pipes: Any, table: str) -> int:
    """Give where the slowest pipe of a table stands."""
    positions = [
        int(pipes._positions.get_scoped(account, region, pipe["Arn"], 0))
        for account, region, pipe in pipes._iter_all_pipes()
        if pipes._table_name_from_stream_arn(pipe.get("Source", "")) == table
    ]
    return min(positions, default=0)


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
    tables = ministack.module("services.dynamodb")
    serve = tables.handle_request

    @functools.wraps(serve)
    async def telling(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        begun = time.perf_counter()
        answer = await serve(method, path, headers, body, query)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in _OPERATIONS:
            _tell_operation(operation, body, answer, time.perf_counter() - begun)
        return answer

    ministack.replace(tables, handle_request=telling)


def _count_units_of_single_requests() -> None:
    tables = ministack.module("services.dynamodb")
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

    ministack.replace(tables, _add_consumed_capacity=telling)


def _count_units_of_many_writes() -> None:
    tables = ministack.module("services.dynamodb")
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

    ministack.replace(tables, _transact_write_items=telling, _emit_stream_event=noting)
    ministack.replace(tables, _accumulate_write_capacity=telling_batched)


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
