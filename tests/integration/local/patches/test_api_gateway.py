"""What API Gateway tells functions, how it refuses, and the traces of its stages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.laboratories import traces
from tests.integration.laboratories.traces import HEADER, SETTLED, begin, wait_for
from tests.shared.people import client_of, enable, make_partner, usage_plan

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.rest_api import Laboratory


pytestmark = pytest.mark.integration


def context_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    context: dict[str, Any] = answer.json()["requestContext"]
    return context


def test_api_key_identity(patched: Laboratory) -> None:
    """A function sees the id of the API key that a method required, and null where it did not."""
    assert context_of(patched.post("echo"))["identity"]["apiKeyId"] == patched.key_id
    assert context_of(patched.post("keyless"))["identity"]["apiKeyId"] is None


def test_api_key_identity_is_needed(unpatched: Laboratory) -> None:
    """Ministack tells functions nothing of the API key."""
    assert "apiKeyId" not in context_of(unpatched.post("echo"))["identity"]


def problem_with_a_key_switched_off(stack: Endpoints) -> str:
    partner = make_partner(stack, plan=usage_plan(stack, "standard"))
    enable(stack, partner.key_id, enabled=False)
    with client_of(stack, {"x-api-key": partner.key}) as client:
        problem: str = client.get("/partner/orders").json()["type"]
        return problem.rpartition(":")[2]


def test_api_key_switch(stack: Endpoints) -> None:
    """A key that an operator has switched off opens nothing."""
    assert problem_with_a_key_switched_off(stack) == "invalid-api-key"


def test_api_key_switch_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Without the patch, a key that is switched off gets past the gateway, to a function."""
    assert problem_with_a_key_switched_off(endpoints_without_patches) == "unknown-caller"


def test_client_path(patched: Laboratory) -> None:
    """A function sees the path that the client used, without the query."""
    path = urlsplit(patched.url).path
    assert context_of(patched.post("echo", params={"a": "b"}))["path"] == f"{path}/echo"


def test_client_path_is_needed(unpatched: Laboratory) -> None:
    """Ministack shows the path as if there were no prefix to it."""
    assert context_of(unpatched.post("echo"))["path"] == "/v1/echo"


def put(where: Laboratory, body: str) -> httpx.Response:
    headers = {"x-api-key": where.key, "Content-Type": "application/json"}
    return httpx.put(f"{where.url}/checked", content=body, headers=headers, timeout=30)


def test_validation_errors(patched: Laboratory) -> None:
    """A refused body is told what is wrong with it, in a text that is safe inside JSON's quotes."""
    answer = put(patched, '{"name": 1, "a\\"b": 2}')
    assert answer.status_code == 400
    assert answer.json() == {
        "problem": "BAD_REQUEST_BODY",
        "faults": '[object instance has properties which are not allowed by the schema: ["a\\"b"]]',
    }


def test_validation_errors_is_needed(unpatched: Laboratory) -> None:
    """Ministack leaves the variable as it stands."""
    assert put(unpatched, "{}").json()["faults"] == "$context.error.validationErrorString"


@pytest.mark.parametrize(
    ("function", "status"),
    [
        ("raises", 502),
        ("dies", 502),
        ("returns_text", 502),
        ("returns_no_status", 502),
        ("throttled", 500),
    ],
)
def test_function_failures(patched: Laboratory, function: str, status: int) -> None:
    """A function that fails is answered by the API's 5XX response, which tells nothing of it."""
    answer = patched.post(function)
    assert answer.status_code == status
    assert answer.json()["problem"] == "DEFAULT_5XX"
    assert "hunter2" not in answer.text


def test_function_failures_is_needed(unpatched: Laboratory) -> None:
    """Ministack tells the caller the exception, and lets an answer without a status pass."""
    assert "hunter2" in unpatched.post("raises").text
    assert unpatched.post("returns_text").status_code == 200
    assert unpatched.post("throttled").status_code == 429


STAGE, SERVICE, FUNCTION = "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"


def test_traced_stages(stack: Endpoints, patched: Laboratory) -> None:
    """A request continues the trace that its header names, and X-Ray hears of the stage."""
    root = begin()
    answer = patched.post("echo", headers={HEADER: root.header})
    told = wait_for(stack, root.id, STAGE)[STAGE]
    assert told["parent_id"] == root.parent
    assert told["http"]["response"]["status"] == 200
    assert f"Root={root.id};" in answer.json()["headers"][HEADER.lower()]
    (call,) = told["subsegments"]
    assert (call["name"], call["namespace"]) == ("Lambda", "aws")
    assert told["aws"]["api_gateway"]["request_id"] == context_of(answer)["requestId"]


@pytest.mark.parametrize(
    ("function", "marks"),
    [
        ("raises", {"fault"}),
        ("throttled", {"fault"}),
    ],
)
def test_traced_stages_that_fail(
    stack: Endpoints, patched: Laboratory, function: str, marks: set[str]
) -> None:
    """What the caller sees as a failure, X-Ray sees as a fault; a throttle is told in the call."""
    root = begin()
    patched.post(function, headers={HEADER: root.header})
    told = wait_for(stack, root.id, STAGE, SERVICE)
    assert {mark for mark in ("fault", "error") if told[STAGE].get(mark)} == marks
    assert told[SERVICE].get("throttle", False) == (function == "throttled")


def test_traced_stages_without_a_sample(stack: Endpoints, patched: Laboratory) -> None:
    """A request that says it is not sampled is told of to nobody, and its function knows."""
    root = begin()
    header = root.header.replace("Sampled=1", "Sampled=0")
    answer = patched.post("trace", headers={HEADER: header})
    assert f"Root={root.id};" in answer.json()
    assert answer.json().endswith("Sampled=0")
    time.sleep(SETTLED)
    assert traces.documents(stack, root.id) == []


def test_traced_stages_is_needed(
    endpoints_without_patches: Endpoints, unpatched: Laboratory
) -> None:
    """Ministack tells X-Ray of no stage, and its functions of no trace of the request."""
    root = begin()
    unpatched.post("echo", headers={HEADER: root.header})
    assert root.id not in unpatched.post("trace", headers={HEADER: root.header}).text
    time.sleep(SETTLED)
    assert traces.documents(endpoints_without_patches, root.id) == []
