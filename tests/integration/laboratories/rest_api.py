"""A REST API of its own on a running emulator, with functions that show what reaches them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from ops.reach.clients import clients

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.endpoints import Endpoints

FUNCTIONS = """
import json, os, sys, time

def answer(value):
    return {"statusCode": 200, "body": json.dumps(value)}

def echo(event, context):
    return answer(event)

def modules(event, context):
    return answer(sorted(sys.modules))

def process(event, context):
    time.sleep(0.5)
    return answer(os.getpid())

def trace(event, context):
    return answer(os.environ.get("_X_AMZN_TRACE_ID"))

def scarce(event, context):
    time.sleep(1)
    return answer("done")

def released(event, context):
    time.sleep(1)
    return answer(context.invoked_function_arn)

def raises(event, context):
    raise RuntimeError("the password is hunter2")

def dies(event, context):
    os._exit(1)

def returns_text(event, context):
    return "the password is hunter2"

def returns_no_status(event, context):
    return {"body": "the password is hunter2"}

def throttled(event, context):
    return answer("not reached")
"""

MODEL = {
    "type": "object",
    "properties": {"name": {}, "parts": {"items": {"properties": {"size": {}}}}},
    "required": ["name"],
    "additionalProperties": False,
}

_ROLE = "arn:aws:iam::000000000000:role/laboratory"
_PROBLEM = '{"problem":"$context.error.responseType","message":$context.error.messageString}'


@dataclass(frozen=True)
class Laboratory:
    """The API: each function answers POST at its own name, and echo also at `keyless`.

    What stands at `released` is an alias, `live`.
    """

    url: str
    key_id: str
    key: str

    def post(self, function: str, **options: Any) -> httpx.Response:
        """Call a function with the API key."""
        headers = {"x-api-key": self.key, **options.pop("headers", {})}
        return httpx.post(f"{self.url}/{function}", headers=headers, timeout=60, **options)


def build(endpoints: Endpoints) -> Laboratory:
    """Build a laboratory on a running copy."""
    client = clients(endpoints.aws_endpoint_url)
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="laboratory")
    for name in _deploy_functions(client):
        _add_method(gateway, api, name, "released:live" if name == "released" else name)
    _add_method(gateway, api, "keyless", "echo", key=False)
    _validate(gateway, api)
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN"):
        gateway.put_gateway_response(
            restApiId=api["id"],
            responseType=kind,
            responseTemplates={"application/json": _PROBLEM},
        )
    gateway.create_deployment(restApiId=api["id"], stageName="v1", variables={"colour": "blue-1.0"})
    tracing = {"op": "replace", "path": "/tracingEnabled", "value": "true"}
    gateway.update_stage(restApiId=api["id"], stageName="v1", patchOperations=[tracing])
    key = _admit(gateway, api)
    url = f"{endpoints.aws_endpoint_url}/_aws/execute-api/{api['id']}/v1"
    return Laboratory(url, key["id"], key["value"])


def _deploy_functions(client: Callable[[str], Any]) -> list[str]:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("functions.py", FUNCTIONS)
    names = [line[4:].partition("(")[0] for line in FUNCTIONS.splitlines() if "(event" in line]
    for name in names:
        client("lambda").create_function(
            FunctionName=f"laboratory-{name}",
            Runtime="python3.13",
            Role=_ROLE,
            Handler=f"functions.{name}",
            Code={"ZipFile": code.getvalue()},
            Timeout=20,
            TracingConfig={"Mode": "Active"},
        )
    released = {"FunctionName": "laboratory-released"}
    version = client("lambda").publish_version(**released)["Version"]
    client("lambda").create_alias(**released, Name="live", FunctionVersion=version)
    for name, most in (("throttled", 0), ("scarce", 2), ("released", 2)):
        client("lambda").put_function_concurrency(
            FunctionName=f"laboratory-{name}", ReservedConcurrentExecutions=most
        )
    return names


def _add_method(gateway: Any, api: Any, path: str, function: str, *, key: bool = True) -> None:
    root = gateway.get_resources(restApiId=api["id"])["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api["id"], parentId=root, pathPart=path)
    place = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "POST"}
    gateway.put_method(**place, authorizationType="NONE", apiKeyRequired=key)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:laboratory-{function}"
    gateway.put_integration(
        **place,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    )


def _validate(gateway: Any, api: Any) -> None:
    """Add a path `checked`: PUT's bodies must fit the model, DELETE needs the header X-Wanted."""
    _add_method(gateway, api, "checked", "echo")
    resources = gateway.get_resources(restApiId=api["id"], limit=500)["items"]
    resource = next(item["id"] for item in resources if item["path"] == "/checked")
    validator = gateway.create_request_validator(
        restApiId=api["id"],
        name="all",
        validateRequestBody=True,
        validateRequestParameters=True,
    )
    gateway.create_model(
        restApiId=api["id"],
        name="Thing",
        contentType="application/json",
        schema=json.dumps(MODEL),
    )
    asked: dict[str, dict[str, Any]] = {
        "PUT": {"requestModels": {"application/json": "Thing"}},
        "DELETE": {"requestParameters": {"method.request.header.X-Wanted": True}},
    }
    for method, what in asked.items():
        place = {"restApiId": api["id"], "resourceId": resource, "httpMethod": method}
        gateway.put_method(
            **place, authorizationType="NONE", requestValidatorId=validator["id"], **what
        )
        gateway.put_integration(**place, type="MOCK")
        gateway.put_integration_response(
            **place,
            statusCode="200",
            responseParameters={"method.response.header.X-Colour": "stageVariables.colour"},
            responseTemplates={"application/json": '{"id":"$context.requestId"}'},
        )


def _admit(gateway: Any, api: Any) -> Any:
    key = gateway.create_api_key(name="laboratory", enabled=True)
    stages = [{"apiId": api["id"], "stage": "v1"}]
    plan = gateway.create_usage_plan(name="laboratory", apiStages=stages)
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return key
