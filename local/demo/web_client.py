"""The web client on this machine, at the web origin that the API lets in.

    /              the page                  /config.json       where everything is, for the page
    /assets/…      its script and style      /traces/ORDER_ID   an order's way, for operators

The page is the one that is hosted, under the same policy. What only this machine has is in
config.json: the demo people with their passwords, which no page elsewhere can read.
"""

from __future__ import annotations

import contextlib
import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infrastructure.edge.web_headers import ASK_FIRST, FOR_EVER, HEADERS, content_policy, origin_of
from local.demo.people import PEOPLE, password_of
from local.serving import Handler, serving
from ops.reach.clients import clients
from ops.reach.errors import OperatorError
from ops.traces import labels
from ops.traces.search import Search, times_of
from ops.traces.spans import waterfall
from ops.web.hosting import ASSETS, TYPES
from orders.domain.ids import timestamp_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from ops.traces.spans import Line, Section

_TRACES = "/traces/"


def web_client(
    endpoints: Endpoints, folder: Path, port: int, *, only: bool = False
) -> AbstractContextManager[str]:
    """Serve the web client for as long as the context lasts; gives its address.

    Args:
        endpoints: the running copy.
        folder: the files, as `ops.web.bundle` builds them.
        port: where to listen on 127.0.0.1; any other when it is taken, or 0.
        only: whether no other port will do; entering the context then raises OSError.
    """
    given = {"endpoints": endpoints, "site": _Site(folder), "policy": _policy(endpoints)}
    return serving(type("Handler", (_Handler,), given), port, only=only)


def config(endpoints: Endpoints) -> dict[str, Any]:
    """Say to the page where everything is, and who can sign in with a click."""
    pool = endpoints.user_pool_id
    people = [
        {
            "name": name.replace("_", " ").capitalize(),
            "email": email,
            "password": password_of(pool, email),
        }
        for name, email in PEOPLE.items()
    ]
    return {
        "apiUrl": endpoints.api_url,
        "menuUrl": endpoints.menu_url.rstrip("/"),
        "userPoolId": pool,
        "userPoolClientId": endpoints.user_pool_client_id,
        "cognitoUrl": f"{endpoints.aws_endpoint_url}/",
        "traceUrl": f"{_TRACES}{{orderId}}",
        "traceIsPage": False,
        "people": people,
    }


def trace(endpoints: Endpoints, order_id: str) -> dict[str, Any]:
    """Give the way of an order, as `orders trace` draws it: sections of steps, in milliseconds.

    Raises:
        OperatorError: when there is none, and why.
    """
    placed_at = timestamp_in(order_id)
    if placed_at is None:
        raise OperatorError(f"{order_id} is no order's number.")
    search = Search(clients(endpoints.traces_url)("xray"), times_of(placed_at, None))
    found = search.run(order_id, lambda _: None)
    documents = [document for each in found for document in each.documents]
    if not documents:
        raise OperatorError("There is no trace yet: it comes some seconds after its request.")
    return {"sections": [_section(each) for each in waterfall(documents, order_id).sections]}


def _section(section: Section) -> dict[str, Any]:
    return {
        "begins": section.start * 1_000,
        "duration": (section.end - section.start) * 1_000,
        "steps": [_step(line, section.start) for line in section.lines],
    }


def _step(line: Line, begin: float) -> dict[str, Any]:
    span = line.span
    return {
        "name": labels.title(span) if span else f"({line.name})",
        "details": " ".join(labels.details(span)) if span else "",
        "depth": line.depth,
        "start": (line.start - begin) * 1_000,
        "duration": (line.finish - line.start) * 1_000,
        "failed": bool(span and labels.mark(span)),
    }


class _Site:
    """The files of the folder, read anew once they were built anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built, self._files = self._time(), _files(folder)

    def files(self) -> dict[str, tuple[str, bytes]]:
        with contextlib.suppress(FileNotFoundError):  # just being built: those that were read
            if (built := self._time()) != self._built:
                self._built, self._files = built, _files(self._folder)
        return self._files

    def _time(self) -> int:
        return (self._folder / "index.html").stat().st_mtime_ns


def _files(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Read the files by their paths, compressed, as CloudFront sends them."""
    files = {
        f"/{path.relative_to(folder).as_posix()}": (
            TYPES[path.suffix],
            gzip.compress(path.read_bytes(), mtime=0),
        )
        for path in folder.rglob("*.*")
        if path.suffix in TYPES
    }
    return {"/": files["/index.html"], **files}


def _policy(endpoints: Endpoints) -> str:
    called = (endpoints.api_url, endpoints.aws_endpoint_url, endpoints.menu_url)
    return content_policy(sorted({origin_of(url) for url in called}))


class _Handler(Handler):
    """Answers with a file, the configuration, or an order's trace."""

    endpoints: Endpoints
    site: _Site
    policy: str

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        if path == "/config.json":
            self._json(200, config(self.endpoints))
        elif path.startswith(_TRACES):
            self._trace(path.removeprefix(_TRACES))
        elif found := self.site.files().get(path):
            kind, content = found
            kept = FOR_EVER if path.startswith(f"/{ASSETS}") else ASK_FIRST
            compressed = "gzip" in self.headers.get("Accept-Encoding", "")
            coding = {"Content-Encoding": "gzip"} if compressed else {}
            more = {**coding, "Vary": "Accept-Encoding", "Cache-Control": kept}
            self._send(200, kind, content if compressed else gzip.decompress(content), more)
        else:
            self._send(404, TYPES[".txt"], b"There is no such file.")

    do_GET = do_HEAD = _answer  # noqa: N815 - the base class's names

    def _trace(self, order_id: str) -> None:
        try:
            self._json(200, trace(self.endpoints, order_id))
        except OperatorError as error:
            self._json(404, {"detail": str(error)})
        except Exception as error:  # noqa: BLE001 - the page says it, and goes on
            self._json(503, {"detail": f"The traces cannot be read: {error}"})

    def _json(self, status: int, found: dict[str, Any]) -> None:
        self._send(
            status, TYPES[".json"], json.dumps(found).encode(), {"Cache-Control": "no-store"}
        )

    def _send(
        self, status: int, kind: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        policy = {"Content-Type": kind, "Content-Security-Policy": self.policy}
        self.send(status, {**HEADERS, **policy, **(more or {})}, body)
