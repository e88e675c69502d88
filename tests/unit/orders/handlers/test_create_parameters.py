"""What a deployment makes in Parameter Store, and that it always hears of it."""

from __future__ import annotations

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from orders import custom_resource
from orders import log as logs
from orders.aws_api import ApiError
from orders.handlers import create_parameters as module
from orders.partner_endpoints import derived_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROPERTIES = {"Flags": "/s/flags", "SigningKey": "/s/key", "KeyId": "arn:key", "ServiceToken": "f"}


class Store:
    """A Parameter Store."""

    def __init__(self) -> None:
        self.parameters: dict[str, dict[str, Any]] = {}
        self.refusals: list[str] = []
        """What the next calls are refused with."""

    def call(self, _service: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.refusals:
            raise ApiError(self.refusals.pop(0))
        if operation == "DeleteParameters":
            for name in arguments["Names"]:
                self.parameters.pop(name, None)
        elif arguments["Name"] in self.parameters:
            raise ApiError("ParameterAlreadyExists")
        else:
            assert arguments["Overwrite"] is False
            self.parameters[arguments["Name"]] = arguments
        return {}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()
    monkeypatch.setattr(module, "call", made.call)
    return made


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the function paused, each time; nobody waits here."""
    made: list[float] = []
    monkeypatch.setattr(custom_resource, "time", SimpleNamespace(sleep=made.append))
    return made


@pytest.fixture
def statuses() -> list[int]:
    """What the address of CloudFormation says to the next answers; to those after them 200."""
    return []


@pytest.fixture
def cloudformation(
    statuses: list[int],
) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Where CloudFormation waits for answers: its address, and what it took."""
    came: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == ""
            status = statuses.pop(0) if statuses else 200
            if status == 200:
                came.append((self.path, json.loads(body)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer?signature=a%2Fb", came
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(cloudformation: Any) -> Callable[[str], dict[str, Any]]:
    """Ask as CloudFormation does; gives the answer."""
    address, came = cloudformation

    def asking(request: str) -> dict[str, Any]:
        ids = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}
        event = {"RequestType": request, "ResponseURL": address, "ResourceProperties": PROPERTIES}
        module.handler({**ids, **event}, None)
        path, answer = came.pop()
        assert path == "/answer?signature=a%2Fb"
        assert {name: answer[name] for name in ids} == ids
        told: dict[str, Any] = answer
        return told

    return asking


def test_a_first_deployment_makes_flags_and_a_key(
    store: Store, ask: Callable[[str], dict[str, Any]]
) -> None:
    """There is a place for flags, and a signing key of 256 random bits, under its KMS key."""
    assert ask("Create")["Status"] == "SUCCESS"
    assert store.parameters["/s/flags"]["Value"] == "{}"
    key = store.parameters["/s/key"]
    assert (key["Type"], key["KeyId"]) == ("SecureString", "arn:key")
    assert len(base64.b64decode(key["Value"].removeprefix("whsec_"))) == 32


def test_a_later_deployment_changes_neither(
    store: Store, ask: Callable[[str], dict[str, Any]]
) -> None:
    """What operators set, and the key that partners rely on, outlive every deployment."""
    first = ask("Create")
    store.parameters["/s/flags"]["Value"] = '{"auto-confirm": {"enabled": true}}'
    before = json.dumps(store.parameters)
    for request in ("Update", "Create"):
        answer = ask(request)
        assert (answer["Status"], answer["PhysicalResourceId"]) == (
            "SUCCESS",
            first["PhysicalResourceId"],
        )
    assert json.dumps(store.parameters) == before


def test_both_go_with_the_stack(store: Store, ask: Callable[[str], dict[str, Any]]) -> None:
    """Taking the stack down leaves no key behind, however often it is tried."""
    ask("Create")
    assert ask("Delete")["Status"] == "SUCCESS"
    assert not store.parameters
    assert ask("Delete")["Status"] == "SUCCESS"


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidKeyId"])
def test_a_role_that_iam_has_not_spread_yet(
    store: Store, ask: Callable[[str], dict[str, Any]], pauses: list[float], code: str
) -> None:
    """A first deployment waits for IAM and KMS, up to 16 s as others saw, and then goes through."""
    store.refusals = [code] * 8
    assert ask("Create")["Status"] == "SUCCESS"
    assert set(store.parameters) == {"/s/flags", "/s/key"}
    assert sum(pauses) == 16


def test_a_role_that_may_not(
    store: Store, ask: Callable[[str], dict[str, Any]], pauses: list[float]
) -> None:
    """What is not allowed after half a minute never is: the deployment is told that it failed."""
    store.refusals = ["AccessDeniedException"] * 100
    assert ask("Create")["Status"] == "FAILED"
    assert sum(pauses) == 30


def test_the_answer_is_sent_until_it_is_taken(
    store: Store, ask: Callable[[str], dict[str, Any]], statuses: list[int]
) -> None:
    """A bucket that is out of order for a moment does not keep the deployment waiting."""
    statuses += [503, 500]
    assert ask("Create")["Status"] == "SUCCESS"
    assert set(store.parameters) == {"/s/flags", "/s/key"}


@pytest.mark.parametrize("status", [503, 403])
def test_an_answer_that_is_not_taken_fails_the_call(
    store: Store, ask: Callable[[str], dict[str, Any]], statuses: list[int], status: int
) -> None:
    """Lambda then calls again, and that answers the same: the same key, made once."""
    statuses += [status] * 3
    with pytest.raises(custom_resource.NotTaken, match=str(status)):
        ask("Create")
    before = json.dumps(store.parameters)
    assert ask("Create")["Status"] == "SUCCESS"
    assert json.dumps(store.parameters) == before


def test_nobody_listens(store: Store, pauses: list[float]) -> None:
    """An address that cannot be reached is tried three times, and then by Lambda's next call."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        address = f"http://127.0.0.1:{closed.server_port}/"
    event = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l", "RequestType": "Create"}
    with pytest.raises(ConnectionError):
        module.handler({**event, "ResponseURL": address, "ResourceProperties": PROPERTIES}, None)
    assert len(pauses) == 2
    assert store.parameters


def test_a_failure_is_answered_too(
    store: Store,
    ask: Callable[[str], dict[str, Any]],
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A deployment that cannot go on is told so at once, and waits for nothing."""
    log = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", log)
    store.refusals = ["ParameterLimitExceeded"]
    answer = ask("Create")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("ApiError")
    assert "ApiError" in log.getvalue()
    assert not pauses


def test_no_secret_is_told(
    store: Store, ask: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither CloudFormation's events nor the log ever hold the key."""
    log = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", log)
    answer = ask("Create")
    key = store.parameters["/s/key"]["Value"]
    assert key not in log.getvalue() + json.dumps(answer)


def test_each_partner_s_derived_secret_is_its_own() -> None:
    """A partner that knows its secret knows nothing of another's, nor of the platform's key."""
    secrets = {derived_secret("whsec_a2V5", partner) for partner in ("acme", "bella", "acme ")}
    assert len(secrets) == 3
    assert derived_secret("whsec_a2V5", "acme") == derived_secret("whsec_a2V5", "acme")
    assert derived_secret("whsec_b3RoZXI=", "acme") not in secrets
