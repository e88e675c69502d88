"""The world around a handler, in this process: what it calls, and all that it says, is caught."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from documents.quote_vectors import DOCUMENT
from orders import (
    custom_resource,
    heartbeat,
    telemetry,
    tracing,
    webhooks,
)
from orders import log as logs
from orders import store as stores
from orders.aws import calls
from orders.aws.connection import Answer, Connection, Request
from orders.release_gate import gate, invoking, lists
from tests.fuzz.tables import FAULTS, KEYS, ORDERS, PARTNERS
from tests.fuzz.targets import TARGETS, forget
from tests.fuzz.tenants import tables
from tests.shared import fresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from tests.fuzz.cases import Case
    from tests.fuzz.tables import Tables

LONGEST_SECONDS = 2.0
"""How much of a processor's time a case may take; most take a millisecond."""

MOST_MEGABYTES = 64
"""How much memory a case may take at most: the functions have twice as much."""

_PUBLISHED = json.loads(DOCUMENT.read_text())
SIGNING_KEY = "whsec_c2lnbmluZy1rZXktb2YtdGhlLXBsYXRmb3Jt"
API_KEY = "api-key-of-the-heartbeat"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAFUZZ",
    "AWS_SECRET_ACCESS_KEY": "secret-access-key",
    "AWS_LAMBDA_FUNCTION_NAME": "function-of-the-fuzz",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    "STAGE": "fuzz",
    "ORDERS_TABLE": ORDERS,
    "IDEMPOTENCY_TABLE": KEYS,
    "PARTNERS_TABLE": PARTNERS,
    "IDEMPOTENCY_HOURS": "24",
    "ACCEPT_MINUTES": "10",
    "ACCEPT_LEAD_MINUTES": "60",
    "DEADLINES_GROUP": "deadlines",
    "DEADLINES_QUEUE": "arn:aws:sqs:us-east-1:111122223333:queue",
    "DEADLINES_ROLE": "arn:aws:iam::111122223333:role/deadlines",
    "FLAGS_PARAMETER": "/parameter/flags",
    "PARTNERS_PREFIX": "/parameter/partners",
    "SIGNING_KEY_PARAMETER": "/parameter/signing-key",
    "DEAD_LETTER_QUEUE": "https://sqs.us-east-1.amazonaws.com/111122223333/dead",
    "RESTAURANTS_QUEUE": "https://sqs.us-east-1.amazonaws.com/111122223333/serving",
    "RESTAURANTS_DEAD_LETTERS": "https://sqs.us-east-1.amazonaws.com/111122223333/serving-dead",
    "RETRY_SECONDS": "5",
    "RETRIES_QUEUE": "https://sqs.us-east-1.amazonaws.com/111122223333/retries",
    "WEBHOOK_WAITS": "5 300",
    "API_URL": "https://api.example.com/v1",
    "HEARTBEAT_KEY_ID": "key-of-heartbeat",
    "ALLOWED_ORIGINS": "https://shop.example.com",
    "PERSON_THROTTLE": "1000000 1000000",  # whoever it is, all events are looked at
    "PRICE_QUOTES": "checked",
    "PRICE_KEYS": " ".join(f"{key['kid']}:{key['n']}" for key in _PUBLISHED["keys"]),
}
CREDENTIALS = ("secret-access-key", SIGNING_KEY, API_KEY)
"""What nothing that is said may hold."""

INTERNALS = (*CREDENTIALS, ORDERS, KEYS, PARTNERS, "AKIAFUZZ", ".py:", "Traceback")
"""What no answer may hold."""

_HANG_SECONDS = 20
_METRICS = b'{"_aws":'
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PEAK = re.compile(rb"VmHWM:\s*([0-9]+) kB")
_ENDED = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Hang(BaseException):
    """A case did not end; no handler catches this."""


