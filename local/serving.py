"""HTTP servers for this machine alone: what the pages and tools of the local run share."""

from __future__ import annotations

import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOSTS = {"127.0.0.1", "localhost"}

OTHER_HOST = b"Open it as 127.0.0.1 or localhost."
"""What whoever comes under another name is told."""


class Server(ThreadingHTTPServer):
    """A server that ends with this process."""

    daemon_threads = True
    allow_reuse_port = False  # a port that is taken is not to be shared

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a caller that has gone in the middle of an answer, as browsers do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers requests, in silence."""

    protocol_version = "HTTP/1.1"

    @property
    def addressed_here(self) -> bool:
        """Whether the request is to this machine by one of its own names.

        A page elsewhere can have its own host name lead here, and would then be of this origin.
        """
        return urlsplit(f"//{self.headers.get('Host')}").hostname in _HOSTS

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for the functions' logs."""


@contextlib.contextmanager
def serving(handler: type[Handler], port: int) -> Iterator[str]:
    """Serve for as long as the context lasts; gives the address.

    Args:
        handler: answers each request.
        port: where to listen on 127.0.0.1; 0 for any free port.
    """
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
