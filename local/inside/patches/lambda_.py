"""Lambda: how functions start, how many run at a time, their logs, traces and metrics."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import os
import queue
import tempfile
import threading
import time
import zipfile
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from local.inside import ministack, segments
from local.inside.metric_store import (
    milliseconds,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


_IMPORTS_BOTOCORE = "    _ms_install_invoke_depth()\n"
_LOOP_ENDS = "\nrun()\n"

_CODE = "code.zip"
"""Where ministack writes a function's code before it unpacks it."""

_END = "\x04the run has ended\x04"


_END_SECONDS, _POLL_SECONDS = 5.0, 0.05


def requests_at_once(processors: int) -> int:
    """Give how many requests functions work on at the same time; more wait for their turn."""
    return max(8, 4 * processors)


def function_queue() -> None:
    """Let requests wait for a function instead of starting a hundred interpreters at a time.

    AWS starts an environment for each request. Here a hundred at once would take 5 GB of memory,
    and end no sooner: this machine has only its few processors. The same holds for the batches of
    a queue. What waits counts as running: beyond a function's reservation a request is refused at
    once, as AWS does (Lambda developer guide, "Configuring reserved concurrency").
    """
    gateway, functions = (
        ministack.module("services.apigateway_v1"),
        ministack.module("services.lambda_svc"),
    )
    call, concurrency = gateway._call_lambda_raw, functions._sqs_esm_concurrency
    processors = os.cpu_count() or 1
    turns, asked = asyncio.Semaphore(requests_at_once(processors)), Counter[str]()

    @functools.wraps(concurrency)
    def limited(*arguments: Any, **options: Any) -> int:
        wanted: int = concurrency(*arguments, **options)
        return min(max(4, 2 * processors), wanted)

    @functools.wraps(call)
    async def in_turn(function: str, event: Any, **scope: Any) -> Any:
        record, config, name = functions._get_func_record_for_ref_in_scope(function, **scope)
        reserved = functions._reserved_concurrency(record, config) if record else None
        if reserved and asked[name] >= reserved:  # of none at all ministack says so itself
            _tell_figures(config, {"Throttles": 1})
            return {"throttle": True}, None
        asked[name] += 1
        try:
            async with turns:
                return await call(function, event, **scope)
        finally:
            asked[name] -= 1

    ministack.replace(gateway, _call_lambda_raw=in_turn)
    ministack.replace(functions, _sqs_esm_concurrency=limited)


def whole_batches() -> None:
    """Let a batch fail as a whole whose answer reports a message that is not in it.

    AWS does so for an empty or unknown name, too (Lambda developer guide, "Handling errors for an
    SQS event source in Lambda"). Ministack passes over such a name, and deletes all messages.
    """
    functions = ministack.module("services.lambda_svc")
    run, execute = functions._run_sqs_batch, functions._execute_function
    of_batch: ContextVar[frozenset[str]] = ContextVar("of_batch", default=frozenset())

    @functools.wraps(run)
    def noting_names(esm: Any, func: Any, event: Any, batch: Any, *rest: Any) -> None:
        token = of_batch.set(frozenset(message["id"] for message in batch))
        try:
            run(esm, func, event, batch, *rest)
        finally:
            of_batch.reset(token)

    @functools.wraps(execute)
    def judged(func: Any, event: Any) -> Any:
        result, names = execute(func, event), of_batch.get()
        if names and not result.get("error") and not _reported(result.get("body")) <= names:
            all_of_it = [{"itemIdentifier": name} for name in names]
            return {**result, "body": {"batchItemFailures": all_of_it}}
        return result

    ministack.replace(functions, _run_sqs_batch=noting_names, _execute_function=judged)


def _reported(answer: Any) -> set[str]:
    """Name the messages that a function reports as failed; what is no name is an empty one."""
    entries = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        return set()
    names = [entry.get("itemIdentifier") if isinstance(entry, dict) else "" for entry in entries]
    return {name if isinstance(name, str) else "" for name in names}


def quick_functions() -> None:
    """Start functions with nothing but their own code, which is unpacked once.

    AWS starts Python, loads the handler and nothing else. ministack unpacks the asset for each
    environment and imports botocore before the handler, which takes three quarters of the start,
    half of the memory, and hides how long our own code takes.
    """
    runtime = ministack.module("core.lambda_runtime")
    script = ministack.replaced_text(runtime._PYTHON_WORKER_SCRIPT, _IMPORTS_BOTOCORE, "")
    ministack.replace(runtime, _PYTHON_WORKER_SCRIPT=script)
    _unpack_once(runtime)


