"""DynamoDB: streams that survive a restart, what reads cost, typed sums, metrics of tables."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import copy
import functools
import json
import time
from collections import defaultdict
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


def read_units() -> None:
    """Charge reads by the size of what they read.

    AWS: a unit is a strongly consistent read of up to 4 KB; an eventually consistent one is half, a
    transactional one two. GetItem, and each item of BatchGetItem and TransactGetItems, is rounded
    up; Query and Scan are by the sum of what they look at, before filters (DynamoDB developer
    guide, "DynamoDB read and write operations"). ministack says 0.5 or 1 whatever the size, and
    nothing of BatchGetItem.
    """
    tables = ministack.module("services.dynamodb")
    looked_at: ContextVar[int] = ContextVar("looked_at", default=0)
    _note_pages(tables, looked_at)
    capacity = tables._add_consumed_capacity

    @functools.wraps(capacity)
    def by_size(
        result: dict[str, Any], data: dict[str, Any], table: str, *more: Any, **options: Any
    ) -> None:
        capacity(result, data, table, *more, **options)
        if options.get("write") or "ConsumedCapacity" not in result:
            return
        key = data.get("Key")
        size = looked_at.get() if key is None else _size_of(tables, table, key)
        result["ConsumedCapacity"] = _scaled(result["ConsumedCapacity"], _blocks(size))

    ministack.replace(tables, _add_consumed_capacity=by_size)
    _charge_for_many_reads(tables)


_BLOCK = 4_096


def _note_pages(tables: Any, looked_at: ContextVar[int]) -> None:
    """Note how many bytes a page of a query or a scan looks at, in its index if it has one."""
    page = tables._paginate_evaluated_items

    @functools.wraps(page)
    def noting(items: Any, limit: Any, table: Any, index: str | None = None) -> Any:
        found, more = page(items, limit, table, index)
        entries = (tables._apply_index_projection(item, table, index) for item in found)
        looked_at.set(sum(tables._item_size_bytes(entry) for entry in entries))
        return found, more

    ministack.replace(tables, _paginate_evaluated_items=noting)


def _charge_for_many_reads(tables: Any) -> None:
    """Say what BatchGetItem and TransactGetItems use, each item for itself."""
    batch, transact = tables._batch_get_item, tables._transact_get_items

    @functools.wraps(batch)
    def charged(data: dict[str, Any]) -> Any:
        units: defaultdict[str, float] = defaultdict(float)
        for table, wanted in data.get("RequestItems", {}).items():
            each = 1.0 if wanted.get("ConsistentRead") else 0.5
            sizes = (_size_of(tables, table, key) for key in wanted.get("Keys", ()))
            units[table] += sum(each * _blocks(size) for size in sizes)
        return _with_units(batch(data), data, units)

    @functools.wraps(transact)
    def charged_twice(data: dict[str, Any]) -> Any:
        units: defaultdict[str, float] = defaultdict(float)
        for item in data.get("TransactItems", ()):
            get = item.get("Get") or {}
            if table := get.get("TableName"):
                units[table] += 2 * _blocks(_size_of(tables, table, get.get("Key") or {}))
        return _with_units(transact(data), data, units)

    ministack.replace(tables, _batch_get_item=charged, _transact_get_items=charged_twice)


def _with_units(answer: Any, data: dict[str, Any], units: dict[str, float]) -> Any:
    status, headers, body = answer
    if status != 200 or data.get("ReturnConsumedCapacity", "NONE") == "NONE":
        return answer
    used = [
        {"TableName": table, "CapacityUnits": count, "Table": {"CapacityUnits": count}}
        for table, count in units.items()
    ]
    told = {**json.loads(body), "ConsumedCapacity": used}
    return status, headers, json.dumps(told, ensure_ascii=False).encode()


def _size_of(tables: Any, table: str, key: dict[str, Any]) -> int:
    """Measure an item; one that is not there has no size, and costs a read all the same."""
    found = tables._tables.get(table.rpartition("/")[2])
    item = tables._get_item_by_key(found, key) if found and key else None
    return int(tables._item_size_bytes(item)) if item else 0


def _blocks(size: int) -> int:
    return max(1, -(-size // _BLOCK))


def _scaled(value: Any, times: int) -> Any:
    if isinstance(value, dict):
        return {name: _scaled(part, times) for name, part in value.items()}
    return value * times if isinstance(value, float) else value


def record_sizes() -> None:
    """Say in a stream's record how large it is.

    AWS: SizeBytes is the size of the keys and images of the record; the sample event of the Lambda
    developer guide ("Using AWS Lambda with Amazon DynamoDB") has 26, 59 and 38. ministack says 0.
    """
    tables = ministack.module("services.dynamodb")
    build = tables._build_change_record

    @functools.wraps(build)
    def measured(*arguments: Any, **options: Any) -> dict[str, Any]:
        record: dict[str, Any] = build(*arguments, **options)
        change = record["dynamodb"]
        parts = (change.get(name, {}) for name in ("Keys", "NewImage", "OldImage"))
        change["SizeBytes"] = sum(tables._item_size_bytes(part) for part in parts)
        return record

    ministack.replace(tables, _build_change_record=measured)


def typed_arithmetic() -> None:
    """Refuse an update that adds to a number what is none, or the other way round.

    AWS: `+` and `-` take numbers alone; anything else is a ValidationException (DynamoDB developer
    guide, "Update expressions in DynamoDB"; its words in aws-sdk-js-v3 #6069). ministack keeps the
    left side and says nothing.
    """
    tables = ministack.module("services.dynamodb")
    evaluate = tables._eval_set_value

    @functools.wraps(evaluate)
    def strict(tokens: Any, item: Any, values: Any, names: Any) -> Any:
        sides = _sides(tables, tokens)
        if not all("N" in (evaluate(side, item, values, names) or {}) for side in sides):
            raise ValueError("An operand in the update expression has an incorrect data type")
        return evaluate(tokens, item, values, names)

    ministack.replace(tables, _eval_set_value=strict)


def _sides(tables: Any, tokens: Any) -> list[Any]:
    """Give the operands of an addition or subtraction; none if it is neither."""
    while (
        tokens
        and tokens[0][0] == "LPAREN"
        and tables._find_matching_paren(tokens, 0) == (len(tokens) - 1)
    ):
        tokens = tokens[1:-1]
    depth = 0
    for place, (kind, *_) in enumerate(tokens):
        depth += (kind == "LPAREN") - (kind == "RPAREN")
        if not depth and place and kind in {"PLUS", "MINUS"}:
            return [tokens[:place], tokens[place + 1 :]]
    return []


def table_figures() -> None:
    """Tell of each DynamoDB request: its latency, its refusal, the capacity that it used.

    AWS: AWS/DynamoDB; capacity by TableName, and by TableName and GlobalSecondaryIndexName for an
    index; latency by TableName and Operation (DynamoDB developer guide, "Metrics and dimensions").
    Reads by BatchGetItem and TransactGetItems are told without their capacity, for we make none.
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
