"""Signed calls to AWS: signed as AWS's own library does, and answered one way or another."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import aws_api
from orders.aws_api import SQS, SSM, ApiError, Unreachable, call, endpoint, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM"):
        monkeypatch.delenv(name, raising=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(), ASCII, ASCII, ASCII, st.none() | ASCII, st.sampled_from(["ssm", "sqs"]))
def test_a_call_is_signed_as_botocore_signs_it(
    body: bytes, target: str, key: str, secret: str, token: str | None, service: str
) -> None:
    """AWS takes our signature, for it is the one that AWS's own library makes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        if token:
            patch.setenv("AWS_SESSION_TOKEN", token)
        host = f"{service}.eu-west-3.amazonaws.com"
        headers = {"content-type": SSM.content_type, "host": host, "x-amz-target": target}
        ours = sign(headers, body, service, time.gmtime())
        theirs = _signed_by_botocore(headers, body, service, Credentials(key, secret, token), ours)
    assert ours["authorization"] == theirs


def _signed_by_botocore(
    headers: dict[str, str],
    body: bytes,
    service: str,
    credentials: Credentials,
    ours: dict[str, str],
) -> str:
    request = AWSRequest("POST", f"https://{headers['host']}/", headers=headers, data=body)
    auth: Any = SigV4Auth(credentials, service, "eu-west-3")
    request.context["timestamp"] = ours["x-amz-date"]
    auth._modify_request_before_signing(request)
    del request.headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    auth._inject_signature_to_request(request, signature)
    return str(request.headers["Authorization"])


class Answers:
    """What a server answers next, and what it was asked."""

    def __init__(self) -> None:
        self.plan: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, bytes]] = []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """An AWS that answers as planned."""
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers.asked.append((self.headers["X-Amz-Target"], body))
            status, text = answers.plan.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(aws_api, "_PAUSE", 0)
    yield answers
    server.shutdown()
    server.server_close()


def test_an_answer_is_given(aws: Answers) -> None:
    """A call names its operation, sends its arguments and gives AWS's answer."""
    aws.plan = [(200, b'{"Parameter": {"Value": "x"}}'), (200, b"")]
    assert call(SSM, "GetParameter", {"Name": "n"}) == {"Parameter": {"Value": "x"}}
    assert call(SQS, "SendMessage", {}) == {}
    assert aws.asked == [
        ("AmazonSSM.GetParameter", b'{"Name":"n"}'),
        ("AmazonSQS.SendMessage", b"{}"),
    ]


def test_a_refusal_is_told_by_its_code_and_not_repeated(aws: Answers) -> None:
    """What AWS refuses for good is not asked for again."""
    aws.plan = [(400, b'{"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "x"}')]
    with pytest.raises(ApiError) as caught:
        call(SSM, "GetParameter", {})
    assert caught.value.code == "ParameterNotFound"
    assert not isinstance(caught.value, Unreachable)
    assert len(aws.asked) == 1


THROTTLED = (400, b'{"__type": "ThrottlingException"}')
BROKEN = (503, b"<html>")


@pytest.mark.parametrize("failure", [THROTTLED, BROKEN])
def test_a_passing_failure_is_tried_again_once(aws: Answers, failure: tuple[int, bytes]) -> None:
    """Throttling and failures of AWS are tried twice, and then left to whoever asked."""
    aws.plan = [failure, (200, b"{}")]
    assert call(SQS, "SendMessage", {}) == {}
    aws.plan = [failure, failure]
    with pytest.raises(Unreachable):
        call(SQS, "SendMessage", {})
    assert len(aws.asked) == 4


@pytest.mark.parametrize("answer", [b"", b"[]", b"null", b"<html>", b'{"type": "x"}'])
def test_an_error_that_nobody_understands_is_an_error(aws: Answers, answer: bytes) -> None:
    """Whatever an error's body holds, it is an error and nothing else."""
    aws.plan = [(400, answer)]
    with pytest.raises(ApiError):
        call(SSM, "GetParameter", {})


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nobody listens is worth another try later."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(aws_api, "_PAUSE", 0)
    with pytest.raises(Unreachable):
        call(SSM, "GetParameter", {})


def test_the_address_is_aws_s_own_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Calls go to the function's own Region, or where a local run or a test sends them."""
    assert endpoint("ssm").geturl() == "https://ssm.eu-west-3.amazonaws.com"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert endpoint("ssm").geturl() == "http://127.0.0.1:4566"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9")
    assert endpoint("ssm").geturl() == "http://127.0.0.1:9"
    monkeypatch.delenv("AWS_REGION")
    assert endpoint("sqs").netloc == "127.0.0.1:4566"
