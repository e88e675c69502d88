"""`orders trace`, asked by boto3 of a local X-Ray, or of one that refuses."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cli import app as cli
from cli import options, waterfall
from local.console.xray import Collector, collector
from ops.reach.clients import clients
from ops.traces import search
from ops.traces.search import Search, Times
from ops.traces.spans import waterfall as put_together
from orders.domain.ids import new_order_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = b'{"format": "json", "version": 1}\n'
NOW = time.time()
ORDER = new_order_id(int(NOW * 1000))
REQUEST, TOPIC, WORKER, LONE = (f"1-{int(NOW):08x}-{number:024x}" for number in range(4))


def part(trace_id: str, number: int, start: float, **more: Any) -> dict[str, Any]:
    """Make a segment of 100 ms."""
    times = {"start_time": NOW + start, "end_time": NOW + start + 0.1}
    return {"trace_id": trace_id, "id": f"{number:016x}", "name": "part", **times, **more}


POST = {"request": {"method": "POST", "url": "/v1/partner/orders"}, "response": {"status": 201}}
DOCUMENTS = [
    part(REQUEST, 1, 0, origin="AWS::ApiGateway::Stage", http=POST),
    part(
        *(REQUEST, 2, 0.01),
        parent_id=f"{1:016x}",
        name="create_order",
        type="subsegment",
        annotations={"orderId": ORDER},
    ),
    part(
        *(REQUEST, 3, 0.02),
        parent_id=f"{2:016x}",
        name="DynamoDB",
        namespace="aws",
        type="subsegment",
        throttle=True,
        aws={"operation": "PutItem", "table_name": "Orders", "consumed_wcu": 4.0, "retries": 2},
    ),
    part(TOPIC, 1, 0.3, origin="AWS::SNS::Topic", name="order-changes"),
    part(
        *(WORKER, 1, 0.6),
        origin="AWS::Lambda",
        name="food-delivery-orders-dev-NotifyPartnerFunction9B930F73F8AE00C4E0",
        links=[{"trace_id": TOPIC, "id": f"{1:016x}"}],
    ),
    part(
        *(WORKER, 2, 0.65),
        parent_id=f"{1:016x}",
        name="message",
        type="subsegment",
        fault=True,
        annotations={"requestTraceId": REQUEST, "outcome": "retry \x1b[2Jnow"},
    ),
]


@pytest.fixture
def xray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A local X-Ray, which `--local` finds."""
    with collector(0, tmp_path / "traces.jsonl") as running:
        client = clients(running.url)("xray")
        monkeypatch.setattr(options, "find_traces", lambda *_, **__: ("the local run", client))
        monkeypatch.setattr(search, "_PAUSE_SECONDS", 0)
        yield running


def fill(xray: Collector, *documents: dict[str, Any]) -> None:
    for document in documents:
        xray.traces.take(HEADER + json.dumps(document).encode())


