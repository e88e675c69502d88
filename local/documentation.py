"""The API's documentation in a browser: Swagger UI, with "Try it out" on the running copy.

    /                the page              /openapi.json    the document, at this address
    /swagger-ui…     its script and style  /v1/…            the API itself, forwarded

The API is forwarded so that the page has one origin and needs no permission; Swagger UI's files
come out of an installed package, and the page may load nothing from anywhere else.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local.layout import ROOT
from orders.routes import STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.endpoints import Endpoints

_DOCUMENT = ROOT / "docs/api/openapi.json"
_PACKAGE = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_SCRIPT, _STYLE = "swagger-ui-bundle.min.js", "swagger-ui.min.css"
_FORWARDED = f"/{STAGE}/"
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_SECONDS = 60

_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Food-delivery orders</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/{_STYLE}">
</head>
<body>
<div id="page"></div><script src="/{_SCRIPT}"></script><script src="/start.js"></script>
</body>
</html>
"""

_START = """
const credentials = %s;
const ui = SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#page", validatorUrl: null, tryItOutEnabled: true,
  onComplete: () => {
    for (const name in credentials) ui.preauthorizeApiKey(name, credentials[name]);
  },
});
"""


@contextlib.contextmanager
def documentation(endpoints: Endpoints, port: int) -> Iterator[str]:
    """Serve the documentation for as long as the context lasts; gives its address.

    Args:
        endpoints: the running copy; its demo partner and customer are signed in on the page.
        port: where to listen on 127.0.0.1; 0 for any free port.
    """
    handler = type("Handler", (_Handler,), {"endpoints": endpoints, "pages": _pages(endpoints)})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def _pages(endpoints: Endpoints) -> dict[str, tuple[str, bytes]]:
    document = json.loads(_DOCUMENT.read_text())
    document["servers"] = [{"url": f"/{STAGE}", "description": "The running copy"}]
    start = _START % json.dumps(_credentials(document, endpoints))
    package = files(_PACKAGE)
    return {
        "/": ("text/html; charset=utf-8", _PAGE.encode()),
        "/start.js": ("text/javascript", start.encode()),
        "/openapi.json": ("application/json", json.dumps(document).encode()),
        f"/{_SCRIPT}": ("text/javascript", package.joinpath(_SCRIPT).read_bytes()),
        f"/{_STYLE}": ("text/css", package.joinpath(_STYLE).read_bytes()),
    }


def _credentials(document: dict[str, Any], endpoints: Endpoints) -> dict[str, str]:
    """Give a credential for each security scheme: a key for the API key, a token for the others."""
    schemes = document["components"]["securitySchemes"]
    return {
        name: endpoints.partner_api_key
        if scheme.get("name", "").lower() == "x-api-key"
        else endpoints.customer_token
        for name, scheme in schemes.items()
    }


class _Handler(BaseHTTPRequestHandler):
    """Answers with a page, or with what the API answers."""

    endpoints: Endpoints
    pages: dict[str, tuple[str, bytes]]
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        if self.path.startswith(_FORWARDED):
            self._forward()
            return
        content_type, body = self.pages.get(urlsplit(self.path).path, ("text/plain", b""))
        headers = {"Content-Type": content_type, "Content-Security-Policy": _POLICY}
        self._send(200 if body else 404, headers, body)

    do_GET = do_POST = do_PATCH = do_OPTIONS = _answer  # noqa: N815 - the base class's names

    def _forward(self) -> None:
        api = urlsplit(self.endpoints.api_url)
        path = api.path + self.path.removeprefix(f"/{STAGE}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {n: v for n, v in self.headers.items() if n.lower() not in _HOP_BY_HOP}
        with contextlib.closing(HTTPConnection(api.netloc, timeout=_SECONDS)) as connection:
            connection.request(self.command, path, body or None, sent)
            answer = connection.getresponse()
            got = {n: v for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP}
            self._send(answer.status, got, answer.read())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for the functions' logs."""
