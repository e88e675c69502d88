"""What AWS's own services tell X-Ray, told by the emulator. Runs inside the emulator.

    traced request ─► AWS::ApiGateway::Stage { Lambda }     the stage, and its call
                        └─ AWS::Lambda                      the function's service
                             └─ AWS::Lambda::Function       one invocation
                                  { Initialization, Invocation, Overhead }, and what it says itself
    traced publish ─► AWS::SNS::Topic                       of a topic with active tracing
    batch of a queue ─► AWS::Lambda …                       a trace of its own, with links to those
                                                            of its messages

Sources: API Gateway developer guide, "Understanding X-Ray traces"; Lambda developer guide,
"Visualize Lambda function invocations using X-Ray"; X-Ray developer guide, "Tracing event-driven
applications"; SNS API reference, SetTopicAttributes. Here every request is sampled that does not
itself say otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADER = "X-Amzn-Trace-Id"
"""The header that carries a trace from service to service."""

_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_PARENT = re.compile(r"[0-9a-f]{16}")
_MOST_LINKS = 20


class Context(NamedTuple):
    """Where in which trace something is done."""

    root: str
    parent: str | None
    sampled: bool

    def header(self) -> str:
        """Render it as the tracing header."""
        parent = f"Parent={self.parent};" if self.parent else ""
        return f"Root={self.root};{parent}Sampled={int(self.sampled)}"

    def within(self, segment: dict[str, Any]) -> Context:
        """Give the context of what is done within a segment."""
        return self._replace(parent=segment["id"])


current: ContextVar[Context | None] = ContextVar("current", default=None)
"""The context of the request that is being served; None when it is of no trace."""

published: ContextVar[Context | None] = ContextVar("published", default=None)
"""The context that the messages carry which a topic is handing out."""


def context_of(header: str | None) -> Context | None:
    """Read a tracing header; None when there is none that X-Ray would take."""
    parts = dict(part.strip().partition("=")[::2] for part in (header or "").split(";"))
    root, parent = parts.get("Root", ""), parts.get("Parent", "")
    if not _ROOT.fullmatch(root):
        return None
    known = parent if _PARENT.fullmatch(parent) else None
    return Context(root, known, sampled=parts.get("Sampled") != "0")


def new_context(*, sampled: bool = True) -> Context:
    """Begin a trace."""
    return Context(f"1-{int(time.time()):08x}-{secrets.token_hex(12)}", None, sampled)


def segment(name: str, context: Context, **more: Any) -> dict[str, Any]:
    """Begin a segment."""
    begun = {"id": secrets.token_hex(8), "trace_id": context.root, "name": name, **more}
    if context.parent:
        begun["parent_id"] = context.parent
    return {**begun, "start_time": time.time()}


def subsegment(name: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    """Make a subsegment that is part of a segment."""
    return {"id": secrets.token_hex(8), "name": name, "start_time": start, "end_time": end, **more}


def marks(status: int) -> dict[str, bool]:
    """Mark a segment by its HTTP status: error for 4XX, throttle for 429, fault for 5XX."""
    return {
        **({"error": True} if 400 <= status < 500 else {}),
        **({"throttle": True} if status == 429 else {}),
        **({"fault": True} if status >= 500 else {}),
    }


def send(document: dict[str, Any]) -> None:
    """Send a finished segment to the collector, if there is one."""
    host, _, port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "").partition(":")
    if not port:
        return
    finished = {"end_time": time.time(), **document}
    payload = b'{"format": "json", "version": 1}\n' + json.dumps(finished).encode()
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(payload, (host, int(port)))


class StageRequest:
    """A request to a stage with active tracing."""

    def __init__(self, api: dict[str, Any], stage: str, method: str, path: str) -> None:
        """Begin it, in the trace that its header names or else in a new one."""
        context = current.get() or new_context()
        self._api, self._stage = api, stage
        self._request = {"method": method, "url": f"/{stage}{path}"}
        self._segment = segment(
            f"{api['name']}/{stage}", context, origin="AWS::ApiGateway::Stage", subsegments=[]
        )
        self.context = context.within(self._segment)
        self.request_id = ""
        """As the function is told it."""

    @contextlib.contextmanager
    def calling(self, function: str) -> Iterator[dict[str, Any]]:
        """Note the call of a function; gives the subsegment, for what comes of it."""
        call = subsegment("Lambda", time.time(), 0, namespace="aws")
        call["aws"] = {
            "operation": "Invoke",
            "function_name": function,
            "resource_names": [function],
        }
        token = current.set(self.context.within(call))
        try:
            yield call
        finally:
            current.reset(token)
            call["end_time"] = time.time()
            self._segment["subsegments"].append(call)

    def end(self, status: int, length: int, headers: dict[str, Any]) -> None:
        """Tell X-Ray of it, if it is sampled."""
        if not self.context.sampled:
            return
        client = {"client_ip": "127.0.0.1", "user_agent": str(headers.get("user-agent", ""))}
        gateway = {"rest_api_id": self._api["id"], "stage": self._stage}
        http = {
            "request": {**self._request, **client},
            "response": {"status": status, "content_length": length},
        }
        aws = {"api_gateway": {**gateway, "request_id": self.request_id}}
        annotations = {"aws:api_id": self._api["id"], "aws:api_stage": self._stage}
        send(
            {**self._segment, **marks(status), "http": http, "aws": aws, "annotations": annotations}
        )


served: ContextVar[StageRequest | None] = ContextVar("served", default=None)
"""The request to a stage that is being served."""


class Invocation:
    """One invocation of a function, and what it took."""

    def __init__(self, config: dict[str, Any], event: Any) -> None:
        """Begin it: a batch of a queue in a trace of its own, all else in that of the caller."""
        active = (config.get("TracingConfig") or {}).get("Mode") == "Active"
        messages = _messages(event)
        decided = [message.sampled for message in messages or ()]
        caller = None if messages is not None else current.get()
        context = caller or new_context(sampled=active and (any(decided) or not decided))
        self._name, self._arn = config["FunctionName"], config.get("FunctionArn", "")
        self._service = segment(self._name, context, origin="AWS::Lambda")
        self._links = _links(messages or ())
        self._function = segment(
            self._name, context.within(self._service), origin="AWS::Lambda::Function"
        )
        self.context = context.within(self._function)
        self.request_id = ""
        self.initialized: tuple[float, float] | None = None
        """When a new environment was made for it: from, to. None for one that was there."""
        self.answered: float | None = None
        """When the function answered; None when it never did."""

    def end(self, result: dict[str, Any]) -> None:
        """Tell X-Ray of it, if it is sampled."""
        if not self.context.sampled:
            return
        throttled, failed = bool(result.get("throttle")), bool(result.get("error"))
        about = {"resource_arn": self._arn, "aws": self._aws()}
        outcome = {"fault": True} if failed else {}
        http = {"response": {"status": 429 if throttled else 200}}
        send(
            {
                **self._service,
                **about,
                **(marks(429) if throttled else outcome),
                "http": http,
                **self._links,
            }
        )
        if not throttled:
            send({**self._function, **about, **outcome, "subsegments": self._parts()})

    def _aws(self) -> dict[str, Any]:
        account = self._arn.split(":")[4] if self._arn.count(":") > 4 else ""
        known = {"account_id": account, "function_arn": self._arn, "resource_names": [self._name]}
        return {**known, "request_id": self.request_id}

    def _parts(self) -> list[dict[str, Any]]:
        """Tell the function's time: making the environment, the function itself, the rest."""
        end = time.time()
        answered = self.answered or end
        begun = self.initialized[1] if self.initialized else self._function["start_time"]
        first = [subsegment("Initialization", *self.initialized)] if self.initialized else []
        parts = (("Invocation", begun, answered), ("Overhead", answered, end))
        return [*first, *(subsegment(*part) for part in parts)]