class _Code:
    """What stands for the archives that environments write, unpack and hardly ever differ in."""

    def __init__(self) -> None:
        """Begin with nothing unpacked."""
        self.wanted: ContextVar[tuple[str, bytes]] = ContextVar("wanted")
        """The digest and the content of the archive that is to be unpacked now."""
        self._folders: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def extractall(self, path: str) -> None:
        """Let a folder be the one that all who run the same code have."""
        digest, content = self.wanted.get()
        with self._lock:
            if digest not in self._folders:
                folder = tempfile.mkdtemp(prefix="code-")
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    archive.extractall(folder)
                self._folders[digest] = folder
        Path(path).rmdir()
        Path(path).symlink_to(self._folders[digest])


def _unpack_once(runtime: Any) -> None:
    """Write, read and digest no archive for an environment: it took longer than its Python."""
    spawn, shared = runtime.Worker._spawn, _Code()

    @functools.wraps(spawn)
    def sharing(self: Any) -> None:
        content = self.code_zip
        digest = self.config.get("CodeSha256") or hashlib.sha256(content).hexdigest()
        token = shared.wanted.set((digest, content))
        self.code_zip = b""  # is what it writes
        try:
            spawn(self)
        finally:
            self.code_zip = content
            shared.wanted.reset(token)

    def opened(path: str) -> Any:
        return shared if Path(path).name == _CODE else zipfile.ZipFile(path)

    ours = SimpleNamespace(**{**vars(zipfile), "ZipFile": opened})
    ministack.replace(runtime, zipfile=ours)
    ministack.replace(runtime.Worker, _spawn=sharing)


def whole_logs() -> None:
    """Tell with each run all that it has written, however busy the machine is.

    On AWS nothing is lost between two runs. ministack waits for a first line for 50 ms, and after
    each for 5: what is read later is told with the next run of the same process, or never.
    """
    runtime = ministack.module("core.lambda_runtime")
    line = f"{_END}\n".encode()
    tell = f"        sys.stdout.flush()\n        os.write(2, {line!r})\n"
    script = ministack.replaced_text(
        runtime._PYTHON_WORKER_SCRIPT, _LOOP_ENDS, f"{tell}{_LOOP_ENDS}"
    )
    ministack.replace(runtime, _PYTHON_WORKER_SCRIPT=script)
    drain = runtime.Worker._drain_stderr_bounded

    @functools.wraps(drain)
    def whole(self: Any, *arguments: Any, **options: Any) -> str:
        if str(self.config.get("Runtime", "python")).startswith("python"):
            return "\n".join(_until_end(self))
        told: str = drain(self, *arguments, **options)
        return told

    ministack.replace(runtime.Worker, _drain_stderr_bounded=whole)


def _until_end(worker: Any) -> Iterator[str]:
    """Take a function's lines up to the end of this run, or of its process.

    Its ends are counted, with the lines of each process: one that comes too late is not taken for
    that of the next run.
    """
    lines, deadline = worker._stderr_queue, time.monotonic() + _END_SECONDS
    lines.ends = getattr(lines, "ends", 0) + 1
    while lines.ends and time.monotonic() < deadline:
        try:
            line: str = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if not worker._stderr_thread.is_alive():
                return
            continue
        text, end, _ = line.partition(_END)
        if text or not end:
            yield text
        lines.ends -= bool(end)


def traced_functions() -> None:
    """Tell functions in _X_AMZN_TRACE_ID where in a trace they are, and X-Ray of them.

    AWS: the variable names the trace, the function's segment as parent, and the decision to sample
    (Lambda developer guide, "Defined runtime environment variables"). A batch of a queue has a
    trace of its own, which is linked to those of its messages. ministack begins a trace at each
    invocation, and tells X-Ray nothing.
    """
    functions = ministack.module("services.lambda_svc")
    execute, mismatch = functions._execute_function, functions._function_config_scope_mismatch

    @functools.wraps(execute)
    def traced(func: dict[str, Any], event: Any) -> Any:
        config = func.get("config") or func
        if mismatch(config):  # it comes here again
            return execute(func, event)
        invocation, result = segments.Invocation(config, event), {"error": True}
        token = segments.invoked.set(invocation)
        try:
            result = execute(func, event)
        finally:
            segments.invoked.reset(token)
            invocation.end(result)
        return result

    def trace_id(*_: Any) -> str | None:
        invocation = segments.invoked.get()
        return invocation.context.header() if invocation else None

    ministack.replace(functions, _execute_function=traced)
    ministack.replace(functions, _xray_trace_id_for_invocation=trace_id)
    _time_invocations(ministack.module("core.lambda_runtime").Worker)


