"""HTTP servers for this machine alone: what pages, tools and receivers of the local run share.

Each of them refuses what a page elsewhere sends (local/inside/visitors.py), before it is read.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from local.inside.visitors import THIS_MACHINE, calls_this_machine, headers_of, refusal

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection, Iterator, Mapping

DOCS, DASHBOARD = "/docs", "/dashboard"
"""Paths at which each page of the local run leads to the other."""

NO_LINKS: Mapping[str, str] = MappingProxyType({})
"""Of a page that stands alone."""

_NO_CONTENT = 204
_FOUND = 302
_FORBIDDEN = 403
_HANDSHAKE_SECONDS = 30

LOOK_SECONDS = 0.1
"""How often a server looks whether it is to stop: five of them do so one after the other."""


class Server(ThreadingHTTPServer):
    """A server that ends with this process."""

    daemon_threads = True
    allow_reuse_port = False  # a port that is taken is not to be shared
    request_queue_size = 200

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a caller that has gone in the middle of an answer, as browsers do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class SecureServer(Server):
    """Shakes hands in each connection's own thread: one that hangs holds up nobody else."""

    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection, unless it is given up on the way."""
        request.settimeout(_HANDSHAKE_SECONDS)
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(request, server_side=True) as encrypted,
        ):
            super().finish_request(encrypted, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers requests, in silence."""

    protocol_version = "HTTP/1.1"
    links: Mapping[str, str] = NO_LINKS
    """Where paths lead that are pages of another server; filled in once all are started."""
    origins: Collection[str] = ()
    """Pages elsewhere that may call this server, too, and read what it says."""
    _invited: str | None = None

    def parse_request(self) -> bool:
        """Read the request's head, and go on only with one that may come in.

        A link from elsewhere may open what is here: no GET of these servers does anything.
        """
        if not super().parse_request():
            return False
        headers = headers_of(self.headers.items())
        invited = (
            calls_this_machine(headers, THIS_MACHINE) and headers.get("origin") in self.origins
        )
        self._invited = headers["origin"] if invited else None
        why = None if invited else refusal(self.command, headers, links=True)
        if why:
            self.close_connection = True  # what is left of the request is not read
            self.send(_FORBIDDEN, {"Content-Type": "text/plain"}, why.encode())
        return why is None

    def follow(self, path: str) -> bool:
        """Lead to another server's page; tells whether the path is such a link."""
        if path in self.links:
            self.send(_FOUND, {"Location": self.links[path]}, b"")
        return path in self.links

    def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send an answer; its length is said here. A HEAD gets all of it but the body."""
        self.send_response(status)
        for name, value in {**headers, **self._permission()}.items():
            self.send_header(name, value)
        if status != _NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:  # who is not told sends the next request into the end of this one
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _permission(self) -> dict[str, str]:
        """Let the page read the answer that asked for it, where it may."""
        if not self.origins:
            return {}
        permitted = {"Access-Control-Allow-Origin": self._invited} if self._invited else {}
        return {"Vary": "Origin", **permitted}

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for the functions' logs."""


def _bound(kind: type[Server], port: int, handler: type[Handler], *, only: bool) -> Server:
    """Bind a server; a port that was free a moment ago may be taken now."""
    try:
        return kind(("127.0.0.1", port), handler)
    except OSError:
        if only or not port:
            raise
        return kind(("127.0.0.1", 0), handler)


@contextlib.contextmanager
def serving(
    handler: type[Handler],
    port: int,
    context: ssl.SSLContext | None = None,
    *,
    only: bool = False,
) -> Iterator[str]:
    """Serve for as long as the context lasts; gives the address.

    Args:
        handler: answers each request.
        port: where to listen on 127.0.0.1; any other when it is taken, or 0.
        context: the server's certificate; without one it speaks HTTP.
        only: whether no other port will do.

    Raises:
        OSError: when the port is taken, and no other will do.
    """
    kind = type("Server", (SecureServer,), {"context": context}) if context else Server
    server = _bound(kind, port, handler, only=only)
    threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), daemon=True).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
