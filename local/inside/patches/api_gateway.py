"""API Gateway: what it tells functions, how it refuses, and the traces of its stages."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import Any

from local.inside import ministack, segments


def api_key_identity() -> None:
    """Tell functions which API key was used.

    AWS: identity.apiKey and identity.apiKeyId are the key of a method that requires one, and null
    for others (API Gateway developer guide, "Variables for data models …").
    """
    gateway = ministack.module("services.apigateway_v1")
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

    ministack.replace(gateway, _build_lambda_event_v1=with_key)


def api_key_switch() -> None:
    """Let UpdateApiKey switch a key off.

    AWS: the operation `replace /enabled` takes "true" or "false" (API reference, UpdateApiKey).
    Here the text "false" is kept, which counts as true.
    """
    gateway = ministack.module("services.apigateway_v1")
    update = gateway._update_api_key

    @functools.wraps(update)
    def switched(key_id: str, data: dict[str, Any]) -> Any:
        answer = update(key_id, data)
        key = gateway._api_keys.get(key_id) or {}
        if isinstance(key.get("enabled"), str):
            key["enabled"] = key["enabled"].lower() == "true"
        return answer

    ministack.replace(gateway, _update_api_key=switched)


def client_path() -> None:
    """Tell functions the path that the client used, so that a Location made of it resolves.

    AWS: requestContext.path is the path of the client's request, which begins with the stage, or
    with the base path behind a custom domain. Here it begins with the emulator's own prefix.
    """
    app, gateway = ministack.module("app"), ministack.module("services.apigateway_v1")
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

    ministack.replace(app, app=noting_path)
    ministack.replace(gateway, _build_lambda_event_v1=with_path)


def header_lines() -> None:
    """Tell functions each line of a header that has several.

    AWS: multiValueHeaders has all values of a header, and headers the last one (API Gateway
    developer guide, "Input format of a Lambda function for proxy integration"). Here both have one
    text, in which the lines are joined.
    """
    app, gateway = ministack.module("app"), ministack.module("services.apigateway_v1")
    serve, build = app.app, gateway._build_lambda_event_v1
    lines: ContextVar[list[tuple[str, str]] | None] = ContextVar("lines", default=None)

    @functools.wraps(serve)
    async def noting_lines(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            named = [(name.decode("latin-1").lower(), value) for name, value in scope["headers"]]
            lines.set([(name, value.decode("utf-8", "replace")) for name, value in named])
        await serve(scope, receive, send)

    @functools.wraps(build)
    def with_lines(*arguments: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*arguments, **options)
        given: dict[str, list[str]] = {}
        for name, value in lines.get() or []:
            given.setdefault(name, []).append(value)
        for name, values in given.items():
            if len(values) > 1 and name in event["multiValueHeaders"]:
                event["multiValueHeaders"][name] = values
                event["headers"][name] = values[-1]
        return event

    ministack.replace(app, app=noting_lines)
    ministack.replace(gateway, _build_lambda_event_v1=with_lines)


def group_claims() -> None:
    """Join the groups of a token by commas in the claims that functions get.

    AWS: a REST API passes `cognito:groups` as one text, such as `team_manager` or `group-a,group-b`
    (seen in production: AWS re:Post QUFJRBaEJRSmmqarNrvCWoQA). Here they stand in brackets, parted
    by spaces, as HTTP APIs pass them.
    """
    gateway = ministack.module("services.apigateway_v1")
    write = gateway._stringify_claims

    @functools.wraps(write)
    def joined(claims: dict[str, Any] | None) -> Any:
        lists = {key: each for key, each in (claims or {}).items() if isinstance(each, list)}
        texts = {key: ",".join(map(str, each)) for key, each in lists.items()}
        return write({**(claims or {}), **texts})

    ministack.replace(gateway, _stringify_claims=joined)


def unknown_routes() -> None:
    """Take an Authorization header on an unknown route for a signature.

    AWS: a path or method that the API does not have is read as one signed for IAM: with a token in
    the header it is refused with 403, "Invalid key=value pair …", through DEFAULT_4XX, and without
    the header through MISSING_AUTHENTICATION_TOKEN (seen in production: DataBiosphere/azul #7470).
    """
    gateway = ministack.module("services.apigateway_v1")
    execute = gateway._execute_in_scope

    @functools.wraps(execute)
    async def strict(request: dict[str, Any], *arguments: Any) -> Any:
        answer = await execute(request, *arguments)
        unknown = getattr(answer, "response_type", None) == "MISSING_AUTHENTICATION_TOKEN"
        if unknown and gateway._header_ci(request["headers"], "authorization"):
            return gateway._GatewayError("DEFAULT_4XX", _NO_SIGNATURE, _INCOMPLETE)
        return answer

    ministack.replace(gateway, _execute_in_scope=strict)


_NO_SIGNATURE = "Invalid key=value pair (missing equal-sign) in Authorization header"
_INCOMPLETE = "IncompleteSignatureException"


def header_case() -> None:
    """Compare the names of required headers with case.

    AWS: names of headers are case-sensitive in REST APIs (API Gateway developer guide, "Important
    notes for REST APIs"), and HTTP/2 sends them in lower case. So does what serves HTTP here.
    """
    gateway = ministack.module("services.apigateway_v1")
    look = gateway._missing_request_parameters

    @functools.wraps(look)
    def with_case(method: dict[str, Any], request: Any, headers: Any, query: Any) -> list[str]:
        missing: list[str] = look(method, request, headers, query)
        given = method.get("requestParameters") or {}
        wanted = sorted(name for name, needed in given.items() if needed)
        names = (name.partition("method.request.header.")[2] for name in wanted)
        absent = [name for name in names if name and name not in (headers or {})]
        return [*missing, *(name for name in absent if name not in missing)]

    ministack.replace(gateway, _missing_request_parameters=with_case)


def unchecked_types() -> None:
    """Check a body only where its media type has a model.

    AWS: "If no matching content type is found, request validation is not performed" (API Gateway
    developer guide, "Request validation for REST APIs"). ministack takes the model of JSON then.
    """
    gateway = ministack.module("services.apigateway_v1")
    check = gateway._check_request_validation

    @functools.wraps(check)
    def by_type(method: Any, api_id: str, request: Any, headers: Any, body: Any, query: Any) -> Any:
        models = method.get("requestModels") or {}
        declared = gateway._header_ci(headers, "content-type") or "application/json"
        if declared.partition(";")[0].strip() not in models:
            method = {**method, "requestModels": {}}
        return check(method, api_id, request, headers, body, query)

    ministack.replace(gateway, _check_request_validation=by_type)


def mock_answers() -> None:
    """Fill in the request's id and the stage's variables where a mock integration names them.

    AWS: an integration response's template is rendered with the variables of $context, and a header
    may be `stageVariables.name` (API Gateway developer guide, "Variables for data transformations
    …" and "API Gateway stage variables reference"). ministack sends both as they stand.
    """
    gateway = ministack.module("services.apigateway_v1")
    execute, answer = gateway._execute_in_scope, gateway._invoke_mock_v1
    asked: ContextVar[dict[str, Any]] = ContextVar("asked")

    @functools.wraps(execute)
    async def noting_request(request: dict[str, Any], *arguments: Any) -> Any:
        asked.set(request)  # to which its stage is added once that is known
        return await execute(request, *arguments)

    @functools.wraps(answer)
    def rendered(integration: dict[str, Any]) -> Any:
        status, headers, body = answer(integration)
        request = asked.get()
        variables = (request["stage"] or {}).get("variables") or {}
        known = {f"stageVariables.{name}": value for name, value in variables.items()}
        headers = {name: known.get(value, value) for name, value in headers.items()}
        return status, headers, body.replace(b"$context.requestId", request["request_id"].encode())

    ministack.replace(gateway, _execute_in_scope=noting_request, _invoke_mock_v1=rendered)


def function_failures() -> None:
    """Answer for functions that fail as API Gateway does, and tell nothing of the failure.

    AWS: an error of the function, or an answer that is no proxy response, is a 502 through the
    gateway response INTEGRATION_FAILURE; a throttled function is a 500 through DEFAULT_5XX (API
    Gateway developer guide, "Gateway response types"; Lambda developer guide, "Handling Lambda
    errors with an API Gateway API").
    """
    gateway = ministack.module("services.apigateway_v1")
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
            kind = "INTEGRATION_FAILURE" if failure.status == 502 else "DEFAULT_5XX"
            error = gateway._gw_error(kind, "Internal server error")
            error.status = failure.status
            return error

    @functools.wraps(render)
    def with_status(error: Any, request: Any) -> Any:
        status, headers, body = render(error, request)
        return getattr(error, "status", status), headers, body

    ministack.replace(gateway, _lambda_proxy_response=strict)
    ministack.replace(gateway, _invoke_lambda_proxy_v1=answering)
    ministack.replace(gateway, _gateway_error_response=with_status)


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


def traced_stages() -> None:
    """Trace the requests to a stage with active tracing, and tell X-Ray of them.

    AWS: the stage continues the trace of the header X-Amzn-Trace-Id or begins one, hands it on in
    that header, and sends a segment (API Gateway developer guide, "Trace user requests to REST
    APIs using X-Ray"). ministack does nothing of it.
    """
    _note_headers(ministack.module("app"))
    gateway = ministack.module("services.apigateway_v1")
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

    ministack.replace(app, app=noting_trace)


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

    ministack.replace(gateway, _handle_execute_in_scope=traced, _build_lambda_event_v1=noting_id)


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

    ministack.replace(gateway, _call_lambda_raw=traced)
