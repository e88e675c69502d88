"""The ports of the local run, as a page elsewhere and as programs here meet them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.copy import environment
from ops.reach.clients import clients
from project.checkout import ROOT
from tests.shared.functions import function
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

EVIL = "http://evil.example"
PAGES = ["docs_url", "dashboard_url", "webhooks_url", "web_url"]
PORTS = [*PAGES, "aws_endpoint_url", "traces_url", "menu_url"]
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
STRANGERS = [
    {"Host": "evil.example"},
    {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1", "Origin": EVIL},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """Trusts every certificate: a browser in which somebody has clicked the warning away."""
    with httpx.Client(verify=False, timeout=30) as client:  # noqa: S501 - as said
        yield client


@pytest.mark.parametrize("headers", STRANGERS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("port", PORTS)
def test_no_port_answers_a_page_elsewhere(
    stack: Endpoints, http: httpx.Client, port: str, method: str, headers: dict[str, str]
) -> None:
    """It gets a sentence that says why, and may not even read it."""
    answer = http.request(method, getattr(stack, port), headers=headers)
    assert answer.status_code == 403
    assert "local run answer" in answer.text or "elsewhere" in answer.text
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("port", PAGES)
def test_a_link_elsewhere_opens_our_pages(stack: Endpoints, http: httpx.Client, port: str) -> None:
    """A colleague's message may link to the documentation, and does nothing by it."""
    assert http.get(getattr(stack, port), headers=LINK).status_code == 200


def test_a_page_elsewhere_makes_no_function(stack: Endpoints, tmp_path: Path) -> None:
    """Two posts that no browser asks about first would have run code as the developer."""
    functions, name = aws(stack, "lambda"), f"planted-{uuid.uuid4().hex}"
    url = f"{stack.aws_endpoint_url}/2015-03-31/functions"
    body, headers = json.dumps(function(name, tmp_path)), {"Content-Type": "text/plain"}
    page = {**headers, "Origin": EVIL}
    assert httpx.post(url, content=body, headers=page).status_code == 403
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName=name)
    assert httpx.post(url, content=body, headers=headers).status_code == 201
    invocation = f"{url}/{name}/invocations"
    assert httpx.post(invocation, content="{}", headers=page).status_code == 403
    assert httpx.post(invocation, content="{}", headers=headers).json() == {}
    functions.delete_function(FunctionName=name)


def queues(stack: Endpoints) -> set[str]:
    return set(aws(stack, "sqs").list_queues().get("QueueUrls", []))


def creating() -> str:
    """Give a request's target that makes a queue where it is answered."""
    return f"/?Action=CreateQueue&Version=2012-11-05&QueueName=planted-{uuid.uuid4().hex}"


