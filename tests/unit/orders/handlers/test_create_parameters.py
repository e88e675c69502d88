"""What a deployment makes in Parameter Store, and that it always hears of it."""

from __future__ import annotations

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

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
        self.broken = False

    def call(self, _service: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.broken:
            raise ApiError("AccessDeniedException")
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


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Where CloudFormation waits for answers: its address, and what came."""
    came: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, json.loads(body)))
            assert self.headers["Content-Type"] == ""
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
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


def test_a_failure_is_answered_too(
    store: Store, ask: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment that cannot go on is told so at once, and waits for nothing."""
    log = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", log)
    store.broken = True
    answer = ask("Create")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("ApiError")
    assert "ApiError" in log.getvalue()


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