def run(*arguments: str) -> int:
    """Run the command; gives its exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["trace", *arguments])
    return 0 if ended.value.code is None else int(ended.value.code) if _is_code(ended) else 1


def _is_code(ended: Any) -> bool:
    if isinstance(ended.value.code, str):
        print(ended.value.code)
        return False
    return True


def test_from_post_to_webhook(xray: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """The request, the topic and the worker are one picture, the waits between them included."""
    fill(xray, *DOCUMENTS)
    assert run(ORDER, "--local") == 0
    shown = capsys.readouterr().out.splitlines()
    rows = [line.split("  ") for line in shown if " ms" in line][1:]
    names = [row[0] or next(cell for cell in row if cell) for row in rows]
    assert [" ".join(name.split()).partition(" █")[0].partition(" ┄")[0] for name in names] == [
        "API POST /v1/partner/orders",
        "create_order",
        "DynamoDB PutItem",
        "(stream and pipe)",
        "topic order-changes",
        "(queue)",
        "Lambda notify_partner",
        "message",
    ]
    text = "\n".join(shown)
    assert "THROTTLED Orders 4.0 write units 2 retries" in text
    assert "FAULT retry" in text


def test_nothing_reaches_the_terminal(xray: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """What somebody wrote into a name cannot command an operator's terminal, nor a log."""
    fill(xray, *DOCUMENTS)
    fill(xray, part(REQUEST, 9, 0.1, name="\x1b]0;owned\x07\u202e\x9b2J"))
    assert run(ORDER, "--local") == 0
    shown = capsys.readouterr().out
    assert "\\x1b]0;owned\\x07\\u202e\\x9b2J" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_json(xray: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """--json gives the documents as they are, and nothing else."""
    fill(xray, *DOCUMENTS)
    assert run(ORDER, "--local", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["orderId"] == ORDER
    documents = [each for trace in told["traces"] for each in trace["documents"]]
    assert sorted(documents, key=str) == sorted(DOCUMENTS, key=str)
    assert all(trace["complete"] for trace in told["traces"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["order-1"], "no order id"),
        ([ORDER.upper()], "no order id"),
        ([ORDER, "--until", "yesterday"], "no time"),
        ([ORDER, "--until", "2020-01-01T00:00:00Z"], "before the order was placed"),
    ],
)
def test_wrong_usage(
    arguments: list[str], words: str, xray: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be meant is said so, with exit code 2, before anything is asked."""
    assert xray.port
    assert run(*arguments, "--local") == 2
    assert words in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_nothing_found(xray: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """An order without traces is told with the reasons that there may be."""
    assert xray.port
    assert run(ORDER, "--local") == 1
    assert "The local run has no trace of" in capsys.readouterr().out


def test_times_that_have_no_traces(xray: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """What is more than 30 days ago, or is yet to come, is not searched for."""
    assert xray.port
    day = dt.timedelta(days=1)
    old = new_order_id(int((NOW - 40 * 86_400) * 1000))
    assert run(old, "--local", "--until", (dt.datetime.now(dt.UTC) - 35 * day).isoformat()) == 1
    assert "keeps traces for 30 days" in capsys.readouterr().out
    assert run(new_order_id(int((NOW + 86_400) * 1000)), "--local") == 1
    assert "yet to come" in capsys.readouterr().out


class Refusing:
    """An X-Ray that refuses everything."""

    def __init__(self, code: str) -> None:
        self.error = ClientError({"Error": {"Code": code, "Message": "No."}}, "GetTraceSummaries")

    def get_paginator(self, _: str) -> Refusing:
        return self

    def paginate(self, **_: Any) -> Any:
        raise self.error


def test_not_permitted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who may not read traces is told which permissions it takes."""
    refusing = Refusing("AccessDeniedException")
    monkeypatch.setattr(options, "find_traces", lambda *_, **__: ("stage prod", refusing))
    assert run(ORDER, "--stage", "prod") == 1
    said = capsys.readouterr().out
    assert "xray:GetTraceSummaries" in said
    assert "xray:BatchGetTraces" in said


class Recording:
    """An X-Ray client that notes what is asked of it, and leaves some traces unprocessed once."""

    def __init__(self, client: Any) -> None:
        self.client, self.operation = client, ""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.hesitates = True

    def get_paginator(self, operation: str) -> Recording:
        self.operation = operation
        return self

    def paginate(self, **options: Any) -> Any:
        self.asked.append((self.operation, options))
        if self.operation == "batch_get_traces" and self.hesitates:
            self.hesitates = False
            return [{"Traces": [], "UnprocessedTraceIds": options["TraceIds"]}]
        return self.client.get_paginator(self.operation).paginate(**options)


def test_what_is_asked(xray: Collector) -> None:
    """Two operations are asked, six hours and five traces at a time; what is left undone, again."""
    ids = [f"1-{int(NOW):08x}-{number:024x}" for number in range(12)]
    fill(xray, *(part(each, 1, 0, annotations={"orderId": ORDER}) for each in ids))
    client = Recording(clients(xray.url)("xray"))
    told: list[int] = []
    times = Times(NOW, NOW + 20 * 3600)
    found = Search(client, times).run(ORDER, told.append)
    assert {each.trace_id for each in found if each.complete} == set(ids)
    assert {operation for operation, _ in client.asked} == {
        "get_trace_summaries",
        "batch_get_traces",
    }
    for operation, asked in client.asked:
        if operation == "get_trace_summaries":
            assert asked["EndTime"] - asked["StartTime"] <= dt.timedelta(hours=6)
        else:
            assert len(asked["TraceIds"]) <= 5
    assert told == [1, 2, 3, 4]
    windows = times.windows()
    assert windows[0][0] < NOW
    assert windows[-1][1] == NOW + 20 * 3600
    assert all(a[1] == b[0] for a, b in itertools.pairwise(windows))


def test_trace_that_x_ray_does_not_give(
    xray: Collector, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace that is found but not given is named, and the others are shown."""
    fill(xray, *DOCUMENTS)
    monkeypatch.setattr(search, "linked_traces", lambda _: [LONE])
    assert run(ORDER, "--local") == 0
    said = capsys.readouterr()
    assert "API POST" in said.out
    assert f"does not give all of it: {LONE}" in " ".join(said.err.split())


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_widths(columns: int) -> None:
    """On a narrow terminal there are still names, bars and times; none is wider than it."""
    sections = put_together(DOCUMENTS, ORDER).sections
    width = waterfall.widths(sections, columns)
    for section in sections:
        for line in waterfall.draw(section, width):
            assert len(line.name) == width.name
            assert len(line.bar) == width.bar
            assert set(line.bar.strip()) in ({"█"}, {"┄"})
            assert len(f"{line.name} {line.bar}{line.time}") <= columns


def test_terminal_without_blocks() -> None:
    """A terminal that knows ASCII alone gets bars of it."""
    (section,) = put_together(DOCUMENTS, ORDER).sections
    width = waterfall.widths([section], 80)
    for line in waterfall.draw(section, width, blocks=False):
        assert set(line.bar.strip()) in ({"#"}, {"."})


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ("food-delivery-orders-dev-CreateOrderFunction4D4A6301268B4DECFA75", "create_order"),
        ("food-delivery-orders-prod-CreateOrderFunction4D4A6301-AbCdEfGhIjKl", "create_order"),
        (
            "food-delivery-orders-dev-DataIdempotencyKeysC97C98AF-FCE3E3B1A96A8",
            "DataIdempotencyKeys",
        ),
        ("food-delivery-orders-prod-DataOrders20A4E13F-1ABCDEFGHIJKL", "DataOrders"),
        ("orders", "orders"),
    ],
)
def test_names_that_cloudformation_made(made: str, shown: str) -> None:
    """Tables and functions are shown by the names that the code has for them."""
    document = part(REQUEST, 1, 0, name="DynamoDB", aws={"operation": "Get", "table_name": made})
    sections = put_together([document], ORDER).sections
    (line,) = waterfall.draw(sections[0], waterfall.widths(sections, None))
    assert line.detail == shown
