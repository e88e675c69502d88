"""The way of an order, put together from whatever X-Ray gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.traces import spans as traces
from ops.traces.spans import Line, Waterfall, linked_traces, read, spans, waterfall

ORDER = "01a2056f-12d3-7a4f-a166-60b40a00b62c"
BEGIN = 1_795_386_255.0
REQUEST, TOPIC, WORKER = (f"1-6b036bcf-{number:024x}" for number in range(3))


def part(number: int, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    """Make a segment or subsegment; its times are milliseconds after the beginning."""
    times = {"start_time": BEGIN + start / 1000}
    if end is None:
        return {"id": f"{number:016x}", "name": "part", **times, "in_progress": True, **more}
    return {"id": f"{number:016x}", "name": "part", **times, "end_time": BEGIN + end / 1000, **more}


def request_trace() -> list[dict[str, Any]]:
    """Give a POST: stage, function, and the write that it told of itself."""
    call = part(2, 1, 50, name="Lambda", namespace="aws")
    write = part(5, 20, 30, name="DynamoDB", namespace="aws", type="subsegment", parent_id=_id(4))
    return [
        part(1, 0, 51, name="api/v1", origin="AWS::ApiGateway::Stage", subsegments=[call]),
        part(3, 2, 49, name="create", origin="AWS::Lambda", parent_id=_id(2)),
        part(4, 10, 45, name="post", type="subsegment", parent_id=_id(3), annotations=about(ORDER)),
        write,
    ]


def about(order_id: str, **more: str) -> dict[str, str]:
    return {"orderId": order_id, **more}


def _id(number: int) -> str:
    return f"{number:016x}"


def worker_trace(*, linked: bool = False) -> list[dict[str, Any]]:
    """Give a worker's batch, with a message about the order and one about another."""
    links = {"links": [{"trace_id": TOPIC, "id": _id(9)}]} if linked else {}
    ours = about(ORDER, requestTraceId=REQUEST)
    other = about("another", requestTraceId="1-6b036bcf-000000000000000000000077")
    return [
        part(1, 500, 900, name="worker", origin="AWS::Lambda", **links),
        part(2, 600, 700, name="message", parent_id=_id(1), annotations=ours),
        part(3, 610, 690, name="shop.example", namespace="remote", parent_id=_id(2)),
        part(4, 600, 650, name="message", parent_id=_id(1), annotations=other),
        part(5, 610, 640, name="other.example", namespace="remote", parent_id=_id(4)),
    ]


def of(trace_id: str, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"trace_id": trace_id, **document} for document in documents]


def lines(drawn: Waterfall) -> list[Line]:
    return [line for section in drawn.sections for line in section.lines]


def shape(drawn: Waterfall) -> list[tuple[int, str]]:
    return [(line.depth, line.name) for line in lines(drawn)]


def test_from_post_to_webhook() -> None:
    """A request and the work that it caused are one picture, in the order of what caused what."""
    documents = of(WORKER, worker_trace()) + of(REQUEST, request_trace())
    drawn = waterfall(documents, ORDER)
    assert shape(drawn) == [
        (0, "api/v1"),
        (1, "Lambda"),
        (2, "create"),
        (3, "post"),
        (4, "DynamoDB"),
        (1, "stream, pipe, topic, queue"),
        (1, "worker"),
        (2, "message"),
        (3, "shop.example"),
    ]
    assert (drawn.traces, drawn.others) == (2, 1)


def test_the_wait_between_two_traces() -> None:
    """What no trace tells of, from the write to the worker, is shown as a wait of its length."""
    drawn = waterfall(of(REQUEST, request_trace()) + of(WORKER, worker_trace()), ORDER)
    (wait,) = (line for line in lines(drawn) if line.span is None)
    assert wait.start == pytest.approx(BEGIN + 0.030)
    assert wait.end == pytest.approx(BEGIN + 0.500)


def test_by_way_of_the_topic() -> None:
    """Where the topic was traced, the wait is two: before the topic and after it."""
    topic = [part(9, 300, 310, name="changes", origin="AWS::SNS::Topic")]
    documents = of(WORKER, worker_trace(linked=True)) + of(TOPIC, topic)
    drawn = waterfall(documents + of(REQUEST, request_trace()), ORDER)
    assert shape(drawn)[5:9] == [
        (1, "stream and pipe"),
        (1, "changes"),
        (2, "queue"),
        (2, "worker"),
    ]