def _time_invocations(worker: Any) -> None:
    """Note when an environment was made and when the function answered."""
    invoke, spawn, drain = worker.invoke, worker._spawn, worker._drain_stderr_bounded

    @functools.wraps(invoke)
    def noting_id(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        if invocation := segments.invoked.get():
            invocation.request_id = request_id
        return invoke(self, event, request_id, **options)

    @functools.wraps(spawn)
    def noting_start(self: Any) -> None:
        start = time.time()
        try:
            spawn(self)
        finally:
            if invocation := segments.invoked.get():
                invocation.initialized = start, time.time()

    @functools.wraps(drain)
    def noting_end(self: Any, *arguments: Any, **options: Any) -> Any:
        if invocation := segments.invoked.get():
            invocation.answered = time.time()
        return drain(self, *arguments, **options)

    ministack.replace(
        worker, invoke=noting_id, _spawn=noting_start, _drain_stderr_bounded=noting_end
    )


def qualified_functions() -> None:
    """Let a version and an alias have their function's reservation, and be called by their ARN.

    AWS: all versions of a function share its reserved concurrency (Lambda developer guide,
    "Configuring reserved concurrency"), and the ARN of what was called has its qualifier. ministack
    looks for a reservation where none is, and names an alias's version, or nothing.
    """
    functions = ministack.module("services.lambda_svc")
    effective, reservation = (
        functions._effective_func_record_for_qualifier,
        functions._reserved_concurrency,
    )

    @functools.wraps(effective)
    def named(func: Any, qualifier: str | None) -> tuple[Any, Any]:
        record, config = effective(func, qualifier)
        if record is None or record is func:
            return record, config
        config = {**config, "FunctionArn": f"{func['config']['FunctionArn']}:{qualifier}"}
        return {**record, "config": config}, config

    @functools.wraps(reservation)
    def shared(func: Any, config: dict[str, Any]) -> Any:
        whole = functions._functions.get(config.get("FunctionName"))
        return reservation(whole or func, config)

    ministack.replace(
        functions, _effective_func_record_for_qualifier=named, _reserved_concurrency=shared
    )


def qualified_permissions() -> None:
    """Ask a role for the version or the alias that is called.

    AWS: `arn:…:function:name:qualifier` (Lambda developer guide, "Using versions and aliases in
    permissions policies"). ministack asks for the function, however it is called.
    """
    actions = ministack.module("core.iam_actions")
    name_resource = actions.extract_resource_arn

    @functools.wraps(name_resource)
    def qualified(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any
    ) -> Any:
        resource = name_resource(service, method, path, headers, body, query, *rest)
        found = query.get("Qualifier") if service == "lambda" and isinstance(query, dict) else None
        qualifier = found[0] if isinstance(found, list) else found
        return f"{resource}:{qualifier}" if qualifier else resource

    ministack.replace(actions, extract_resource_arn=qualified)


def function_figures() -> None:
    """Tell of each run of a function, whoever called it, and of how many ran beside it.

    AWS: AWS/Lambda by FunctionName, all versions together, and besides by FunctionName and
    Resource, the version or alias that was called; a run that was throttled is no invocation
    (Lambda developer guide, "Viewing metrics" and "Types of metrics for Lambda functions").
    ministack tells of those alone that came through the API action Invoke. The duration includes
    the start of the environment here.
    """
    functions = ministack.module("services.lambda_svc")
    dispatch, acquire = functions._execute_function_dispatch, functions._acquire_execution_slot

    @functools.wraps(dispatch)
    def telling(func: Any, config: dict[str, Any], *arguments: Any) -> Any:
        beside = functions._inflight.get(functions._inflight_key(config), 1)
        begun = time.perf_counter()
        result: Any = {"error": True}
        try:
            result = dispatch(func, config, *arguments)
        finally:
            failed = bool(isinstance(result, dict) and result.get("error"))
            counts = {"Invocations": 1, "Errors": int(failed), "Throttles": 0}
            _tell_figures(config, counts | {"ConcurrentExecutions": beside})
            duration = {"Duration": milliseconds(time.perf_counter() - begun)}
            _tell_figures(config, duration, "Milliseconds")
        return result

    @functools.wraps(acquire)
    def throttling(func: Any, config: dict[str, Any]) -> Any:
        slot, limit = acquire(func, config)
        if slot is None:
            _tell_figures(config, {"Throttles": 1})
        return slot, limit

    ministack.replace(functions, _execute_function_dispatch=telling)
    ministack.replace(functions, _acquire_execution_slot=throttling)
    ministack.replace(functions, _emit_lambda_metrics=lambda *_, **__: None)


def _tell_figures(config: dict[str, Any], figures: dict[str, Any], unit: str = "Count") -> None:
    """Tell figures of a function, and besides of the version or alias by which it was called."""
    name = config.get("FunctionName", "unknown")
    record("AWS/Lambda", {"FunctionName": name}, figures, unit)
    _, _, qualifier = config.get("FunctionArn", "").partition(f":function:{name}:")
    if qualifier:
        by = {"FunctionName": name, "Resource": f"{name}:{qualifier}"}
        record("AWS/Lambda", by, figures, unit)