@dataclass
class Outcome:
    """What became of a case, and all that was said meanwhile."""

    before: Tables
    after: Tables
    answer: Any = None
    raised: BaseException | None = None
    log: bytes = b""
    metrics: bytes = b""
    shown: bytes = b""
    """On standard output, but for the log."""
    errors: str = ""
    datagrams: list[bytes] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    """What was sent to HTTP servers, with the address in front."""
    calls: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    """Calls of AWS's other APIs: the operation, headers and arguments."""
    seconds: float = 0.0
    megabytes: float = 0.0


class _Utf8(io.TextIOWrapper):
    """A stream as Lambda's standard output is one: UTF-8, strictly."""

    def __init__(self) -> None:
        self.caught = io.BytesIO()
        super().__init__(self.caught, encoding="utf-8", errors="strict", write_through=True)


class World:
    """Runs cases, each as if it were the first."""

    def __init__(self) -> None:
        self._base = tables()
        self._case: Case | None = None
        self._outcome = Outcome(self._base, self._base)
        self._answered = 0

    def run(self, case: Case) -> Outcome:
        """Run a case."""
        self._case, self._answered = case, 0
        after = self._base.copy()
        self._outcome = outcome = Outcome(self._base, after)
        if case.fault:
            after.fault = lambda: FAULTS[case.fault]("orders-table: not to be told")
        _forget()
        _set_trace(case.trace)
        log, out, errors = _Utf8(), _Utf8(), io.StringIO()
        logs.log.stream = log
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            _observe(case, outcome)
        lines = log.caught.getvalue().splitlines(keepends=True)
        outcome.log = b"".join(line for line in lines if not line.startswith(_METRICS))
        outcome.metrics = b"".join(line for line in lines if line.startswith(_METRICS))
        outcome.shown = out.caught.getvalue()
        outcome.errors = errors.getvalue()
        return outcome

    # --- What the handlers call

    def connect(self) -> Tables:
        """Be DynamoDB."""
        return self._outcome.after

    def aws(self, request: Request) -> Answer:
        """Answer as AWS's other APIs do; as Lambda, by the bytes that the case has for it."""
        if request.path.startswith("/2015-03-31/functions/"):
            return self._lambda(request)
        headers = request.headers
        operation = headers.get("x-amz-target", f"GET {request.path}").rpartition(".")[2]
        arguments = json.loads(request.body or b"{}")
        self._outcome.calls.append((operation, headers, arguments))
        assert self._case is not None
        if self._case.aws:
            status, text = self._case.aws[len(self._outcome.calls) % len(self._case.aws)]
            return Answer(int(status), {}, str(text).encode(errors="surrogatepass"))
        if operation == "GetParameter":
            return self._parameter(arguments["Name"])
        if operation.startswith("GET "):
            return Answer(200, {}, json.dumps({"value": API_KEY}).encode())
        return Answer(200, {}, b"{}")

    def _lambda(self, request: Request) -> Answer:
        if _unreachable(self._case):
            raise ConnectionRefusedError("refused")
        wire: Any = Wire(self, request.headers["host"])
        return Connection(wire, wire.recv, wire.send).exchange(request.written(), 2.0)[0]

    def _parameter(self, name: str) -> Answer:
        assert self._case is not None
        texts = {
            ENVIRONMENT["FLAGS_PARAMETER"]: self._case.flags,
            ENVIRONMENT["SIGNING_KEY_PARAMETER"]: SIGNING_KEY,
        }
        for partner in ("acme", "bella"):
            text = json.dumps({"url": f"https://{partner}.example.com/hook"})
            name_of = f"{ENVIRONMENT['PARTNERS_PREFIX']}/{partner}/webhook"
            texts[name_of] = self._case.endpoint or text
        if name not in texts:
            return Answer(400, {}, b'{"__type":"ParameterNotFound"}')
        return Answer(200, {}, json.dumps({"Parameter": {"Value": texts[name]}}).encode())

    def deliver(self, target: Any, headers: dict[str, str], body: bytes, _deadline: Any) -> Any:
        """Take a webhook."""
        wire: Any = Wire(self, target.host)
        return webhooks._request(wire, target, headers, body)

    def next_answer(self) -> bytes:
        """Give what the next HTTP server answers."""
        assert self._case is not None
        answers = self._case.answers or [_ENDED]
        self._answered += 1
        return answers[(self._answered - 1) % len(answers)].encode("latin-1")

    def take(self, host: str, sent: bytes) -> None:
        """Note what was sent to a server."""
        self._outcome.requests.append(host.encode() + b"\n" + sent)

    def sendto(self, datagram: bytes, _address: Any) -> None:
        """Be the socket of tracing."""
        self._outcome.datagrams.append(datagram)

    def connection(self) -> type[HTTPConnection]:
        """Give a kind of connection that leads to no network."""
        world = self

        class Connection(HTTPConnection):
            def __init__(self, host: str, *, timeout: float, **_: Any) -> None:
                super().__init__(host, timeout=timeout)

            def connect(self) -> None:
                if _unreachable(world._case):
                    raise ConnectionRefusedError("refused")
                wire: Any = Wire(world, self.host)
                self.sock = wire

        return Connection


