"""API Gateway: the metrics and the access log of its stages.

Both come of one look at each request: its route, its key, its answer, and how long each part took.
"""
# ruff: noqa: SLF001 - what is looked at is private to ministack

from __future__ import annotations

import functools
import hashlib
import re
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.metric_store import milliseconds, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Listener = Callable[[dict[str, Any]], None]

_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")

_notes: ContextVar[dict[str, Any]] = ContextVar("notes")
_listeners: list[Listener] = []


def gateway_figures() -> None:
    """Tell of each request to a REST API: its count, whether it failed, and how long it took.

    AWS: AWS/ApiGateway by ApiName, by ApiName and Stage, and by route where the stage's settings
    ask for detailed metrics; the mean of 4XXError and 5XXError is the rate (API Gateway developer
    guide, "Amazon API Gateway dimensions and metrics").
    """
    _listen(_tell_figures)


def access_logs() -> None:
    """Write the line of the stage's access log for each request.

    AWS: the format's $context variables, "-" for one that has no value (API Gateway developer
    guide, "Variables for access logging"). ministack keeps the setting and writes nothing.
    """
    _listen(_write_access_log)


def _listen(listener: Listener) -> None:
    """Have a listener called with the notes of each request that has reached a stage."""
    if not _listeners:
        _note_parts()
        _note_requests()
    _listeners.append(listener)


def _note_parts() -> None:
    gateway = ministack.module("services.apigateway_v1")
    route, check_key = gateway._execute_in_scope, gateway._check_api_key
    build, invoke = gateway._build_lambda_event_v1, gateway._invoke_lambda_proxy_v1

    @functools.wraps(route)
    async def noting_route(request: dict[str, Any], *arguments: Any) -> Any:
        notes = _notes.get({})
        notes["request"] = request
        answer = await route(request, *arguments)
        notes["error"] = getattr(answer, "response_type", None)
        return answer

    @functools.wraps(check_key)
    def noting_key(*arguments: Any) -> Any:
        error, key = check_key(*arguments)
        _notes.get({})["key"] = (key or {}).get("id")
        return error, key

    @functools.wraps(build)
    def noting_id(*arguments: Any, **options: Any) -> Any:
        event = build(*arguments, **options)
        _notes.get({})["id"] = event["requestContext"]["requestId"]
        return event

    @functools.wraps(invoke)
    async def noting_time(*arguments: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        answer = await invoke(*arguments, **options)
        _notes.get({})["integration"] = time.perf_counter() - begun
        return answer

    ministack.replace(gateway, _execute_in_scope=noting_route, _check_api_key=noting_key)
    ministack.replace(
        gateway, _build_lambda_event_v1=noting_id, _invoke_lambda_proxy_v1=noting_time
    )


def _note_requests() -> None:
    gateway = ministack.module("services.apigateway_v1")
    serve = gateway._handle_execute_in_scope

    @functools.wraps(serve)
    async def telling(api_id: str, stage: str, method: str, *arguments: Any) -> Any:
        notes: dict[str, Any] = {"method": method}
        _notes.set(notes)
        begun = time.perf_counter()
        answer = await serve(api_id, stage, method, *arguments)
        notes["latency"] = time.perf_counter() - begun
        notes["status"], notes["length"] = answer[0], len(answer[2] or b"")
        if (notes.get("request") or {}).get("stage"):
            notes["api"] = gateway._rest_apis.get(api_id, {}).get("name", "")
            for listener in _listeners:
                listener(notes)
        return answer

    ministack.replace(gateway, _handle_execute_in_scope=telling)


def _tell_figures(notes: dict[str, Any]) -> None:
    status = notes["status"]
    failures = {"4XXError": 400 <= status < 500, "5XXError": status >= 500}
    counts = {"Count": 1} | {name: int(failed) for name, failed in failures.items()}
    integration = notes.get("integration")
    times = {
        "Latency": milliseconds(notes["latency"]),
        "IntegrationLatency": None if integration is None else milliseconds(integration),
    }
    for dimensions in _dimensions(notes):
        record("AWS/ApiGateway", dimensions, counts, "Count")
        record("AWS/ApiGateway", dimensions, times, "Milliseconds")


def _dimensions(notes: dict[str, Any]) -> Iterator[dict[str, str]]:
    request, method = notes["request"], notes["method"]
    yield {"ApiName": notes["api"]}
    staged = {"ApiName": notes["api"], "Stage": request["stage_name"]}
    yield staged
    path = request["resource_path"]
    settings = request["stage"].get("methodSettings") or {}
    chosen = settings.get(f"{path}/{method}") or settings.get(f"{path.lstrip('/')}/{method}")
    if path and (chosen or settings.get("*/*") or {}).get("metricsEnabled"):
        yield {**staged, "Method": method, "Resource": path}


def _write_access_log(notes: dict[str, Any]) -> None:
    settings = notes["request"]["stage"].get("accessLogSettings") or {}
    group = settings.get("destinationArn", "").partition(":log-group:")[2].removesuffix(":*")
    if not group:
        return
    variables = _variables(notes)
    line = _VARIABLE.sub(lambda found: _shown(variables.get(found[1])), settings["format"])
    logs = ministack.module("services.cloudwatch_logs")
    stream = hashlib.sha256(notes["api"].encode()).hexdigest()[:32]
    logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    now = int(time.time() * 1_000)
    event = {"timestamp": now, "message": line}
    logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": [event]})


def _variables(notes: dict[str, Any]) -> dict[str, Any]:
    request, integration = notes["request"], notes.get("integration")
    called = integration is not None
    return {
        "requestId": notes.get("id", request["request_id"]),
        "requestTimeEpoch": int((time.time() - notes["latency"]) * 1_000),
        "httpMethod": notes["method"],
        "resourcePath": request["resource_path"],
        "stage": request["stage_name"],
        "status": notes["status"],
        "responseLength": notes["length"],
        "responseLatency": round(notes["latency"] * 1_000),
        "integrationLatency": round(integration * 1_000) if integration is not None else None,
        "integration.status": 200 if called else None,
        "identity.apiKeyId": notes.get("key"),
        "error.responseType": notes.get("error"),
    }


def _shown(value: Any) -> str:
    return "-" if value in (None, "") else str(value)
