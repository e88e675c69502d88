"""Lambda's side of the Runtime API, for AWS's own runtime client and one function.

    invoke(event) ─► GET  …/invocation/next ─► awslambdaric ─► the handler
                     POST …/invocation/<id>/response ◄──────────────┤ what it gave
                     POST …/invocation/<id>/error    ◄──────────────┤ what it raised
                     POST …/init/error               ◄── it could not be loaded

The client runs as in Lambda: from the asset's folder, with the variables that Lambda sets and the
function's own, and nothing else of this machine.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Defined runtime
environment variables"
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.reach.clients import REGION
from tests.integration.engines import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TRACE = "Root=1-65a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
"""The trace of every call, as Lambda hands it to the runtime."""

_VERSION = "/2018-06-01/runtime"
_SECONDS = 30.0
_NOBODY_LISTENS = "127.0.0.1:9"  # of the discard protocol: X-Ray's daemon is not there


class Outcome(NamedTuple):
    """What the runtime client told of a call."""

    kind: str
    """`response`, `error` or `init/error`."""
    body: Any
    error_type: str | None = None


class Function:
    """One execution environment of a function."""

    def __init__(self, log: Path) -> None:
        """Serve the Runtime API; what the function writes goes to the log."""
        self._events: queue.Queue[Any] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._log = log
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Where the Runtime API is, as Lambda tells it."""
        return f"127.0.0.1:{self._server.server_port}"

    def invoke(self, event: Any) -> Outcome:
        """Call the function.

        Raises:
            AssertionError: when nothing is told of the call.
        """
        self._events.put(event)
        return self.outcome()

    def outcome(self) -> Outcome:
        """Wait for what the client tells next."""
        try:
            return self._outcomes.get(timeout=_SECONDS)
        except queue.Empty:
            raise AssertionError(f"the function said nothing:\n{self._log.read_text()}") from None

    def next_event(self) -> Any:
        """Wait for the next call; None when there will be no more."""
        return self._events.get()

    def told(self, outcome: Outcome) -> None:
        """Take what the client tells."""
        self._outcomes.put(outcome)

    def close(self) -> None:
        """End."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: a client that is ended drops its connection."""


def _handler(function: Function) -> type[BaseHTTPRequestHandler]:
    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            event = function.next_event() if self.path == f"{_VERSION}/invocation/next" else None
            if event is not None:
                self._answer(200, json.dumps(event).encode(), _headers_of_call())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kind = self.path.removeprefix(f"{_VERSION}/").split("/", 2)[-1]
            error_type = self.headers.get("Lambda-Runtime-Function-Error-Type")
            kind = "init/error" if self.path.endswith("/init/error") else kind
            function.told(Outcome(kind, body, error_type))
            self._answer(202, b"", {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Leave the tests' output alone."""

    return Api


def _headers_of_call() -> dict[str, str]:
    deadline = int((time.time() + _SECONDS) * 1000)
    return {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
        "Lambda-Runtime-Deadline-Ms": str(deadline),
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:111122223333:function:one",
        "Lambda-Runtime-Trace-Id": TRACE,
    }


@contextlib.contextmanager
def running(
    asset: Path, handler: str, variables: Mapping[str, str], log: Path
) -> Iterator[Function]:
    """Run a function of an asset under AWS's runtime client, as long as the context lasts."""
    function = Function(log)
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(environment.ready()), "-m", "awslambdaric", handler],
            cwd=asset,
            env={**_lambda_environment(asset, handler, function.address), **variables},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        yield function
    finally:
        process.kill()
        process.wait()
        function.close()


def _lambda_environment(asset: Path, handler: str, address: str) -> dict[str, str]:
    """Give what Lambda sets for every function."""
    name = handler.split(".")[-2]
    return {
        "_HANDLER": handler,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/29/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(asset),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": _NOBODY_LISTENS,
    }
