"""What ministack 1.5.33 does otherwise than AWS, put right inside its process, one patch each.

    api_key_identity    who calls: requestContext.identity.apiKeyId
    api_key_switch      a key that is switched off by UpdateApiKey is off
    client_path         requestContext.path as the client sent it
    validation_errors   $context.error.validationErrorString
    function_failures   a function that fails is answered through the gateway responses
    function_queue      no more than some functions at a time; the others wait
    quick_functions     functions start with nothing but their own code
    whole_logs          what a run has written is told with it, not with a later one
    steady_saving       state is saved every few seconds, not only on a clean stop
    kept_streams        changes that a pipe has not yet delivered survive a restart
    traced_stages       requests begin a trace, or continue theirs, and X-Ray is told
    traced_functions    functions are told where in a trace they are, and X-Ray of them
    traced_messages     topics and queues hand the trace of a message on
    figures_by_minute   CloudWatch keeps figures by the minute, for some hours
    gateway_figures     AWS/ApiGateway: requests, errors, latency
    access_logs         a stage's access log is written
    function_figures    AWS/Lambda: every run of a function, whoever called it
    queue_figures       AWS/SQS: what is in each queue, how old, what came and went
    table_figures       AWS/DynamoDB: latency, refusals, consumed capacity
    topic_figures       AWS/SNS and AWS/EventBridge/Pipes: what they carry
    log_figures         AWS/Logs, and metrics of log lines in the embedded metric format

The figures live in figures.py, gateway_figures.py and measuring.py. Each patch has a test that
fails once ministack no longer needs it. What can be mended from outside, over AWS's own APIs, is
not here but in mending.py.
"""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import asyncio
import copy
import functools
import hashlib
import json
import os
import queue
import tempfile
import threading
import time
import zipfile
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from local.inside import segments, service_metrics
from local.inside.gateway_metrics import access_logs, gateway_figures
from local.inside.metric_store import figures_by_minute
from local.inside.refused_resources import ALARM, REFUSED_TYPES
from local.inside.saved_state import Saver
from local.inside.validation import validation_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_END = "\x04the run has ended\x04"
_END_SECONDS, _POLL_SECONDS = 5.0, 0.05


def apply(names: Iterable[str]) -> None:
    """Apply patches by name, before ministack starts to serve."""
    for name in names:
        {**PATCHES, **FOR_DEPLOYMENTS}[name]()


def api_key_identity() -> None:
    """Tell functions which API key was used.

    AWS: identity.apiKey and identity.apiKeyId are the key of a method that requires one, and null
    for others (API Gateway developer guide, "Variables for data models …").
    """
    gateway = _module("services.apigateway_v1")
    build = gateway._build_lambda_event_v1

    @functools.wraps(build)
    def with_key(*arguments: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*arguments, **options)
        resource, method, headers = arguments[3], arguments[5], arguments[6]
        methods = resource.get("resourceMethods", {})
        key = None
        if (methods.get(method) or methods.get("ANY") or {}).get("apiKeyRequired"):
            key = gateway._resolve_api_key(gateway._api_key_from_request(headers))
        event["requestContext"]["identity"].update(
            apiKey=key and key["value"], apiKeyId=key and key["id"]
        )
        return event

    gateway._build_lambda_event_v1 = with_key


def api_key_switch() -> None:
    """Let UpdateApiKey switch a key off.

    AWS: the operation `replace /enabled` takes "true" or "false" (API reference, UpdateApiKey).
    Here the text "false" is kept, which counts as true.
    """
    gateway = _module("services.apigateway_v1")
    update = gateway._update_api_key

    @functools.wraps(update)
    def switched(key_id: str, data: dict[str, Any]) -> Any:
        answer = update(key_id, data)
        key = gateway._api_keys.get(key_id) or {}
        if isinstance(key.get("enabled"), str):
            key["enabled"] = key["enabled"].lower() == "true"
        return answer

    gateway._update_api_key = switched