def test_the_topic_of_a_batch_is_not_guessed() -> None:
    """A batch with links for several messages is not joined to a topic's trace of another order."""
    one = part(1, 0, 1, links=[{"trace_id": TOPIC}])
    two = part(1, 0, 1, links=[{"trace_id": TOPIC}, {"trace_id": REQUEST}])
    assert linked_traces(spans(of(WORKER, [one]))) == [TOPIC]
    assert linked_traces(spans(of(WORKER, [two]))) == []


def failed_try(start: float) -> list[dict[str, Any]]:
    """Give a try of a webhook that a partner's server refuses."""
    answer = {"http": {"response": {"status": 503}}, "fault": True, "namespace": "remote"}
    ours = about(ORDER, requestTraceId=REQUEST, outcome="retry")
    return [
        part(1, start, start + 90, name="worker", origin="AWS::Lambda"),
        part(2, start + 10, start + 80, name="message", parent_id=_id(1), annotations=ours),
        part(3, start + 20, start + 70, name="shop.example", parent_id=_id(2), **answer),
    ]


NO_ANSWER: dict[str, Any] = {
    "fault": True,
    "namespace": "remote",
    "annotations": {"reason": "connection refused"},
    "cause": {"exceptions": [{"id": "1", "type": "Deferred"}]},
}


def test_a_retry_says_why() -> None:
    """A webhook's further try names what the one before it met, and waits from its end."""
    documents = of(REQUEST, request_trace()) + of(TOPIC, failed_try(100))
    drawn = waterfall(documents + of(WORKER, worker_trace()), ORDER)
    first, again = (line for line in lines(drawn) if line.span is None)
    assert first.name == "stream, pipe, topic, queue"
    assert again.name == "tried again after 503 of shop.example"
    assert again.start == pytest.approx(BEGIN + 0.190)
    assert again.end == pytest.approx(BEGIN + 0.500)


@pytest.mark.parametrize("side", [{}, {"side": "server"}])
def test_a_retry_without_an_answer_says_why(side: dict[str, str]) -> None:
    """Where a partner's or restaurant's server is away I read that, and no name of our code."""
    first, again = failed_try(100), worker_trace()
    first[1]["annotations"] |= {**side, "reason": "connection refused"}
    again[1]["annotations"] |= side
    first[2] = part(3, 120, 170, name="shop.example", parent_id=_id(2), **NO_ANSWER)
    documents = of(REQUEST, request_trace()) + of(TOPIC, first) + of(WORKER, again)
    _, wait = (line for line in lines(waterfall(documents, ORDER)) if line.span is None)
    assert wait.name == "tried again after connection refused, shop.example"


def test_a_try_for_another_side_is_none_again() -> None:
    """What the placer's server refused is no reason for the first try at the restaurant's."""
    other = worker_trace()
    other[1]["annotations"]["side"] = "server"
    documents = of(REQUEST, request_trace()) + of(TOPIC, failed_try(100)) + of(WORKER, other)
    waits = [line.name for line in lines(waterfall(documents, ORDER)) if line.span is None]
    assert waits == ["stream, pipe, topic, queue"] * 2


def test_requests_and_work_stand_in_the_order_of_time() -> None:
    """A change stands before the work that an earlier request caused later."""
    change = [part(1, 200, 210, name="change", annotations=about(ORDER))]
    documents = of(WORKER, worker_trace()) + of(TOPIC, change) + of(REQUEST, request_trace())
    drawn = [line.name for line in lines(waterfall(documents, ORDER))]
    assert drawn.index("api/v1") < drawn.index("change") < drawn.index("worker")


def test_clocks_that_disagree() -> None:
    """A worker that seems to have begun before the write has no wait, and is all there."""
    early = [{**d, "start_time": BEGIN - 5, "end_time": BEGIN - 4} for d in worker_trace()]
    drawn = waterfall(of(REQUEST, request_trace()) + of(WORKER, early), ORDER)
    assert not [line for line in lines(drawn) if line.span is None]
    assert drawn.sections[0].start == BEGIN - 5


def test_what_comes_much_later() -> None:
    """A retry hours later has a time line of its own, so that neither is squeezed to nothing."""
    late = [{**d, "start_time": BEGIN + 7200, "end_time": BEGIN + 7201} for d in worker_trace()]
    drawn = waterfall(of(REQUEST, request_trace()) + of(WORKER, late), ORDER)
    assert [(s.start, s.end) for s in drawn.sections] == [
        (BEGIN, BEGIN + 0.051),
        (BEGIN + 7200, BEGIN + 7201),
    ]


