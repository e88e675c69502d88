"""What API Gateway tells functions, how it refuses, and the traces of its stages."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from ops.reach.clients import clients
from tests.integration import stacks
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


def status_of_an_operator(stack: Endpoints) -> int:
    with client_of(stack, {"Authorization": stack.operator_token}) as client:
        return client.get("/orders", params={"partnerId": "acme"}).status_code


def test_group_claims(stack: Endpoints) -> None:
    """A member of the group of operators is one."""
    assert status_of_an_operator(stack) == 200


def test_group_claims_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack writes groups in brackets, as a group may be called on AWS that gives no power."""
    assert status_of_an_operator(endpoints_without_patches) != 200


def lines_of(laboratory: Laboratory) -> tuple[list[str], str]:
    """Send a header on two lines, and give what the function sees of it."""
    headers = [("x-api-key", laboratory.key), ("X-Two", "a"), ("X-Two", "b")]
    event = httpx.post(f"{laboratory.url}/keyless", headers=headers, timeout=60).json()
    return event["multiValueHeaders"]["x-two"], event["headers"]["x-two"]


def test_header_lines(patched: Laboratory) -> None:
    """A function sees every line of a header, and the last one where it sees one alone."""
    assert lines_of(patched) == (["a", "b"], "b")


def test_header_lines_is_needed(unpatched: Laboratory) -> None:
    """Ministack tells functions of one line, in which all are joined."""
    assert lines_of(unpatched) == (["a, b"], "a, b")


def test_client_path(patched: Laboratory) -> None:
    """A function sees the path that the client used, without the query."""
    path = urlsplit(patched.url).path
    assert context_of(patched.post("echo", params={"a": "b"}))["path"] == f"{path}/echo"


def test_client_path_is_needed(unpatched: Laboratory) -> None:
    """Ministack shows the path as if there were no prefix to it."""
    assert context_of(unpatched.post("echo"))["path"] == "/v1/echo"


def ask_unknown(where: Laboratory, **headers: str) -> httpx.Response:
    return httpx.get(f"{where.url}/no/such/route", headers=headers, timeout=30)


def test_unknown_routes(patched: Laboratory) -> None:
    """A token on an unknown route is taken for a signature that is none; without one it is not."""
    refused = ask_unknown(patched, Authorization="Bearer a.b.c")
    assert (refused.status_code, refused.json()["problem"]) == (403, "DEFAULT_4XX")
    assert refused.json()["message"].startswith("Invalid key=value pair (missing equal-sign)")
    assert ask_unknown(patched).json()["problem"] == "MISSING_AUTHENTICATION_TOKEN"


def test_unknown_routes_is_needed(unpatched: Laboratory) -> None:
    """Ministack answers as if there were no token."""
    refused = ask_unknown(unpatched, Authorization="Bearer a.b.c")
    assert refused.json()["problem"] == "MISSING_AUTHENTICATION_TOKEN"


def status_with_the_wanted_header(where: Laboratory) -> int:
    answer = httpx.delete(f"{where.url}/checked", headers={"X-Wanted": "yes"}, timeout=30)
    return answer.status_code


def test_header_case(patched: Laboratory) -> None:
    """A header that comes in lower case, as by HTTP/2, is not the one that a method requires."""
    assert status_with_the_wanted_header(patched) == 400


def test_header_case_is_needed(unpatched: Laboratory) -> None:
    """Ministack takes the header in any case."""
    assert status_with_the_wanted_header(unpatched) == 200


def put(where: Laboratory, content_type: str) -> httpx.Response:
    headers = {"Content-Type": content_type}
    return httpx.put(f"{where.url}/checked", content="no thing", headers=headers, timeout=30)


def test_unchecked_types(patched: Laboratory) -> None:
    """A body of a type without a model passes unread; one with a model does not."""
    assert put(patched, "text/plain").status_code == 200
    assert put(patched, "application/json; charset=utf-8").status_code == 400


def test_unchecked_types_is_needed(unpatched: Laboratory) -> None:
    """Ministack reads a body of any type as the model of JSON has it."""
    assert put(unpatched, "text/plain").status_code == 400


def test_mock_answers(patched: Laboratory) -> None:
    """What API Gateway answers by itself tells the id of its request, and the stage's variables."""
    answers = [put(patched, "text/plain") for _ in range(2)]
    assert {answer.headers["X-Colour"] for answer in answers} == {"blue-1.0"}
    ids = {answer.json()["id"] for answer in answers}
    assert all(uuid.UUID(one) for one in ids)
    assert len(ids) == 2


def test_mock_answers_is_needed(unpatched: Laboratory) -> None:
    """Ministack sends the variables as they stand."""
    headers = {"Content-Type": "application/json"}
    answer = httpx.put(f"{unpatched.url}/checked", content='{"name": 1}', headers=headers)
    assert answer.json()["id"] == "$context.requestId"
    assert answer.headers["X-Colour"] == "stageVariables.colour"


@pytest.mark.parametrize(
    ("function", "status", "kind"),
    [
        ("raises", 502, "INTEGRATION_FAILURE"),
        ("dies", 502, "INTEGRATION_FAILURE"),
        ("returns_text", 502, "INTEGRATION_FAILURE"),
        ("returns_no_status", 502, "INTEGRATION_FAILURE"),
        ("throttled", 500, "DEFAULT_5XX"),
    ],
)
def test_function_failures(patched: Laboratory, function: str, status: int, kind: str) -> None:
    """A function that fails is answered by the API's 5XX responses, which tell nothing of it."""
    answer = patched.post(function)
    assert answer.status_code == status
    assert answer.json()["problem"] == kind
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


def plan(limit: int) -> str:
    quota = {"Limit": limit, "Period": "DAY"}
    one = {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"Quota": quota}}
    return json.dumps({"Resources": {"Plan": one}})


def test_known_replacements_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack says of a plan with another quota that it may be replaced, with its keys."""
    cloudformation: Any = clients(endpoints_without_patches.aws_endpoint_url)("cloudformation")
    name = f"s{uuid.uuid4().hex}"
    stacks.make(cloudformation, name, plan(1))
    try:
        wanted = {"StackName": name, "ChangeSetName": "more"}
        cloudformation.create_change_set(**wanted, TemplateBody=plan(2))
        made = cloudformation.get_waiter("change_set_create_complete")
        made.wait(**wanted, WaiterConfig={"Delay": 0.1})
        (change,) = cloudformation.describe_change_set(**wanted)["Changes"]
        assert change["ResourceChange"]["Replacement"] == "Conditional"
    finally:
        stacks.end(cloudformation, name)