invoked: ContextVar[Invocation | None] = ContextVar("invoked", default=None)
"""The invocation that goes on."""


@contextlib.contextmanager
def publishing(topic_arn: str, *, active: bool) -> Iterator[None]:
    """Let the messages carry the publisher's trace, and tell X-Ray of a topic with active tracing.

    AWS: such a topic asks for sampling rules itself, so it begins a trace where its publisher gives
    none. A pipe gives none: DynamoDB's stream has dropped it.
    """
    context, told = current.get() or (new_context() if active else None), None
    if context and context.sampled and active:
        name = topic_arn.rpartition(":")[2]
        told = segment(name, context, origin="AWS::SNS::Topic", resource_arn=topic_arn)
    token = published.set(context.within(told) if context and told else context)
    try:
        yield
    finally:
        published.reset(token)
        if told:
            send(told)


def _messages(event: Any) -> list[Context] | None:
    """Give the contexts of a queue's messages; None when it is no batch of a queue."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        return None
    if any(not isinstance(r, dict) or r.get("eventSource") != "aws:sqs" for r in records):
        return None
    found = (context_of(record["attributes"].get("AWSTraceHeader")) for record in records)
    return [context for context in found if context]


def _links(messages: Iterable[Context]) -> dict[str, list[dict[str, str]]]:
    links = [
        {"trace_id": context.root, **({"id": context.parent} if context.parent else {})}
        for context in dict.fromkeys(messages)
        if context.sampled
    ]
    return {"links": links[:_MOST_LINKS]} if links else {}
