"""A request as it went out, and an answer, as the judge reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemathesis import Case, Response

NO_BODY = object()


class Sent(NamedTuple):
    """A request on the wire, with what it was answered with."""

    caller: str
    """Whose credentials are sent: `partner`, `customer`, `operator`, `restaurant`
    or `nobody`."""
    method: str
    path: str
    """As the document has it, such as `/orders/{orderId}`."""
    url_path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    """By their names in lower case."""
    raw: bytes
    body: Any
    """What the body is as JSON, or `NO_BODY`."""
    status: int
    answer: dict[str, Any]
    """What it was answered with, where that is an object: an order, a page or a problem."""
    answered: Mapping[str, list[str]]
    """The answer's headers, by their names in lower case."""

    @property
    def kind(self) -> str:
        """The problem's name, such as `invalid-body`."""
        return str(self.answer.get("type", "")).rpartition(":")[2]

    @property
    def order_id(self) -> str:
        """The order's id, where the path has one."""
        return self.url_path.rpartition("/")[2].lower()

    @property
    def restaurant(self) -> str | None:
        """The restaurant's id, where the path has one."""
        if "{restaurantId}" not in self.path:
            return None
        return unquote(self.url_path.partition("/restaurants/")[2].partition("/")[0])

    def header(self, name: str) -> str | None:
        """Give what a header says, None where there is none."""
        return self.headers.get(name.lower())

    def member(self, *names: str) -> Any:
        """Give what stands in the body at some place, None for nothing."""
        found = self.body
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def at(self, pointer: str) -> Any:
        """Give what stands in the body at a JSON Pointer, None for nothing."""
        found = self.body
        for step in pointer.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (KeyError, IndexError, TypeError, ValueError):
                return None
        return found

    def texts(self) -> Iterator[str]:
        """Give all texts of the body."""
        waiting = [self.body]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value


def sent_by(caller: str, case: Case[Any], response: Response) -> Sent:
    """Read a request off the wire, and its answer."""
    request = response.request
    url = urlsplit(str(request.url))
    query: dict[str, list[str]] = {}
    for name, text in parse_qsl(url.query, keep_blank_values=True):
        query.setdefault(name, []).append(text)
    body = request.body
    raw = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
    answer = _json(response.content)
    return Sent(
        caller,
        str(request.method),
        case.operation.path,
        url.path,
        query,
        {name.lower(): _text(value) for name, value in request.headers.items()},
        raw,
        _json(raw) if raw else NO_BODY,
        response.status_code,
        answer if isinstance(answer, dict) else {},
        response.headers,
    )


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return NO_BODY
