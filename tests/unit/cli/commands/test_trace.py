"""`orders trace`, asked by boto3 of a local X-Ray, or of one that refuses."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cli import app as cli
from cli import options
from local.console.xray import Collector, collector
from ops.reach.clients import clients
from ops.traces import search
from orders.domain.ids import new_order_id
from tests.shared.tracing.traces import DOCUMENTS, LONE, NOW, ORDER, REQUEST, fill, part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def xray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A local X-Ray, which `--local` finds."""
    with collector(0, tmp_path / "traces.jsonl") as running:
        client = clients(running.url)("xray")
        monkeypatch.setattr(options, "find_traces", lambda *_, **__: ("the local run", client))
        monkeypatch.setattr(search, "_PAUSE_SECONDS", 0)
        yield running


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


@pytest.mark.parametrize(("stage", "code"), [("dev", 0), ("prod", 1)])
def test_an_order_of_another_stage(
    xray: Collector, capsys: pytest.CaptureFixture[str], stage: str, code: int
) -> None:
    """X-Ray has all stages' traces: I see those of my stage, and am told whose another is."""
    fill(xray, *DOCUMENTS)
    assert run(ORDER, "--stage", stage) == code
    said = capsys.readouterr()
    shown = "POST /v1/partner/orders" in said.out
    assert shown == (code == 0)
    assert ("food-delivery-orders-dev/v1" in said.out + said.err) == (code == 1)
