"""The local X-Ray, as programs meet it: datagrams in, boto3's own client out."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.console import kept_traces as store
from local.console.kept_traces import Refused, Traces, read
from local.console.xray import PAGE, Collector, collector
from ops.reach.clients import clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = b'{"format": "json", "version": 1}\n'
NOW = int(time.time())
TRACE = f"1-{NOW:08x}-0123456789abcdef01234567"
ORDER = "01a2056f-12d3-7a4f-a166-60b40a00b62c"
PATIENCE = 30.0


def segment(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Make a segment with an id of its own."""
    made = {
        "trace_id": TRACE,
        "id": f"{number:016x}",
        "name": "create_order",
        "start_time": NOW + 0.25,
        "end_time": NOW + 0.5,
    }
    return {**made, **changes}


def datagram(document: object) -> bytes:
    return HEADER + json.dumps(document).encode()


def annotated(number: int = 1, trace_id: str = TRACE, **annotations: Any) -> dict[str, Any]:
    """Make a segment with a subsegment in it that bears annotations."""
    inner = {**segment(), "id": f"{number + 1000:016x}", "annotations": annotations}
    return segment(number, trace_id=trace_id, subsegments=[inner])


class Xray:
    """A running local X-Ray, and a boto3 client of it."""

    def __init__(self, running: Collector) -> None:
        self.running = running
        self.client = clients(running.url)("xray")

    def send(self, payload: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(payload, ("127.0.0.1", self.running.port))

    def tell(self, *documents: dict[str, Any]) -> None:
        """Send documents, and wait until they are there."""
        for document in documents:
            self.send(datagram(document))
        deadline = time.monotonic() + PATIENCE
        while any(not self.knows(document) for document in documents):
            assert time.monotonic() < deadline, "a document does not arrive"
            time.sleep(0.01)

    def knows(self, document: dict[str, Any]) -> bool:
        kept = self.running.traces.find([document["trace_id"]])
        return bool(kept) and document["id"] in kept[0].documents

    def search(self, expression: str, **options: Any) -> dict[str, Any]:
        options = {"StartTime": NOW - 60, "EndTime": NOW + 60, **options}
        found: dict[str, Any] = self.client.get_trace_summaries(
            FilterExpression=expression, **options
        )
        return found

    def get(self, *ids: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.batch_get_traces(TraceIds=list(ids))
        return answer


@pytest.fixture
def xray(tmp_path: Path) -> Iterator[Xray]:
    with collector(0, tmp_path / "traces.jsonl") as running:
        yield Xray(running)


def test_search_by_annotation(xray: Xray) -> None:
    """A trace is found by an annotation of any of its subsegments, and no other trace is."""
    other = f"1-{NOW:08x}-{2:024x}"
    xray.tell(annotated(1, orderId=ORDER, status=201), annotated(2, other, orderId="another"))
    (found,) = xray.search(f'annotation.orderId = "{ORDER}"')["TraceSummaries"]
    assert found["Id"] == TRACE
    assert found["Duration"] == pytest.approx(0.25)
    assert not found["HasFault"]
    values = found["Annotations"]["orderId"]
    assert [value["AnnotationValue"] for value in values] == [{"StringValue": ORDER}]
    assert found["Annotations"]["status"][0]["AnnotationValue"] == {"NumberValue": 201}


def test_search_by_request(xray: Xray) -> None:
    """A worker's trace is found by the request's trace id that it names."""
    worker = f"1-{NOW:08x}-{3:024x}"
    xray.tell(annotated(1, orderId=ORDER), annotated(2, worker, requestTraceId=TRACE))
    found = xray.search(f'annotation.requestTraceId = "{TRACE}"')["TraceSummaries"]
    assert [each["Id"] for each in found] == [worker]


def test_search_by_time(xray: Xray) -> None:
    """Traces of another time are not found."""
    xray.tell(annotated(1, orderId=ORDER))
    expression = f'annotation.orderId = "{ORDER}"'
    found = xray.search(expression, StartTime=NOW + 10, EndTime=NOW + 60)
    assert found["TraceSummaries"] == []


def test_pages(xray: Xray) -> None:
    """Many traces come page by page, each once."""
    ids = [f"1-{NOW:08x}-{number:024x}" for number in range(PAGE + 5)]
    xray.tell(*(annotated(1, trace_id, orderId=ORDER) for trace_id in ids))
    expression = f'annotation.orderId = "{ORDER}"'
    pages = xray.client.get_paginator("get_trace_summaries").paginate(
        StartTime=NOW - 60, EndTime=NOW + 60, FilterExpression=expression
    )
    assert [each["Id"] for page in pages for each in page["TraceSummaries"]] == ids


@pytest.mark.parametrize(
    "expression",
    ["", "service()", 'annotation.other = "x"', "annotation.orderId = 1", 'annotation.orderId = "'],
)
def test_filters_of_other_forms(xray: Xray, expression: str) -> None:
    """A filter that is not supported is refused with the forms that are, never ignored."""
    with pytest.raises(ClientError, match=r"annotation\.orderId = ") as caught:
        xray.search(expression)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


@pytest.mark.parametrize(("start", "end"), [(0, 6 * 3600 + 1), (10, 10), (10, 5)])
def test_time_ranges(xray: Xray, start: int, end: int) -> None:
    """A search over more than six hours, or backwards, is refused as X-Ray does."""
    with pytest.raises(ClientError, match="InvalidRequestException"):
        xray.search(f'annotation.orderId = "{ORDER}"', StartTime=NOW + start, EndTime=NOW + end)


def test_whole_traces(xray: Xray) -> None:
    """A trace is given with every document as it was sent; an unknown one is not processed."""
    first, second = segment(1), segment(2, type="subsegment", parent_id=f"{1:016x}", fault=True)
    xray.tell(first, second)
    answer = xray.get(TRACE, f"1-{NOW:08x}-{9:024x}")
    (trace,) = answer["Traces"]
    assert [json.loads(each["Document"]) for each in trace["Segments"]] == [first, second]
    assert answer["UnprocessedTraceIds"] == [f"1-{NOW:08x}-{9:024x}"]


def test_too_many_at_once(xray: Xray) -> None:
    """More than five traces at once are refused as X-Ray does."""
    with pytest.raises(ClientError, match="InvalidRequestException"):
        xray.get(*(f"1-{NOW:08x}-{number:024x}" for number in range(6)))


def test_work_in_progress(xray: Xray) -> None:
    """Work in progress is replaced by the finished work, in whichever order they come."""
    begun = {**segment(1), "in_progress": True}
    del begun["end_time"]
    for order in ((begun, segment(1)), (segment(1), begun)):
        xray.tell(*order)
        time.sleep(0.1)
        (kept,) = xray.get(TRACE)["Traces"][0]["Segments"]
        assert json.loads(kept["Document"]) == segment(1)


GARBAGE = [
    b"",
    b"\xff\xfe\x00",
    HEADER,
    HEADER + b"{",
    HEADER + b"[]",
    HEADER + b"[" * 60_000,
    b'{"format": "xml", "version": 1}\n' + json.dumps(segment(7)).encode(),
    b'{"version": 1}\n' + json.dumps(segment(7)).encode(),
    json.dumps(segment(7)).encode(),
    datagram(segment(7, trace_id="1-x")),
    datagram(segment(7, id="0")),
    datagram(segment(7, name="")),
    datagram(segment(7, start_time="now")),
    datagram(segment(7, start_time=10**400)),
    datagram(segment(7, start_time=float("nan"))),
    datagram(segment(7, end_time=None)),
    datagram(segment(7, type="subsegment")),
    datagram(segment(7, metadata="x" * 70_000))[:65_000],
]


def test_document_that_is_too_large() -> None:
    """A document of more than 64 KB is refused as X-Ray does."""
    with pytest.raises(Refused, match="bytes"):
        read(json.dumps(segment(7, metadata="x" * 70_000)).encode())


def test_garbage(xray: Xray) -> None:
    """Whatever is sent to it, it keeps nothing of it and goes on taking what is sound."""
    for payload in GARBAGE:
        with pytest.raises(Refused):
            xray.running.traces.take(payload)
        xray.send(payload)
    xray.tell(segment(1))
    assert list(xray.running.traces.find([TRACE])[0].documents) == [f"{1:016x}"]


@given(st.binary(max_size=200), st.booleans())
def test_any_datagram(payload: bytes, headed: bool) -> None:  # noqa: FBT001 - hypothesis
    """No datagram makes it fail otherwise than by refusing it."""
    with contextlib.suppress(Refused):
        read(payload)
    with contextlib.suppress(Refused):
        Traces.__new__(Traces).take(HEADER + payload if headed else payload)


def ask(xray: Xray, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", xray.running.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("path", ["/Traces", "/TraceSummaries"])
def test_other_names_for_this_machine(xray: Xray, path: str) -> None:
    """A page elsewhere, whose host name leads here, learns nothing."""
    assert ask(xray, path, b"{}", {"Host": "evil.example"})[0] == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/TraceSegments", b"{}", 404),
        ("/Traces", b"", 400),
        ("/Traces", b"[]", 400),
        ("/Traces", b'{"TraceIds": "x"}', 400),
        ("/Traces", b"[" * 60_000, 400),
        ("/Traces", b" " * 70_000, 413),
        ("/TraceSummaries", b'{"StartTime": 1e999}', 400),
    ],
)
def test_requests_that_are_none(xray: Xray, path: str, body: bytes, status: int) -> None:
    """What is no request is answered with what is wrong, and the next one is answered well."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        assert ask(xray, path, body, {})[0] == status
    assert xray.get(TRACE)["Traces"] == []


def test_restart(tmp_path: Path) -> None:
    """Traces are there again after a restart, also those of a file that ends in the middle."""
    path = tmp_path / "traces.jsonl"
    with collector(0, path) as running:
        Xray(running).tell(segment(1), segment(2))
    with path.open("a") as file:
        file.write(json.dumps(segment(3))[:40])
    with collector(0, path) as running:
        assert len(running.traces.find([TRACE])[0].documents) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the latest traces, and of a trace so much; the file has the same bounds."""
    monkeypatch.setattr(store, "MOST_TRACES", 3)
    monkeypatch.setattr(store, "MOST_DOCUMENTS", 2)
    traces = Traces(tmp_path / "traces.jsonl")
    ids = [f"1-{NOW:08x}-{number:024x}" for number in range(5)]
    for trace_id in ids:
        for number in range(4):
            traces.take(datagram(segment(number, trace_id=trace_id)))
    traces.save()
    for kept in (traces, Traces(tmp_path / "traces.jsonl")):
        found = kept.find(ids)
        assert [trace.id for trace in found] == ids[2:]
        assert {len(trace.documents) for trace in found} == {2}
    assert not traces.find(ids)[0].complete


def test_bound_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the documents are, all together stay below a bound."""
    monkeypatch.setattr(store, "MOST_BYTES", 100_000)
    traces = Traces(tmp_path / "traces.jsonl")
    ids = [f"1-{NOW:08x}-{number:024x}" for number in range(10)]
    for trace_id in ids:
        traces.take(datagram(segment(trace_id=trace_id, metadata={"x": "y" * 30_000})))
    assert [trace.id for trace in traces.find(ids)] == ids[-3:]


def test_port_that_is_taken(tmp_path: Path) -> None:
    """A port that somebody has, over UDP alone too, leads to another one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        wanted = taken.getsockname()[1]
        with collector(wanted, tmp_path / "traces.jsonl") as running:
            assert running.port != wanted
            Xray(running).tell(segment(1))
