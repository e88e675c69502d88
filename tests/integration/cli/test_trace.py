"""The traces of an order on the running stack, from POST to webhook, and `orders trace`."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from cli import app as cli
from ops.reach import target
from ops.traces.spans import Span, spans
from orders.domain.ids import new_order_id
from tests.integration.laboratories.traces import HEADER, begin, wait_for
from tests.integration.workers.test_processing import wait_until
from tests.shared.examples import order

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

STAGE, SERVICE, FUNCTION = "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"


def test_request(stack: Endpoints, acme: Partner) -> None:
    """A POST is one trace: the caller's, the stage, its call of the function, and the function."""
    root = begin()
    headers = {HEADER: root.header, "Idempotency-Key": uuid.uuid4().hex}
    assert acme.http.post("/partner/orders", json=order(), headers=headers).status_code == 201
    told = wait_for(stack, root.id, STAGE, SERVICE, FUNCTION)
    assert told[STAGE]["parent_id"] == root.parent
    assert told[SERVICE]["parent_id"] == told[STAGE]["subsegments"][0]["id"]
    assert told[FUNCTION]["parent_id"] == told[SERVICE]["id"]
    assert told[FUNCTION]["name"] == stack.functions["create_order"]


@pytest.fixture
def trace(
    stack: Endpoints, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Run `orders trace --local`; gives what it prints, or else why it fails."""
    monkeypatch.setattr(target, "endpoints_on_this_machine", lambda: stack)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["trace", *arguments, "--local"])
        return capsys.readouterr().out or str(ended.value.code)

    return run


def all_of(told: str) -> list[Span]:
    """Give the spans in what `--json` prints; none when it prints no JSON."""
    if not told.startswith("{"):
        return []
    document: dict[str, Any] = json.loads(told)
    return spans(each for trace in document["traces"] for each in trace["documents"])


def test_from_post_to_webhook(stack: Endpoints, acme: Partner, trace: Callable[..., str]) -> None:
    """One picture has the request, the write, both workers and the webhook, each joined to all."""
    order_id = acme.place()["orderId"]
    wanted = {stack.functions[name] for name in ("create_order", "process_order", "notify_partner")}

    def whole() -> bool:
        found = all_of(trace(order_id, "--json"))
        functions = {span.name for span in found if span.origin == FUNCTION}
        return wanted <= functions and any(s.content.get("namespace") == "remote" for s in found)

    wait_until(whole, "the traces do not become whole")
    found = all_of(trace(order_id, "--json"))
    (request,) = {span.trace_id for span in found if span.origin == STAGE}
    # A worker's call may have taken another order's message in the same batch.
    messages = [span for span in found if span.annotation("orderId") == order_id]
    joined = {span.annotation("requestTraceId") for span in messages} - {""}
    assert request in joined
    # Where orders confirm themselves, the worker's change is told of in its own trace.
    assert joined <= {span.trace_id for span in found}
    lines = [line for line in trace(order_id).splitlines() if " ms" in line]
    tops = [line for line in lines if line.startswith("API ")]
    assert len(tops) == 1
    assert tops[0].startswith("API POST /v1/partner/orders")
    for name in ("Lambda process_order", "Lambda notify_partner", "DynamoDB TransactWriteItems"):
        assert any(line.strip().startswith(name) for line in lines), name


def test_order_of_no_trace(trace: Callable[..., str]) -> None:
    """An order that this copy never had is told so, with what may be the reason."""
    order_id = new_order_id(int(time.time() * 1000))
    assert f"The local run has no trace of {order_id}" in trace(order_id)
