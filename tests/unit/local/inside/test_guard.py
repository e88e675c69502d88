"""What the emulator's guard lets in, and what answers permit, by what pages and programs send."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import botocore.session
import pytest

from local.inside.guard import FOR_PEOPLE, PROCESS, guarded, refuse_other_interfaces
from local.inside.visitors import OTHER_NAME, OTHER_PAGE, SENT_FROM_ELSEWHERE

OURS, EVIL = "http://localhost:5173", "http://evil.example"
HERE = {"host": "127.0.0.1:4566"}
API = "/_aws/execute-api/abc/v1/orders"
SIGN_IN = {"x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth"}
ANY = {
    "Access-Control-Allow-Origin": "*",
    "access-control-allow-headers": "*",
    "Content-Type": "text/xml",
}


def scope(method: str, target: str, headers: dict[str, str], kind: str = "http") -> dict[str, Any]:
    path, _, query = target.partition("?")
    sent = [(n.lower().encode(), v.encode()) for n, v in {**HERE, **headers}.items()]
    made = {"type": kind, "path": path, "query_string": query.encode(), "headers": sent}
    return made | ({"method": method} if kind == "http" else {})


def answer_to(asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Serve one request, by an emulator that permits all to all; gives the answer."""
    said: list[dict[str, Any]] = []
    kind = "websocket.http" if asked["type"] == "websocket" else "http"

    async def emulator(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(name.encode(), value.encode()) for name, value in ANY.items()]
        await send({"type": f"{kind}.response.start", "status": 200, "headers": headers})
        await send({"type": f"{kind}.response.body", "body": b"done"})

    async def keep(message: dict[str, Any]) -> None:
        said.append(message)

    async def nothing() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    asyncio.run(guarded(emulator, [OURS])(asked, nothing, keep))
    start, body = said
    assert [start["type"], body["type"]] == [f"{kind}.response.start", f"{kind}.response.body"]
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, body["body"]


def refusal_of(asked: dict[str, Any]) -> str | None:
    """Give what a request is told that is refused; None for one that is served."""
    status, headers, body = answer_to(asked)
    if status == 200:
        return None
    assert status == 403
    assert headers == {"content-type": "application/json", "content-length": str(len(body))}
    told: str = json.loads(body)["message"]
    return told


