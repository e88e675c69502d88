"""Signed calls of AWS's JSON APIs: compared with botocore, and sent to a real server."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import string
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ops.reach.layout import free_port
from orders.aws.signing import endpoint, sign
from orders.aws_api import SQS, SSM, ApiError, Service, Unreachable, call, get, post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HIDDEN = "Meier"
"""Stands in what is sent and in AWS's messages: no error may quote it."""

CREDENTIALS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "",
}


class Sent(NamedTuple):
    """A request as the server got it."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


class Aws:
    """A server that gives one answer after another, and then the last one again."""

    def __init__(self) -> None:
        self.requests: list[Sent] = []
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.error_type: str | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, request: Sent) -> tuple[int, bytes]:
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take, aws = self._take, self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                sent = Sent(self.path, headers, self.rfile.read(length), self.command)
                status, body = take(sent)
                self.send_response(status)
                if aws.error_type:
                    self.send_header("x-amzn-ErrorType", aws.error_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make no pause between two tries, but remember it."""
    made: list[float] = []
    monkeypatch.setattr("orders.aws.calls.time.sleep", made.append)
    return made


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Iterator[Aws]:
    del pauses
    server = Aws()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.close()


def error(code: str, **more: str) -> bytes:
    return json.dumps({"__type": code, "message": HIDDEN, **more}).encode()


def refusal(kind: type[ApiError] = ApiError) -> str:
    """Make a call that fails in the way that is expected, and give AWS's code."""
    with pytest.raises(ApiError) as caught:
        call(SQS, "SendMessage", {"MessageBody": HIDDEN})
    assert type(caught.value) is kind
    assert HIDDEN not in repr(caught.value)
    return caught.value.code


# --- Signatures

visible = st.text(string.ascii_letters + string.digits + "+/=_-", min_size=1, max_size=60)
moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 1, 1))  # noqa: DTZ001 - UTC
targets = st.text(string.ascii_letters + string.digits + "._", min_size=1, max_size=40)


def botocores(
    headers: dict[str, str],
    body: bytes,
    service: str,
    now: dt.datetime,
    target: tuple[str, str, str] = ("POST", "/", ""),
) -> AWSRequest:
    """Let botocore sign the same request with the same credentials at the same time."""
    environment = os.environ
    credentials = Credentials(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN") or None,
    )
    method, path, query = target
    url = f"https://{headers['host']}{path}?{query}"
    request = AWSRequest(method, url, headers=headers, data=body)
    with patch.object(botocore.auth, "get_current_datetime", lambda: now):
        auth = botocore.auth.SigV4Auth(credentials, service, environment["AWS_REGION"])
        auth.add_auth(request)
    return request


@given(
    st.binary(max_size=500),
    st.tuples(st.sampled_from(["ssm", "sqs"]), targets),
    moments,
    st.tuples(visible, st.text(min_size=1, max_size=60).filter(lambda key: "\0" not in key)),
    st.just("") | visible,
    st.sampled_from(["eu-central-1", "us-east-1", "ap-southeast-7"]),
)
def test_signatures_are_botocore_s_own(
    body: bytes,
    called: tuple[str, str],
    now: dt.datetime,
    keys: tuple[str, str],
    token: str,
    region: str,
) -> None:
    """Whatever is sent, and whoever sends it, AWS gets the very headers that botocore would send.

    With a secret of any Unicode text, and with or without the token of a role.
    """
    service, target = called
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": f"{service}.{region}.amazonaws.com",
        "x-amz-target": target,
    }
    secret = keys[1].encode(errors="replace").decode()
    names = dict(zip(CREDENTIALS, (region, keys[0], secret, token), strict=True))
    with patch.dict(os.environ, names):
        signed = sign(headers, body, service, now.timetuple())
        expected = botocores(headers, body, service, now)
    assert signed == {name.lower(): value for name, value in expected.headers.items()}


unreserved = st.text(string.ascii_letters + string.digits + "-_.~", min_size=1, max_size=20)
segments = unreserved.filter(lambda text: text.strip("."))  # "." and ".." are no names


@given(st.lists(segments, max_size=3), st.dictionaries(unreserved, unreserved, max_size=3), moments)
def test_signatures_of_reads_are_botocore_s_own_too(
    path: list[str], query: dict[str, str], now: dt.datetime
) -> None:
    """Whatever resource is read, and with whatever parameters, AWS finds the signature right."""
    headers = {"accept": "application/json", "host": "apigateway.eu-central-1.amazonaws.com"}
    joined = "&".join(f"{name}={query[name]}" for name in sorted(query))
    target = ("GET", f"/{'/'.join(path)}", joined)
    signed = sign(headers, b"", "apigateway", now.timetuple(), target)
    expected = botocores(headers, b"", "apigateway", now, target)
    assert signed == {name.lower(): value for name, value in expected.headers.items()}