def client_path() -> None:
    """Tell functions the path that the client used, so that a Location made of it resolves.

    AWS: requestContext.path is the path of the client's request, which begins with the stage, or
    with the base path behind a custom domain. Here it begins with the emulator's own prefix.
    """
    app, gateway = _module("app"), _module("services.apigateway_v1")
    serve, build = app.app, gateway._build_lambda_event_v1
    path: ContextVar[str] = ContextVar("path")

    @functools.wraps(serve)
    async def noting_path(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            path.set(scope["raw_path"].decode("ascii"))
        await serve(scope, receive, send)

    @functools.wraps(build)
    def with_path(*arguments: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*arguments, **options)
        event["requestContext"]["path"] = path.get(event["requestContext"]["path"])
        return event

    app.app = noting_path
    gateway._build_lambda_event_v1 = with_path


def validation_errors() -> None:
    """Say in gateway responses what is wrong with a request body.

    AWS: $context.error.validationErrorString of BAD_REQUEST_BODY names the faults in the words of
    its JSON Schema validator (fge/json-schema-validator), which looks at an object's members only
    when the object itself is sound.
    """
    gateway = _module("services.apigateway_v1")
    check, render = gateway._check_request_validation, gateway._gateway_error_response

    @functools.wraps(check)
    def explained(
        method: Any, api_id: str, request: Any, headers: Any, body: Any, query: Any
    ) -> Any:
        error = check(method, api_id, request, headers, body, query)
        if error is not None and error.response_type == "BAD_REQUEST_BODY":
            models = method.get("requestModels") or {}
            content_type = gateway._header_ci(headers, "content-type") or "application/json"
            content_type = content_type.split(";", 1)[0].strip()
            name = models.get(content_type) or models.get("application/json")
            error.faults = validation_message(gateway._model_schema(api_id, name), body)
        return error

    @functools.wraps(render)
    def with_faults(error: Any, request: Any) -> Any:
        status, headers, body = render(error, request)
        faults = json.dumps(getattr(error, "faults", ""))[1:-1]
        return status, headers, body.replace(_FAULTS, faults.encode())

    gateway._check_request_validation = explained
    gateway._gateway_error_response = with_faults


_FAULTS = b"$context.error.validationErrorString"


def function_failures() -> None:
    """Answer for functions that fail as API Gateway does, and tell nothing of the failure.

    AWS: an error of the function, or an answer that is no proxy response, is a 502 through the
    gateway response DEFAULT_5XX; a throttled function is a 500 (API Gateway developer guide,
    "Handle Lambda errors"; Lambda developer guide, "Using Lambda with API Gateway").
    """
    gateway = _module("services.apigateway_v1")
    shape, invoke = gateway._lambda_proxy_response, gateway._invoke_lambda_proxy_v1
    render = gateway._gateway_error_response

    @functools.wraps(shape)
    def strict(result: dict[str, Any]) -> Any:
        if status := _failure_status(result):
            raise _FunctionFailed(status)
        return shape(result)

    @functools.wraps(invoke)
    async def answering(*arguments: Any, **options: Any) -> Any:
        try:
            return await invoke(*arguments, **options)
        except _FunctionFailed as failure:
            error = gateway._gw_error("DEFAULT_5XX", "Internal server error")
            error.status = failure.status
            return error

    @functools.wraps(render)
    def with_status(error: Any, request: Any) -> Any:
        status, headers, body = render(error, request)
        return getattr(error, "status", status), headers, body

    gateway._lambda_proxy_response = strict
    gateway._invoke_lambda_proxy_v1 = answering
    gateway._gateway_error_response = with_status


class _FunctionFailed(Exception):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


def _failure_status(result: dict[str, Any]) -> int | None:
    if result.get("throttle"):
        return 500
    answer = result.get("body")
    if result.get("error") or not isinstance(answer, dict):
        return 502
    status, body = answer.get("statusCode"), answer.get("body")
    sound = str(status).isdigit() and (body is None or isinstance(body, str))
    return None if sound else 502


def function_queue() -> None:
    """Let requests wait for a function instead of starting a hundred interpreters at a time.

    AWS starts an environment for each request. Here a hundred at once would take 5 GB of memory,
    and end no sooner: this machine has only its few processors. The same holds for the batches of
    a queue.
    """
    gateway, functions = _module("services.apigateway_v1"), _module("services.lambda_svc")
    call, concurrency = gateway._call_lambda_raw, functions._sqs_esm_concurrency
    processors = os.cpu_count() or 1
    turns = asyncio.Semaphore(max(8, 4 * processors))

    @functools.wraps(concurrency)
    def limited(*arguments: Any, **options: Any) -> int:
        wanted: int = concurrency(*arguments, **options)
        return min(max(4, 2 * processors), wanted)

    @functools.wraps(call)
    async def in_turn(*arguments: Any, **options: Any) -> Any:
        async with turns:
            return await call(*arguments, **options)

    gateway._call_lambda_raw = in_turn
    functions._sqs_esm_concurrency = limited


def quick_functions() -> None:
    """Start functions with nothing but their own code, which is unpacked once.

    AWS starts Python, loads the handler and nothing else. ministack unpacks the asset for each
    environment and imports botocore before the handler, which takes three quarters of the start,
    half of the memory, and hides how long our own code takes.
    """
    runtime = _module("core.lambda_runtime")
    bootstrap = "    _ms_install_invoke_depth()\n"
    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(bootstrap, "")
    unpacked: dict[str, str] = {}
    lock = threading.Lock()

    class SharedZip(zipfile.ZipFile):
        """An archive that is unpacked once for all who ask."""

        def extractall(self, path: Any = None, *arguments: Any, **options: Any) -> None:
            with Path(str(self.filename)).open("rb") as archive:
                digest = hashlib.file_digest(archive, "sha256").hexdigest()
            with lock:
                if digest not in unpacked:
                    folder = tempfile.mkdtemp(prefix="code-")
                    super().extractall(folder, *arguments, **options)
                    unpacked[digest] = folder
            Path(path).rmdir()
            Path(path).symlink_to(unpacked[digest])

    runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedZip})