@pytest.mark.parametrize(
    "target", ["/", "/2015-03-31/functions", "/?Action=X", "/_ministack/reset"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT"])
def test_no_page_calls_an_aws_api(method: str, target: str) -> None:
    """Neither a page elsewhere, nor one of the stage's, nor the emulator's name for a page."""
    for origin in (EVIL, "null", "http://127.0.0.1:5566"):
        assert refusal_of(scope(method, target, {"Origin": origin})) == OTHER_PAGE
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert refusal_of(scope(method, target, rebound)) == OTHER_NAME
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert refusal_of(scope(method, target, image)) == SENT_FROM_ELSEWHERE


def test_a_link_to_an_aws_api_is_refused() -> None:
    """A GET can make a queue, so that even a link would do something."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    asked = scope("GET", "/?Action=CreateQueue", {**link, "Sec-Fetch-Dest": "document"})
    assert refusal_of(asked) == SENT_FROM_ELSEWHERE


@pytest.mark.parametrize(
    "headers",
    [{}, {"host": "localhost:4566"}, {"host": "bucket.localhost:4566"}, {"Sec-Fetch-Site": "none"}],
)
def test_programs_call_every_aws_api(headers: dict[str, str]) -> None:
    """And what they are answered permits no page to read it."""
    asked = scope("POST", "/2015-03-31/functions", headers)
    told = {"content-type": "text/xml", PROCESS: str(os.getpid())}
    assert answer_to(asked) == (200, told, b"done")


@pytest.mark.parametrize("origin", [None, EVIL, OURS, "null"])
def test_the_order_api_answers_pages_itself(origin: str | None) -> None:
    """Whom it lets read an answer is the product's affair, here as on AWS."""
    asked = scope("GET", API, {"Origin": origin} if origin else {"Sec-Fetch-Site": "cross-site"})
    status, headers, _ = answer_to(asked)
    assert (status, headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize(
    "target",
    [
        "/_aws/execute-api",
        "/_aws/execute-api/",
        "//_aws/execute-api/abc/v1/orders",
        "/x/_aws/execute-api/abc/v1/orders",
        "/_aws/lambda-url/abc/",
        "/_aws/execute-api/abc/v1/@connections/1",
        "/_aws/execute-api/abc/v1/x\n/@connections/1",
        "http://127.0.0.1/_aws/execute-api/abc/v1/orders",
    ],
)
def test_nothing_else_passes_for_the_order_api(target: str) -> None:
    """Not a path that looks like one of its, nor one that calls AWS's own APIs."""
    assert refusal_of(scope("GET", target, {"Origin": EVIL})) is not None


@pytest.mark.parametrize("host", ["evil.example", "x.execute-api.localhost", "x.localhost:4566"])
def test_the_order_api_has_no_other_name_for_pages(host: str) -> None:
    """A page whose name is made to lead here is refused there, too."""
    assert refusal_of(scope("GET", API, {"host": host, "Origin": EVIL})) is not None


@pytest.mark.parametrize("operation", sorted(FOR_PEOPLE))
def test_a_page_of_the_stage_signs_people_in(operation: str) -> None:
    """On a web origin of the stage Cognito can be called, and its answers be read there only."""
    target = {"x-amz-target": f"AWSCognitoIdentityProviderService.{operation}"}
    status, headers, _ = answer_to(scope("POST", "/", {**target, "Origin": OURS}))
    assert (status, headers["access-control-allow-origin"]) == (200, OURS)
    assert headers["vary"] == "Origin"
    assert refusal_of(scope("POST", "/", {**target, "Origin": EVIL})) == OTHER_PAGE


def test_what_cognito_does_for_people_is_what_takes_no_signature() -> None:
    """The list is AWS's own: with each new version of its models it is compared."""
    model = botocore.session.get_session().get_service_model("cognito-idp")
    free = {n for n in model.operation_names if model.operation_model(n).auth_type == "none"}
    assert free == FOR_PEOPLE


def test_a_page_of_the_stage_may_ask_first() -> None:
    """A browser asks before it calls Cognito: whether this origin may."""
    asked = {"Origin": OURS, "Access-Control-Request-Headers": "content-type,x-amz-target"}
    _, headers, _ = answer_to(scope("OPTIONS", "/", asked))
    assert headers["access-control-allow-origin"] == OURS
    assert headers["access-control-allow-headers"] == "*"


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("POST", "/", {}),
        ("POST", "/", {"x-amz-target": "DynamoDB_20120810.Scan"}),
        ("POST", "/", {"x-amz-target": "AWSCognitoIdentityProviderService.AdminCreateUser"}),
        ("POST", "/", {"x-amz-target": "AWSCognitoIdentityService.InitiateAuth"}),
        ("POST", "/", {"x-amz-target": "xAWSCognitoIdentityProviderService.InitiateAuth"}),
        ("POST", "/", {"x-amz-target": "InitiateAuth"}),
        ("GET", "/", SIGN_IN),
        ("POST", "/?Action=CreateQueue", SIGN_IN),
        ("POST", "/2015-03-31/functions", SIGN_IN),
        ("POST", "/", {**SIGN_IN, "Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/lambda/d"}),
        ("POST", "/", {**SIGN_IN, "host": "x.localhost:4566"}),
        ("POST", "/", {**SIGN_IN, "host": "evil.example"}),
        ("OPTIONS", "/2015-03-31/functions", {}),
        ("GET", "/2015-03-31/functions", {}),
    ],
)
def test_a_page_of_the_stage_calls_nothing_else(
    method: str, target: str, headers: dict[str, str]
) -> None:
    """A script that gets into the web client's page can make no function and read no table."""
    assert refusal_of(scope(method, target, {**headers, "Origin": OURS})) in {
        OTHER_PAGE,
        OTHER_NAME,
    }


@pytest.mark.parametrize("target", [API, "/"])
def test_a_socket_is_no_way_around(target: str) -> None:
    """A page may open WebSockets anywhere without asking; they are refused with the sentence."""
    for headers in ({"Origin": EVIL}, {"Origin": OURS}, {"host": "evil.example"}):
        assert refusal_of(scope("", target, headers, "websocket")) in {OTHER_PAGE, OTHER_NAME}
    assert refusal_of(scope("", target, {}, "websocket")) is None


@pytest.mark.parametrize("target", ["http://evil.example/", "evil.example:443", "*"])
def test_it_is_no_proxy(target: str) -> None:
    """What is asked of it for another host is refused."""
    assert refusal_of(scope("GET", target, {})) == (
        "The local run is no proxy. Call the address itself."
    )


def test_it_passes_on_that_the_emulator_starts() -> None:
    """What is no request is none of its business."""
    heard: list[str] = []

    async def emulator(asked: Any, _receive: Any, _send: Any) -> None:
        heard.append(asked["type"])

    async def nothing(*_: Any) -> Any:
        return None

    asyncio.run(guarded(emulator, [])({"type": "lifespan"}, nothing, nothing))
    assert heard == ["lifespan"]


@pytest.mark.parametrize("address", [("127.0.0.1", 1), ("localhost", 1), ("::1", 1, 0, 0), "/x"])
def test_what_listens_here_may(address: Any) -> None:
    """On this machine by each of its names, and on no network at all."""
    refuse_other_interfaces("socket.bind", (None, address))
    refuse_other_interfaces("socket.connect", (None, ("192.0.2.1", 443)))


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "", "::", "192.0.2.1", "evil.example"],  # noqa: S104 - to be refused
)
def test_nothing_listens_beyond_this_machine(host: str) -> None:
    """Whatever service of the emulator is asked to, nobody in the network reaches it."""
    with pytest.raises(PermissionError, match="listens on this machine only"):
        refuse_other_interfaces("socket.bind", (None, (host, 1)))
