"""What a span says to people: its title, what is known of it, and what X-Ray marks it as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ops.traces.reasons import REASON, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.traces.spans import Span

MARKS = {"fault": "FAULT", "throttle": "THROTTLED", "error": "ERROR"}
"""What X-Ray marks, the worst first, and how it is shown."""

_TOLD = ("outcome", "problem", "partnerId", "side")

# What CloudFormation makes of a name: the stack's before it, a digest of CDK's and one of its own
# behind it.
_MADE = re.compile(r"(?:[a-z0-9-]+-)?([A-Z][A-Za-z]*?)[0-9A-F]{8}(?:-?[A-Za-z0-9]+)?")


def title(span: Span) -> str:
    """Name a span as people call it."""
    content = span.content
    request, operation = (
        _of(content, "http", "request"),
        _text(_of(content, "aws").get("operation")),
    )
    if span.origin == "AWS::ApiGateway::Stage":
        path = urlsplit(_text(request.get("url"))).path or span.name
        return f"API {_text(request.get('method'))} {path}"
    if span.origin == "AWS::Lambda":
        return f"Lambda {_own(span.name)}"
    if span.origin.startswith("AWS::SNS"):
        return f"topic {span.name.rpartition(':')[2]}"
    if span.content.get("namespace") == "remote":
        return f"{_text(request.get('method'))} {span.name}".strip()
    return f"{_own(span.name)} {operation}".strip()


def mark(span: Span) -> str:
    """Give the worst that X-Ray marks it as, a key of MARKS; empty when there is nothing."""
    return next((mark for mark in MARKS if span.content.get(mark) is True), "")


def details(span: Span) -> Iterator[str]:
    """Say what is known of a span, the most important first."""
    content = span.content
    yield from (shown for mark, shown in MARKS.items() if content.get(mark) is True)
    annotations = _of(content, "annotations")
    status = _of(content, "http", "response").get("status", annotations.get("status"))
    if isinstance(status, int):
        yield str(status)
    yield from _of_call(_of(content, "aws"))
    yield from (str(annotations[name]) for name in _TOLD if name in annotations)
    yield from _why(content, answered=isinstance(status, int))


def _why(content: dict[str, Any], *, answered: bool) -> Iterator[str]:
    """Say why it failed: our own reason, which leaves nothing for the exception to add."""
    reason = _text(_of(content, "annotations").get(REASON))
    if reason:
        yield from () if answered else (reason,)
        return
    exceptions = _of(content, "cause").get("exceptions")
    for exception in exceptions if isinstance(exceptions, list) else ():
        if isinstance(exception, dict):
            kind, message = (_text(exception.get(name)) for name in ("type", "message"))
            yield ": ".join(filter(None, (in_words(kind), message)))


def _own(name: str) -> str:
    """Give the name that the CDK app has for what CloudFormation has named: `create_order`."""
    found = _MADE.fullmatch(name)
    if found is None:
        return name
    function = found[1].removesuffix("Function")
    return _name_of(function) if function and function != found[1] else found[1]


def _name_of(construct: str) -> str:
    """Give the name of a function by its construct's id: `create_order` of `CreateOrder`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", construct).lower()


def _of_call(aws: dict[str, Any]) -> Iterator[str]:
    """Say what an AWS service was asked about, and what it took."""
    if table := _text(aws.get("table_name")):
        yield _own(table)
    elif "operation" in aws and isinstance(aws.get("resource_names"), list):
        yield from (_own(str(name)) for name in aws["resource_names"])
    if queue := _text(aws.get("queue_url")):
        yield _own(queue.rpartition("/")[2])
    if parameter := _text(aws.get("parameter_name")):
        yield parameter
    for name, unit in (("consumed_rcu", "read"), ("consumed_wcu", "write")):
        if units := aws.get(name):
            yield f"{units} {unit} units"
    if retries := aws.get("retries"):
        yield f"{retries} retries"


def _of(content: dict[str, Any], *path: str) -> dict[str, Any]:
    for name in path:
        inner = content.get(name)
        content = inner if isinstance(inner, dict) else {}
    return content


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