def test_what_x_ray_infers() -> None:
    """The other end of a call, which X-Ray makes up, is not a second line of the same."""
    echo = part(6, 20, 30, name="DynamoDB", inferred=True, parent_id=_id(5))
    drawn = waterfall(of(REQUEST, [*request_trace(), echo]), ORDER)
    assert [line.name for line in lines(drawn)].count("DynamoDB") == 1


def test_work_in_progress() -> None:
    """Of two documents about one piece of work, the one that has ended counts, in any order."""
    going, ended = part(1, 0, None), part(1, 0, 10)
    for documents in ([going, ended], [ended, going]):
        (span,) = spans(of(REQUEST, documents))
        assert span.end == BEGIN + 0.010


@pytest.mark.parametrize("document", ["", "{", "[]", "7", None, "[" * 100_000])
def test_documents_that_are_none(document: str | None) -> None:
    """What is no document is passed over."""
    assert read(document) is None


NUMBERS = st.one_of(
    st.none(),
    st.integers(-10, 10),
    st.floats(),
    st.just(10**400),
    st.text(max_size=2),
    st.floats(BEGIN - 100, BEGIN + 10_000),
)
IDS = st.sampled_from([_id(number) for number in range(6)])
TRACES = st.sampled_from([REQUEST, TOPIC, WORKER])
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def segments_of(times: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make segments of few ids, so that duplicates, orphans and circles are common."""
    keys = {
        "id": IDS,
        "start_time": times,
        "name": st.text(max_size=3),
    }
    more = {
        "parent_id": IDS,
        "trace_id": TRACES,
        "end_time": times,
        "in_progress": st.booleans(),
        "inferred": st.booleans(),
        "origin": st.sampled_from(["AWS::SNS::Topic", "AWS::Lambda"]),
        "namespace": st.sampled_from(["aws", "remote"]),
        "annotations": st.fixed_dictionaries({}, optional={"requestTraceId": TRACES}),
        "links": st.lists(st.fixed_dictionaries({"trace_id": TRACES}), max_size=2),
    }
    flat = st.fixed_dictionaries(keys, optional=more)
    return st.fixed_dictionaries(keys, optional={**more, "subsegments": st.lists(flat, max_size=3)})


SOUND = segments_of(st.floats(BEGIN - 100, BEGIN + 10_000))


@given(st.lists(SOUND, max_size=12), st.randoms(use_true_random=False))
def test_nothing_is_lost(documents: list[dict[str, Any]], random: Any) -> None:
    """Orphans, circles, duplicates, skewed clocks: each segment is on one line, in any order."""
    drawn = waterfall(documents, ORDER)
    shown = [(line.span.trace_id, line.span.id) for line in lines(drawn) if line.span]
    assert len(shown) == len(set(shown))
    known = {(span.trace_id, span.id): span for span in spans(documents)}
    for key in known.keys() - set(shown):
        span = known[key]
        parent = known[span.trace_id, span.parent_id or ""]
        assert span.is_inferred
        assert (parent.trace_id, parent.id) in shown
    random.shuffle(documents)
    again = waterfall(documents, ORDER)
    assert {line.span and (line.span.trace_id, line.span.id) for line in lines(again)} == {
        line.span and (line.span.trace_id, line.span.id) for line in lines(drawn)
    }


@given(st.lists(SOUND, max_size=12))
def test_everything_is_on_its_time_line(documents: list[dict[str, Any]]) -> None:
    """No line begins after it ends, or lies outside of its section's time line."""
    for section in waterfall(documents, ORDER).sections:
        for line in section.lines:
            if line.span:
                assert section.start <= line.start <= line.finish <= section.end


@given(st.lists(segments_of(NUMBERS) | st.dictionaries(st.text(max_size=5), JUNK), max_size=6))
def test_nothing_fails(documents: list[dict[str, Any]]) -> None:
    """Whatever a document holds, there is a picture."""
    waterfall(documents, ORDER)
    assert all(isinstance(read(json.dumps(each)), dict) for each in documents)


def test_deep_nesting() -> None:
    """Subsegments within subsegments are drawn however deep they go."""
    deepest = part(0, 0, 1)
    for number in range(1, 400):
        deepest = part(number, 0, 1, subsegments=[deepest])
    assert len(lines(waterfall(of(REQUEST, [deepest]), ORDER))) == 400


def test_no_documents() -> None:
    """Of nothing, nothing is drawn."""
    assert waterfall([], ORDER) == Waterfall([], 0, 0)
    assert traces.spans([]) == []