def send(stack: Endpoints, request: bytes) -> bytes:
    """Send bytes to the emulator; gives what it answers before it waits for more."""
    port = urlsplit(stack.aws_endpoint_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        connection.settimeout(2)
        answered = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while part := connection.recv(65_536):
                answered += part
                connection.settimeout(0.5)  # what is still to come is on its way
        return answered


def test_these_requests_would_make_a_queue(stack: Endpoints) -> None:
    """Otherwise the next test would show nothing."""
    name = f"by-a-program-{uuid.uuid4().hex}"
    target = creating().partition("QueueName=")[0] + f"QueueName={name}"
    answer = send(stack, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert b" 200 " in answer.partition(b"\r\n")[0]
    (made,) = (url for url in queues(stack) if url.endswith(name))
    aws(stack, "sqs").delete_queue(QueueUrl=made)


def _literal(name: str, value: str) -> bytes:
    return b"\0%c%s%c%s" % (len(name), name.encode(), len(value), value.encode())


def _http_2(target: str, authority: str) -> bytes:
    """Make a request in HTTP/2 that begins with it (RFC 9113, 3.3; RFC 7541, 6.2.2)."""
    headers = {":method": "GET", ":scheme": "http", ":path": target, ":authority": authority}
    block = b"".join(_literal(*header) for header in headers.items())
    frame = len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + frame


def _head(target: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", *headers, "", ""]).encode()


H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")


@pytest.mark.parametrize(
    "request_for",
    [
        lambda target: _head(target, "Host: evil.example"),
        lambda target: _head(target, "Host: 127.0.0.1", "Host: evil.example"),
        lambda target: _head(target, version="1.0"),
        lambda target: _head(f"http://127.0.0.1{target}", "Host: evil.example"),
        lambda target: _head(f"http://evil.example{target}", "Host: 127.0.0.1"),
        lambda target: _head(target, "Host: evil.example", method="CONNECT"),
        lambda target: _head(target, "Host: evil.example", *H2C),
        lambda target: _http_2(target, "evil.example"),
        lambda target: _head(target, "Host: 127.0.0.1", "Sec-Fetch-Site: cross-site"),
        lambda target: _head(target, "Host: 127.0.0.1", *(f"{n}: {v}" for n, v in LINK.items())),
        lambda target: _head(target, "Host: 127.0.0.1", f"Origin: {EVIL}", method="POST"),
    ],
    ids=[
        "rebound",
        "two-names",
        "no-name",
        "absolute",
        "proxy",
        "connect",
        "h2c",
        "http-2",
        "image",
        "link",
        "form",
    ],
)
def test_a_get_from_elsewhere_does_nothing(stack: Endpoints, request_for: Any) -> None:
    """AWS's older APIs take a GET with parameters, which an image or a link can send."""
    before = queues(stack)
    send(stack, request_for(creating()))
    assert queues(stack) == before


def test_http_2_is_served_to_programs(stack: Endpoints) -> None:
    """Otherwise the test of HTTP/2 would show nothing."""
    before = queues(stack)
    send(stack, _http_2(creating(), "127.0.0.1"))
    (made,) = queues(stack) - before
    aws(stack, "sqs").delete_queue(QueueUrl=made)


@pytest.mark.parametrize(
    "headers", [f"Origin: {EVIL}", "Origin: null", "Sec-Fetch-Site: cross-site"]
)
def test_a_page_elsewhere_opens_no_socket(stack: Endpoints, headers: str) -> None:
    """A browser lets every page open WebSockets; here none is accepted, and it is said why."""
    path = urlsplit(stack.api_url).path
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    answer = send(stack, _head(path, "Host: 127.0.0.1", *upgrade, key, headers))
    assert b" 403 " in answer.partition(b"\r\n")[0]
    assert b"elsewhere" in answer or b"local run answers" in answer


@pytest.mark.parametrize("path", ["reset", "config", "lambda-code/any", "health", "sqs/messages"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_emulators_own_paths_are_no_back_door(stack: Endpoints, method: str, path: str) -> None:
    """It has some beside AWS's, one of which forgets everything."""
    url = f"{stack.aws_endpoint_url}/_ministack/{path}"
    for headers in ({"Host": "evil.example"}, {"Origin": EVIL}, {"Sec-Fetch-Site": "cross-site"}):
        assert httpx.request(method, url, headers=headers).status_code == 403


def test_no_answer_of_an_aws_api_is_for_pages(stack: Endpoints) -> None:
    """The emulator itself permits every origin to read all; here a page may read nothing of it."""
    for method, path in (("GET", creating()), ("OPTIONS", "/"), ("GET", "/no-bucket/x")):
        answer = httpx.request(method, stack.aws_endpoint_url + path)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    for url in queues(stack):
        if "planted-" in url:
            aws(stack, "sqs").delete_queue(QueueUrl=url)


def sign_in(stack: Endpoints, operation: str, origin: str) -> httpx.Response:
    headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}", "Origin": origin}
    headers |= {"Content-Type": "application/x-amz-json-1.1"}
    return httpx.post(stack.aws_endpoint_url, content=b"{}", headers=headers)


def test_cognito_signs_people_in_on_the_stages_origins_only(stack: Endpoints) -> None:
    """The web client can, a page elsewhere cannot; and what an operator does, neither can."""
    answer = sign_in(stack, "InitiateAuth", stack.web_origin)
    assert answer.status_code == 400  # of Cognito: nothing is in the request
    assert answer.headers["Access-Control-Allow-Origin"] == stack.web_origin
    assert answer.headers["Vary"] == "Origin"
    assert sign_in(stack, "InitiateAuth", EVIL).status_code == 403
    assert sign_in(stack, "AdminCreateUser", stack.web_origin).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_programs_reach_every_api_by_both_names(stack: Endpoints, name: str) -> None:
    """boto3, the CDK CLI, curl: whoever is no browser's page is served as ever."""
    client = clients(stack.aws_endpoint_url.replace("127.0.0.1", name))
    assert client("dynamodb").list_tables()["TableNames"]
    assert client("s3").list_buckets()["Buckets"]
    assert client("sts").get_caller_identity()["Account"]


def test_sdks_put_the_bucket_before_localhost(stack: Endpoints) -> None:
    """As they do where the address is given as localhost."""
    bucket = aws(stack, "s3").list_buckets()["Buckets"][0]["Name"]
    port = urlsplit(stack.aws_endpoint_url).port
    answer = httpx.get(stack.aws_endpoint_url, headers={"Host": f"{bucket}.localhost:{port}"})
    assert (answer.status_code, f"<Name>{bucket}</Name>" in answer.text) == (200, True)


_LISTEN = """
import asyncio
from local.inside import guard, ministack
guard.guard([])
asyncio.run(ministack.module("core.pgproxy").start_proxy("any", 0, "127.0.0.1", 1))
"""


def test_a_service_that_is_asked_to_listen_does_so_nowhere_else() -> None:
    """A database cluster of the emulator would listen on every interface of the machine."""
    interpreter = environment.ready() or environment.make()
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [str(interpreter), "-c", _LISTEN]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "listens on this machine only, not on '0.0.0.0'" in done.stderr


def test_only_the_stages_pages_read_the_menu(stack: Endpoints, http: httpx.Client) -> None:
    """The web client asks for dishes and prices across origins; any other page may not."""
    asked = {"Origin": stack.web_origin, "Sec-Fetch-Site": "cross-site"}
    for method, path in (("GET", "menu"), ("OPTIONS", "quotes")):
        answer = http.request(method, f"{stack.menu_url}{path}", headers=asked)
        assert answer.status_code < 300
        assert answer.headers["Access-Control-Allow-Origin"] == stack.web_origin
        assert answer.headers["Vary"] == "Origin"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert http.get(f"{stack.menu_url}menu", headers={"Origin": EVIL}).status_code == 403


@pytest.mark.parametrize("port", PAGES)
def test_curl_reads_our_pages(stack: Endpoints, http: httpx.Client, port: str) -> None:
    """A program that takes nothing compressed gets text, and HEAD says how long it is."""
    plain = {"Accept-Encoding": "identity"}
    page = http.get(getattr(stack, port), headers=plain)
    assert "Content-Encoding" not in page.headers
    assert page.text.lstrip()[0] in "<["
    head = http.head(getattr(stack, port), headers=plain)
    told = [each.headers["Content-Length"] for each in (head, page)]
    assert (head.status_code, head.content, told[0]) == (200, b"", told[1])


def test_no_page_elsewhere_reads_the_demo_peoples_passwords(
    stack: Endpoints, http: httpx.Client
) -> None:
    """The web client's configuration signs demo people in with a click: for its own page alone."""
    config = http.get(f"{stack.web_url}config.json")
    assert config.json()["people"]
    assert "Access-Control-Allow-Origin" not in config.headers
    assert config.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    for headers in ({"Origin": EVIL}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert http.get(f"{stack.web_url}config.json", headers=headers).status_code == 403