def test_a_read_is_sent_as_it_was_signed(aws: Aws) -> None:
    """A resource of a REST API is asked for by its path and parameters, without a body."""
    aws.answers = [(200, b'{"value":"v"}')]
    assert get("apigateway", "/apikeys/k1", "includeValue=true") == {"value": "v"}
    (sent,) = aws.requests
    assert (sent.method, sent.path, sent.body) == ("GET", "/apikeys/k1?includeValue=true", b"")
    assert "content-type" not in sent.headers
    now = dt.datetime.strptime(sent.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    headers = {name: sent.headers[name] for name in ("accept", "host")}
    expected = botocores(
        headers, b"", "apigateway", now, ("GET", "/apikeys/k1", "includeValue=true")
    )
    assert sent.headers["authorization"] == expected.headers["Authorization"]


def test_a_resource_is_made_by_its_path(aws: Aws) -> None:
    """What is made at a REST API is sent as JSON, signed for that service, and made once."""
    aws.answers = [(200, b'{"ScheduleArn":"a"}')]
    assert post("scheduler", "/schedules/s1", {"GroupName": "g"}) == {"ScheduleArn": "a"}
    (sent,) = aws.requests
    assert (sent.method, sent.path) == ("POST", "/schedules/s1")
    assert json.loads(sent.body) == {"GroupName": "g"}
    assert sent.headers["content-type"] == "application/json"
    assert "/scheduler/aws4_request" in sent.headers["authorization"]


@pytest.mark.parametrize(
    ("status", "name", "kind", "requests"),
    [
        (404, "NotFoundException", ApiError, 1),
        (403, "AccessDeniedException:http://internal.amazon.com/coral/", ApiError, 1),
        (429, "TooManyRequestsException", Unreachable, 2),
        (500, "InternalServerError", Unreachable, 2),
    ],
)
def test_a_refused_read_has_aws_s_own_name(
    aws: Aws, status: int, name: str, kind: type[ApiError], requests: int
) -> None:
    """REST APIs name an error in a header; being throttled is for later there, too."""
    aws.answers, aws.error_type = [(status, b'{"message":"x"}')], name
    with pytest.raises(ApiError) as caught:
        get("apigateway", "/apikeys/k1")
    assert type(caught.value) is kind
    assert caught.value.code == name.partition(":")[0]
    assert len(aws.requests) == requests


def test_what_is_sent_is_what_was_signed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS can verify the request as it arrives, its session token included."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert call(SSM, "GetParameter", {"Name": "/orders/Ü"}) == {}
    (sent,) = aws.requests
    assert (sent.path, json.loads(sent.body)) == ("/", {"Name": "/orders/Ü"})
    assert sent.headers["x-amz-target"] == "AmazonSSM.GetParameter"
    assert sent.headers["content-type"] == "application/x-amz-json-1.1"
    assert sent.headers["x-amz-security-token"] == "token"
    names = sent.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    now = dt.datetime.strptime(sent.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    unsigned = {"x-amz-date", "x-amz-security-token"}
    headers = {name: sent.headers[name] for name in names.split(";") if name not in unsigned}
    expected = botocores(headers, sent.body, "ssm", now)
    assert sent.headers["authorization"] == expected.headers["Authorization"]


def test_text_that_is_no_unicode_is_sent_escaped(aws: Aws) -> None:
    """A message that quotes half of a surrogate pair becomes a dead letter all the same."""
    call(SQS, "SendMessage", {"MessageBody": "\ud83d"})
    (sent,) = aws.requests
    assert sent.body == b'{"MessageBody":"\\ud83d"}'


# --- Answers


def test_an_answer_is_given(aws: Aws) -> None:
    """A call that AWS answers gives its answer, and is made once."""
    aws.answers = [(200, b'{"MessageId":"m"}')]
    assert call(SQS, "SendMessage", {"MessageBody": "x"}) == {"MessageId": "m"}
    assert len(aws.requests) == 1
    assert aws.requests[0].headers["content-type"] == "application/x-amz-json-1.0"


def test_an_empty_answer_is_none_of_trouble(aws: Aws) -> None:
    """Operations that answer with nothing have succeeded."""
    aws.answers = [(200, b"")]
    assert call(SQS, "DeleteMessage", {}) == {}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ParameterNotFound", "ParameterNotFound"),
        ("com.amazonaws.sqs#QueueDoesNotExist", "QueueDoesNotExist"),
        ("AccessDeniedException:http://internal.amazon.com/coral/", "AccessDeniedException"),
    ],
)
def test_a_refusal_has_aws_s_own_name(aws: Aws, name: str, code: str) -> None:
    """What AWS refuses is not tried again; its code is told, but not its message."""
    aws.answers = [(400, error(name))]
    assert refusal() == code
    assert len(aws.requests) == 1


