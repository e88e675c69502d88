"""HTTP as probes need it: each header line as it is, and answers that keep their request's id."""

from __future__ import annotations

import json
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 60.0
_AT_ONCE = 120


class Request(NamedTuple):
    """What is sent: header lines stand in their order, each by itself."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


class Answer(NamedTuple):
    """What came back; headers by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def request_id(self) -> str:
        """The request's id, as API Gateway gave it; empty without one."""
        by_function = self.headers.get("x-request-id") or str(self.field("requestId") or "")
        return by_function or self.headers.get("x-amzn-requestid", "")

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Read the body; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def field(self, name: str) -> Any:
        """Give a field of a body that is an object; None where there is none."""
        document = self.json()
        return document.get(name) if isinstance(document, dict) else None

    @property
    def problem(self) -> str:
        """The last part of a problem's type; empty where it is no problem."""
        if self.content_type != "application/problem+json":
            return ""
        return str(self.field("type") or "").rpartition(":")[2]

    @property
    def told(self) -> str:
        """The status, and the problem if it is one: `400 invalid-body`."""
        return f"{self.status} {self.problem}".strip()


def sender() -> Callable[[Request], Answer]:
    """Make what sends requests; many threads may use it at once."""
    import httpx  # noqa: PLC0415 - `orders --help` is quick without

    limits = httpx.Limits(max_connections=_AT_ONCE)
    client = httpx.Client(timeout=_SECONDS, limits=limits)

    def send(request: Request) -> Answer:
        answer = client.request(
            request.method, request.url, headers=list(request.headers), content=request.body
        )
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    weakref.finalize(send, client.close)  # its connections go with whoever sends by it
    return send