def whole_logs() -> None:
    """Tell with each run all that it has written, however busy the machine is.

    On AWS nothing is lost between two runs. ministack waits for a first line for 50 ms, and after
    each for 5: what is read later is told with the next run of the same process, or never.
    """
    runtime = _module("core.lambda_runtime")
    line = f"{_END}\n".encode()
    tell = f"        sys.stdout.flush()\n        os.write(2, {line!r})\n"
    before, loop_ends, after = runtime._PYTHON_WORKER_SCRIPT.rpartition("\nrun()\n")
    assert loop_ends, "without its end, each run would be waited for"
    runtime._PYTHON_WORKER_SCRIPT = f"{before}{tell}{loop_ends}{after}"
    drain = runtime.Worker._drain_stderr_bounded

    @functools.wraps(drain)
    def whole(self: Any, *arguments: Any, **options: Any) -> str:
        if str(self.config.get("Runtime", "python")).startswith("python"):
            return "\n".join(_until_end(self))
        told: str = drain(self, *arguments, **options)
        return told

    runtime.Worker._drain_stderr_bounded = whole


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


def steady_saving() -> None:
    """Save the state every few seconds when it may have changed, so that kill -9 loses little.

    ministack saves it only when it is stopped cleanly; AWS loses nothing.
    """
    app = _module("app")
    serve = app.app
    saver = Saver()

    @functools.wraps(serve)
    async def noting_changes(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            saver.start()
        await serve(scope, receive, send)
        saver.note(scope)

    app.app = noting_changes
    app.save_all = lambda _services: saver.finish()


def kept_streams() -> None:
    """Save with a table the changes that its pipes have not delivered, and begin with them again.

    AWS keeps a stream for 24 hours whatever happens. ministack forgets it when it stops, and its
    pipes then wait at a place that the new stream reaches only after as many changes.
    """
    tables, pipes = _module("services.dynamodb"), _module("services.pipes")
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

    tables.get_state, tables.load_persisted_state = with_streams, from_streams


def _pipe_position(pipes: Any, table: str) -> int:
    """Give where the slowest pipe of a table stands."""
    positions = [
        int(pipes._positions.get_scoped(account, region, pipe["Arn"], 0))
        for account, region, pipe in pipes._iter_all_pipes()
        if pipes._table_name_from_stream_arn(pipe.get("Source", "")) == table
    ]
    return min(positions, default=0)


def traced_stages() -> None:
    """Trace the requests to a stage with active tracing, and tell X-Ray of them.

    AWS: the stage continues the trace of the header X-Amzn-Trace-Id or begins one, hands it on in
    that header, and sends a segment (API Gateway developer guide, "Trace user requests to REST
    APIs using X-Ray"). ministack does nothing of it.
    """
    _note_headers(_module("app"))
    gateway = _module("services.apigateway_v1")
    _trace_requests(gateway)
    _trace_calls(gateway)


def _note_headers(app: Any) -> None:
    serve = app.app

    @functools.wraps(serve)
    async def noting_trace(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            header = dict(scope["headers"]).get(segments.HEADER.lower().encode(), b"")
            segments.current.set(segments.context_of(header.decode("latin-1")))
        await serve(scope, receive, send)

    app.app = noting_trace


def _trace_requests(gateway: Any) -> None:
    execute, build = gateway._handle_execute_in_scope, gateway._build_lambda_event_v1

    @functools.wraps(execute)
    async def traced(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, Any], *more: Any
    ) -> Any:
        settings = gateway._stages_v1.get(api_id, {}).get(stage) or {}
        if not settings.get("tracingEnabled"):
            return await execute(api_id, stage, method, path, headers, *more)
        request = segments.StageRequest(gateway._rest_apis[api_id], stage, method, path)
        segments.served.set(request)
        headers = {**headers, segments.HEADER.lower(): request.context.header()}
        answer = await execute(api_id, stage, method, path, headers, *more)
        request.end(answer[0], len(answer[2]), headers)
        return answer

    @functools.wraps(build)
    def noting_id(*arguments: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*arguments, **options)
        if request := segments.served.get():
            request.request_id = event["requestContext"]["requestId"]
        return event

    gateway._handle_execute_in_scope, gateway._build_lambda_event_v1 = traced, noting_id


def _trace_calls(gateway: Any) -> None:
    call = gateway._call_lambda_raw

    @functools.wraps(call)
    async def traced(function: str, *arguments: Any, **options: Any) -> Any:
        request = segments.served.get()
        if request is None:
            return await call(function, *arguments, **options)
        with request.calling(function.rpartition(":")[2]) as told:
            result, error = await call(function, *arguments, **options)
            throttled = bool(result and result.get("throttle"))
            told["http"] = {"response": {"status": 429 if throttled else 200}}
            failed = bool(error or result.get("error"))
            told.update(segments.marks(429 if throttled else 500 if failed else 200))
        return result, error

    gateway._call_lambda_raw = traced


def traced_functions() -> None:
    """Tell functions in _X_AMZN_TRACE_ID where in a trace they are, and X-Ray of them.

    AWS: the variable names the trace, the function's segment as parent, and the decision to sample
    (Lambda developer guide, "Defined runtime environment variables"). A batch of a queue has a
    trace of its own, which is linked to those of its messages. ministack begins a trace at each
    invocation, and tells X-Ray nothing.
    """
    functions = _module("services.lambda_svc")
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

    functions._execute_function = traced
    functions._xray_trace_id_for_invocation = trace_id
    _time_invocations(_module("core.lambda_runtime").Worker)


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

    worker.invoke, worker._spawn, worker._drain_stderr_bounded = noting_id, noting_start, noting_end


def traced_messages() -> None:
    """Hand the trace of a message on, through topics and queues.

    AWS: SNS hands the tracing header of Publish on; in a queue it is the system attribute
    AWSTraceHeader, which SQS takes from the header of SendMessage, too (SQS developer guide,
    "Message attributes"; SNS developer guide, "Active tracing"). ministack drops it.
    """
    sns, sqs = _module("services.sns"), _module("services.sqs")
    fan_out, fill_in, attributes = sns._fanout, sqs._ensure_msg_fields, sqs._build_send_sys_attrs

    @functools.wraps(fan_out)
    def traced(topic_arn: str, *arguments: Any, **options: Any) -> None:
        topic = sns._topic_by_arn_any_scope(topic_arn) or {}
        active = topic.get("attributes", {}).get("TracingConfig") == "Active"
        with segments.publishing(topic_arn, active=active):
            fan_out(topic_arn, *arguments, **options)

    @functools.wraps(fill_in)
    def with_trace(message: dict[str, Any]) -> None:
        fill_in(message)
        if context := segments.published.get():
            message["sys"].setdefault("AWSTraceHeader", context.header())

    @functools.wraps(attributes)
    def with_header(*arguments: Any) -> Any:
        given = attributes(*arguments)
        if context := segments.current.get():
            given.setdefault("AWSTraceHeader", context.header())
        return given

    sns._fanout = traced
    sqs._ensure_msg_fields, sqs._build_send_sys_attrs = with_trace, with_header


def placeholders() -> None:
    """Take whatever ministack refuses in a template as if it had been made.

    Not for the local run, which leaves it out and says so: for trying `make deploy` itself, which
    sends the whole template.
    """
    handlers = _module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    made: dict[str, Callable[..., Any]] = {
        "create": lambda logical_id, _, stack: (f"{stack}-{logical_id}", {}),
        "update": lambda physical_id, *_, **__: (physical_id, {}),
        "delete": lambda *_, **__: None,
    }
    for kind in REFUSED_TYPES:
        handlers.setdefault(kind, made)
    alarms = handlers[ALARM]
    for step, wanted in (("create", 1), ("update", 2), ("delete", 1)):
        alarms[step] = _unless_computed(alarms[step], made[step], wanted)


def _unless_computed(
    do: Callable[..., Any], pretend: Callable[..., Any], properties: int
) -> Callable[..., Any]:
    """Do something with an alarm, or pretend to with one whose metric is computed."""

    def either(*arguments: Any, **options: Any) -> Any:
        computed = "Metrics" in arguments[properties]
        return (pretend if computed else do)(*arguments, **options)

    return either


def _module(name: str) -> Any:
    return import_module(f"ministack.{name}")


PATCHES: dict[str, Callable[[], None]] = {
    patch.__name__: patch
    for patch in (
        api_key_identity,
        api_key_switch,
        client_path,
        validation_errors,
        function_failures,
        function_queue,
        quick_functions,
        whole_logs,
        steady_saving,
        kept_streams,
        traced_stages,
        traced_functions,
        traced_messages,
        figures_by_minute,
        gateway_figures,
        access_logs,
        service_metrics.function_figures,
        service_metrics.queue_figures,
        service_metrics.table_figures,
        service_metrics.topic_figures,
        service_metrics.log_figures,
    )
}
"""All patches by name."""

FOR_DEPLOYMENTS = {placeholders.__name__: placeholders}
"""Those that only a whole template needs, by name."""
