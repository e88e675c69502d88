"""A Lambda with versions and an alias, whose functions are the real ones on tables in memory."""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from orders import aws_api
from orders import log as logs
from orders.release_gate import gate, invoking, lists
from orders.release_gate.plan import REQUESTED, WORKERS
from tests.fuzz.tables import PARTNERS, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    Handler = Callable[[dict[str, Any], Any], Any]
    Fault = Callable[[Handler], Handler]

OLD, NEW = "7", "8"
ORIGIN = "https://shop.example.com"

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAGATE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "ORDERS_TABLE": "orders-table",
    "IDEMPOTENCY_TABLE": "keys-table",
    "PARTNERS_TABLE": PARTNERS,
    "IDEMPOTENCY_HOURS": "24",
    "ALLOWED_ORIGINS": ORIGIN,
    "PERSON_THROTTLE": "4 7",
    "FLAGS_PARAMETER": "/flags",
    "PARTNERS_PREFIX": "/partners",
    "SIGNING_KEY_PARAMETER": "/key",
    "DEAD_LETTER_QUEUE": "https://sqs.us-east-1.amazonaws.com/111122223333/dead",
    "RESTAURANTS_QUEUE": "https://sqs.us-east-1.amazonaws.com/111122223333/serving",
    "RESTAURANTS_DEAD_LETTERS": "https://sqs.us-east-1.amazonaws.com/111122223333/serving-dead",
    "RETRIES_QUEUE": "https://sqs.us-east-1.amazonaws.com/111122223333/retries",
    "RETRY_SECONDS": "5",
    "WEBHOOK_WAITS": "5 300",
}


class FakeLambda:
    """Six functions, each with an old version that is live and a new one."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.live = dict.fromkeys((*REQUESTED, *WORKERS), OLD)
        """The version that each function's alias points to."""
        self.versions = {name: [OLD, NEW] for name in (*REQUESTED, *WORKERS)}
        self.faults: dict[tuple[str, str], Fault] = {}
        """What is wrong with a function's version."""
        self.refusals: list[tuple[int, str]] = []
        """What the next calls are refused with: status and error's name."""
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        """Function, qualifier and event of each call, in their order."""
        self.letters: list[dict[str, Any]] = []
        """What was sent to queues."""
        self.flags = "{}"
        self.allowed = True
        """Whether the gate may enter its key."""
        self.forged: dict[tuple[str, str], str] = {}
        """Another version than the true one, as Lambda says by mistake."""
        self.clock = Clock()
        self.seconds: dict[tuple[str, str], float] = {}
        """How long each answer of a function's version takes, where that is not 10 ms."""
        self._alone = threading.Lock()

    def properties(self, version: str = NEW, **changes: Any) -> dict[str, Any]:
        """Give the properties of the custom resource, as CloudFormation sends them."""
        functions = {name: {"Name": f"stage-{name}", "Version": version} for name in self.versions}
        known = {
            "Functions": functions,
            "Alias": "live",
            "Rounds": "1",
            "SlowFactor": "3",
            "Gate": "check",
            "Reason": "",
            "Table": PARTNERS,
            "Origin": ORIGIN,
            "Quotes": "checked",
        }
        return {**known, **changes}

    def exchange(
        self, _url: Any, request: Any, headers: dict[str, str]
    ) -> tuple[int, bytes, str | None]:
        """Be AWS's other APIs, which functions and gate call."""
        operation = headers["x-amz-target"].rpartition(".")[2]
        arguments = json.loads(request.body)
        if operation == "PutItem":
            if not self.allowed:
                return 400, b'{"__type":"x#AccessDeniedException"}', None
            item = {name: value["S"] for name, value in arguments["Item"].items()}
            self.tables.put(arguments["TableName"], item)
        elif operation == "GetParameter":
            if arguments["Name"] == "/flags":
                return 200, json.dumps({"Parameter": {"Value": self.flags}}).encode(), None
            return 400, b'{"__type":"ParameterNotFound"}', None
        else:
            self.letters.append({"operation": operation, **arguments})
        return 200, b"{}", None

    def invoke(self, function: str, qualifier: str, event: Any) -> tuple[dict[str, str], bytes]:
        """Run a function; gives Lambda's headers and the payload."""
        version = self.live[function] if qualifier == "live" else qualifier
        told = self.forged.get((function, qualifier), version)
        handler: Handler = importlib.import_module(f"orders.handlers.{function}").handler
        fault = self.faults.get((function, version))
        headers = {"X-Amz-Executed-Version": told}
        self.clock.sleep(self.seconds.get((function, version), 0.01))
        stream = logs.log.stream = io.StringIO()
        try:
            answer = (fault(handler) if fault else handler)(event, None)
        except Exception as error:  # noqa: BLE001 - Lambda tells of whatever it is
            headers["X-Amz-Function-Error"] = "Unhandled"
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
        log = base64.b64encode(stream.getvalue().encode()[-4096:]).decode()
        return {**headers, "X-Amz-Log-Result": log}, json.dumps(answer).encode()

    def take(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answer a request of Invoke."""
        with self._alone:
            if self.refusals:
                status, name = self.refusals.pop(0)
                return status, {"x-amzn-errortype": f"{name}:http://x/"}, b"{}"
            url = urlsplit(path)
            found = re.fullmatch(r"/2015-03-31/functions/stage-(\w+)/invocations", url.path)
            assert found is not None
            function, (qualifier,) = found[1], parse_qs(url.query)["Qualifier"]
            event = json.loads(body)
            self.calls.append((function, qualifier, event))
            if qualifier != "live" and qualifier not in self.versions[function]:
                return 404, {"x-amzn-errortype": "ResourceNotFoundException"}, b"{}"
            if qualifier == "live" and function not in self.live:
                return 404, {"x-amzn-errortype": "ResourceNotFoundException"}, b"{}"
            headers, payload = self.invoke(function, qualifier, event)
            return 200, headers, payload

    def asked_of(self, side: str) -> list[str]:
        """Name the requests that a qualifier was asked, each `METHOD resource`."""
        return [
            f"{event['httpMethod']} {event['resource']}"
            for _, qualifier, event in self.calls
            if qualifier == side and "httpMethod" in event
        ]


@contextlib.contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    """Serve a Lambda, to which the gate's calls go."""
    made = FakeLambda()
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("orders.store.connect", lambda: made.tables)
    monkeypatch.setattr(aws_api, "_exchange", made.exchange)
    monkeypatch.setattr(logs.log, "stream", None)
    for module in (gate, invoking, lists):
        monkeypatch.setattr(module, "time", made.clock)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, payload = made.take(self.path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class Clock:
    """A clock that goes by what answers take, and by pauses, and by nothing else."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now

    perf_counter = monotonic

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
