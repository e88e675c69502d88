"""The API's documentation in a browser: Swagger UI, with "Try it out" on the running copy.

    /                the page              /openapi.json      the document, at this address
    /swagger-ui…     its script and style  /credentials.json  a demo partner's and a customer's
    /v1/…            the API itself, forwarded
    /dashboard       leads to the dashboard of the same run

The API is forwarded so that the page has one origin and needs no permission; Swagger UI's files
come out of an installed package, and the page may load nothing from anywhere else. The credentials
are JSON, which no page elsewhere can read; a script it could load.
"""

from __future__ import annotations

import contextlib
import json
from http.client import HTTPConnection, HTTPException
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.demo.people import Pool, sign_in
from local.serving import DASHBOARD, NO_LINKS, Handler, serving
from ops.reach.clients import clients
from orders.routes import STAGE
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from ops.reach.endpoints import Endpoints

_DOCUMENT = ROOT / "docs/api/openapi.json"
_PACKAGE, _FILES = "aws_lambda_powertools", "event_handler/openapi/swagger_ui"
_SCRIPT, _STYLE = "swagger-ui-bundle.min.js", "swagger-ui.min.css"
_FORWARDED = f"/{STAGE}/"
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_WRITTEN_HERE = {"date", "server"}
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_SECONDS = 60

_OWN = Path(__file__).parent / "pages"
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Food-delivery orders</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/{_STYLE}">
<link rel="stylesheet" href="/documentation.css"><script src="/theme.js"></script>
</head>
<body>
<nav><a href="{DASHBOARD}">Dashboard</a></nav>
<main id="page"></main>
<script src="/{_SCRIPT}"></script><script src="/documentation.js"></script>
</body>
</html>
"""


def documentation(
    endpoints: Endpoints, port: int, links: Mapping[str, str] = NO_LINKS
) -> AbstractContextManager[str]:
    """Serve the documentation for as long as the context lasts; gives its address.

    Args:
        endpoints: the running copy; its demo partner and customer are signed in on the page.
        port: where to listen on 127.0.0.1; any other when it is taken, or 0.
        links: where paths of this page lead that are other servers' pages.
    """
    given = {"endpoints": endpoints, "pages": _pages(), "links": links}
    return serving(type("Handler", (_Handler,), given), port)


def _pages() -> dict[str, tuple[str, bytes]]:
    document = json.loads(_DOCUMENT.read_text())
    document["servers"] = [{"url": f"/{STAGE}", "description": "The running copy"}]
    package = files(_PACKAGE) / _FILES  # its modules, which bring pydantic's models, stay unread
    return {
        "/": ("text/html; charset=utf-8", _PAGE.encode()),
        "/theme.js": ("text/javascript", (_OWN / "theme.js").read_bytes()),
        "/documentation.js": ("text/javascript", (_OWN / "documentation.js").read_bytes()),
        "/documentation.css": ("text/css", (_OWN / "documentation.css").read_bytes()),
        "/openapi.json": ("application/json", json.dumps(document).encode()),
        f"/{_SCRIPT}": ("text/javascript", package.joinpath(_SCRIPT).read_bytes()),
        f"/{_STYLE}": ("text/css", package.joinpath(_STYLE).read_bytes()),
    }


def _credentials(endpoints: Endpoints) -> dict[str, str]:
    """Give a credential for each security scheme; the token is fresh, for it lasts an hour only."""
    schemes = json.loads(_DOCUMENT.read_text())["components"]["securitySchemes"]
    pool = Pool(clients(endpoints.aws_endpoint_url)("cognito-idp"), endpoints.user_pool_id)
    token = sign_in(pool, "customer")
    return {
        name: endpoints.partner_api_key if scheme["type"] == "apiKey" else token
        for name, scheme in schemes.items()
    }


class _Handler(Handler):
    """Answers with a page, or with what the API answers."""

    endpoints: Endpoints
    pages: dict[str, tuple[str, bytes]]

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith(_FORWARDED):
            self._forward()
        elif path == "/credentials.json":
            self._page(200, "application/json", json.dumps(_credentials(self.endpoints)).encode())
        elif self.follow(path):
            return
        elif path in self.pages:
            self._page(200, *self.pages[path])
        else:
            self._page(404, "text/plain", b"")

    do_GET = do_HEAD = do_POST = do_PATCH = do_OPTIONS = _answer  # noqa: N815 - the base class's

    def _forward(self) -> None:
        api = urlsplit(self.endpoints.api_url)
        path = api.path + self.path.removeprefix(f"/{STAGE}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {n: v for n, v in self.headers.items() if n.lower() not in _HOP_BY_HOP}
        with contextlib.closing(HTTPConnection(api.netloc, timeout=_SECONDS)) as connection:
            try:
                connection.request(self.command, path, body or None, sent)
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, HTTPException) as error:
                self._page(502, "text/plain", f"The API does not answer: {error}".encode())
                return
        dropped = _HOP_BY_HOP | _WRITTEN_HERE
        got = {n: v for n, v in answer.getheaders() if n.lower() not in dropped}
        self.send(answer.status, got, content)

    def _page(self, status: int, content_type: str, body: bytes) -> None:
        headers = {"Content-Type": content_type, "Content-Security-Policy": _POLICY}
        headers |= {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        self.send(status, headers, body)
