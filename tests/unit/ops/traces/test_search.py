"""What is asked of X-Ray, by boto3 of a local one."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from local.console.xray import Collector, collector
from ops.reach.clients import clients
from ops.traces import search
from ops.traces.search import Search, Times
from tests.shared.tracing.traces import NOW, ORDER, fill, part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def xray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr(search, "_PAUSE_SECONDS", 0)
    with collector(0, tmp_path / "traces.jsonl") as running:
        yield running


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
