"""A front door in this process: as callers are promised, but for what a test has changed of it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from local.serving import Server
from orders.domain.changes import place_for_partner, view
from orders.domain.order import NewPartnerOrder
from orders.problems import CONTENT_TYPE, NO_SUCH_ROUTE, UNAUTHENTICATED, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "https://app.example.com"
_NOW = 1_795_000_000_123


class Reply(NamedTuple):
    """An answer."""

    status: int
    document: Any
    headers: dict[str, str]


class Request(NamedTuple):
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Door:
    """The API: one order of the heartbeat's after the other."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.instead: Callable[[Request, Reply], Reply] = lambda _, reply: reply
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request) -> Reply:
        """Answer as API Gateway does by itself, or else as the functions do."""
        match request.method, request.path.removeprefix("/v1").partition("?")[0]:
            case "GET", "/health":
                return Reply(200, {"status": "ok"}, {})
            case "GET", "/orders":
                challenge = {"WWW-Authenticate": "Bearer", "Access-Control-Allow-Origin": ORIGIN}
                return _problem(UNAUTHENTICATED, challenge)
            case "OPTIONS", "/orders":
                allowed = {"Access-Control-Allow-Origin": ORIGIN}
                return Reply(204, None, {**allowed, "Access-Control-Allow-Methods": "GET,POST"})
            case method, path if path.startswith("/partner/orders"):
                return self._function(method, path, request)
        return _problem(NO_SUCH_ROUTE, {})

    def _function(self, method: str, path: str, request: Request) -> Reply:
        if path != "/partner/orders":
            return self._one(method, path, request)
        if method == "POST":
            return self._place(request)
        return Reply(200, {"orders": list(self.orders.values()), "cursor": None}, {})

    def _place(self, request: Request) -> Reply:
        key = request.headers["idempotency-key"]
        if key in self.orders:
            return Reply(201, self.orders[key], {"ETag": '"1"', "Idempotent-Replayed": "true"})
        new = msgspec.json.decode(request.body, type=NewPartnerOrder)
        self.orders[key] = view(place_for_partner(new, "heartbeat", _NOW + len(self.orders)))
        return Reply(201, self.orders[key], {"ETag": '"1"'})

    def _one(self, method: str, path: str, request: Request) -> Reply:
        (order,) = (o for o in self.orders.values() if path.endswith(o["orderId"]))
        if method == "PATCH":
            order.update(json.loads(request.body), version=2)
        return Reply(200, None if method == "HEAD" else order, {"ETag": '"1"'})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, self.rfile.read(length))
                door.requests.append(request)
                reply = door.instead(request, door._answer(request))
                text = b"" if reply.document is None else json.dumps(reply.document).encode()
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PATCH = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def _problem(kind: Kind, headers: dict[str, str]) -> Reply:
    document = {"type": kind.type, "title": kind.title, "status": kind.status}
    return Reply(kind.status, document, {"Content-Type": CONTENT_TYPE, **headers})