TROUBLES = [
    (500, error("InternalFailure"), "InternalFailure"),
    (503, b"<html>", "UnknownError"),
    (502, b"", "UnknownError"),
    (400, error("ThrottlingException"), "ThrottlingException"),
    (400, error("com.amazonaws.sqs#RequestThrottled"), "RequestThrottled"),
    (400, error("KmsThrottled"), "KmsThrottled"),
]


@pytest.mark.parametrize(("status", "body", "code"), TROUBLES)
def test_trouble_is_tried_twice(
    aws: Aws, pauses: list[float], status: int, body: bytes, code: str
) -> None:
    """A failure and a throttled call are tried once more, after a pause; then it is for later."""
    aws.answers = [(status, body)]
    assert refusal(Unreachable) == code
    assert len(aws.requests) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize(("status", "body", "code"), TROUBLES)
def test_the_second_try_may_succeed(aws: Aws, status: int, body: bytes, code: str) -> None:
    """A hiccup of AWS is not noticed by whoever calls."""
    del code
    aws.answers = [(status, body), (200, b'{"a":1}')]
    assert call(SQS, "SendMessage", {}) == {"a": 1}
    assert len(aws.requests) == 2


def test_the_second_try_may_be_refused(aws: Aws) -> None:
    """A refusal after a hiccup is a refusal."""
    aws.answers = [(500, b""), (400, error("AccessDenied"))]
    assert refusal() == "AccessDenied"


def test_no_connection_is_for_later(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    """When nobody listens the call may be made again later."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    assert refusal(Unreachable) == "ConnectionRefusedError"
    assert len(pauses) == 1


def test_an_unknown_name_is_for_later(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    """When DNS fails the call may be made again later."""

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, HIDDEN)

    monkeypatch.setattr("_socket.getaddrinfo", unknown)
    assert refusal(Unreachable) == "gaierror"
    assert len(pauses) == 1


GARBAGE = [
    b"<html>",
    b"\xff\xfe",
    b'{"__type":"\xff"}',
    b"[" * 100_000,
    b"[]",
    b"1",
    b"null",
    b'"text"',
    b"{",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_no_success(aws: Aws, garbage: bytes) -> None:
    """An answer that is no JSON object is tried again, and then for later: it raises no bug."""
    aws.answers = [(200, garbage)]
    assert refusal(Unreachable) == "UnknownAnswer"
    assert len(aws.requests) == 2


@pytest.mark.parametrize("garbage", [*GARBAGE, b"{}", b'{"__type":null}', b'{"__type":["a"]}'])
def test_a_refusal_may_have_no_name(aws: Aws, garbage: bytes) -> None:
    """A refusal that does not say why is a refusal all the same."""
    aws.answers = [(400, garbage)]
    assert refusal() == "UnknownError"


def speaking(answer: bytes) -> tuple[str, Callable[[], None]]:
    """Listen, and answer each connection with bytes that need not be HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()

    def close() -> None:
        thread.join()
        listener.close()

    return f"http://127.0.0.1:{listener.getsockname()[1]}", close


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
)
@pytest.mark.usefixtures("pauses")
def test_what_is_not_http_is_for_later(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    """A connection that breaks, or that does not speak HTTP, is tried twice, and then for later."""
    url, close = speaking(answer)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    refusal(Unreachable)
    close()


# --- Where to


@pytest.mark.parametrize("service", [SSM, SQS])
def test_aws_is_called_in_the_function_s_own_region(service: Service) -> None:
    """Without any other word a call goes to AWS, encrypted."""
    assert endpoint(service.name).url == f"https://{service.name}.eu-central-1.amazonaws.com"


def test_the_environment_may_name_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable leads all services elsewhere, as for AWS's own tools; a service's own wins."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert endpoint("sqs").url == endpoint("ssm").url == "http://127.0.0.1:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:2")
    assert endpoint("sqs").url == "http://127.0.0.1:2"
    assert endpoint("ssm").url == "http://127.0.0.1:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "")
    assert endpoint("sqs").url == "http://127.0.0.1:1"