def _forget() -> None:
    """Let nothing of the last case be known."""
    fresh.forget()
    forget()
    telemetry.forget_metrics()


class Wire:
    """A connection to an HTTP server that says what the case has for it."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host
        self._sent = b""
        self._said = io.BytesIO()

    def sendall(self, data: bytes) -> None:
        self._sent += bytes(data)

    def send(self, data: bytes) -> int:
        self._sent += bytes(data)
        self._said = self.makefile()
        return len(data)

    def recv(self, most: int) -> bytes:
        return self._said.read(most)

    def settimeout(self, _seconds: float) -> None:
        """Never wait."""

    def makefile(self, *_: Any) -> io.BytesIO:
        self._world.take(self._host, self._sent)
        self._sent = b""
        return io.BytesIO(self._world.next_answer())

    def close(self) -> None:
        """Nothing is open."""


def _unreachable(case: Case | None) -> bool:
    return case is not None and case.answers == [""]


def _set_trace(trace: str | None) -> None:
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if trace is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace


def _observe(case: Case, outcome: Outcome) -> None:
    """Call the target, with an eye on time and memory."""
    peak = _Peak()
    started = time.process_time()  # whatever else the machine does meanwhile
    try:
        with _limited():
            outcome.answer = TARGETS[case.target](case)
    except (Exception, Hang) as error:  # noqa: BLE001 - whatever escapes is what is looked for
        outcome.raised = error
    outcome.seconds = time.process_time() - started
    outcome.megabytes = peak.megabytes()


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """End what does not end."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Peak:
    """How much the memory of this process grows at most; 0 where the system cannot tell."""

    def __init__(self) -> None:
        self._start = 0.0
        with contextlib.suppress(OSError):
            _RESET.write_bytes(b"5")  # the peak begins anew: proc(5)
            self._start = _peak()

    def megabytes(self) -> float:
        with contextlib.suppress(OSError):
            return _peak() - self._start
        return 0.0


def _peak() -> float:
    found = _PEAK.search(_STATUS.read_bytes())
    return int(found[1]) / 1024 if found else 0.0


@contextlib.contextmanager
def world() -> Iterator[World]:
    """Put the world in place, and take it away again."""
    clock = SimpleNamespace(**{**vars(time), "sleep": lambda _: None})  # nobody waits
    with pytest.MonkeyPatch.context() as patch:
        made = World()
        patch.setattr("orders.store.connect", made.connect)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("_X_AMZN_TRACE_ID", "")  # is put back in the end
        patch.setattr(stores, "time", clock)
        patch.setattr(calls, "time", clock)
        patch.setattr(custom_resource, "time", clock)
        patch.setattr(calls.Api, "_exchange", lambda _, request, __: made.aws(request))
        patch.setattr(webhooks, "_exchange", made.deliver)
        patch.setattr(tracing, "_socket_of_process", lambda: made)
        for waiting in (gate, invoking, lists):
            patch.setattr(waiting, "time", clock)
        for module in (heartbeat, custom_resource):
            patch.setattr(module, "HTTPConnection", made.connection())
            patch.setattr(module, "HTTPSConnection", made.connection())
        patch.setattr(logs.log, "stream", None)
        yield made
    _forget()
