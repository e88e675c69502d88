"""Probes of traces: X-Ray has a trace in pieces, and in no order."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ops.proof.probe import Probe, Verdict
from ops.proof.probes.requests import PROBES
from ops.proof.running.looking import look
from ops.proof.world.answers import Answer, Request
from tests.unit.ops.proof.probes.fakes import Client, world

GATEWAY = {"id": "1", "origin": "AWS::ApiGateway::Stage"}
FUNCTION = {
    "id": "2",
    "origin": "AWS::Lambda::Function",
    "subsegments": [{"name": "Initialization"}],
}
OURS = {"id": "3", "parent_id": "2", "name": "partner_create_order"}


def probe(claim: str) -> Probe:
    return next(one for one in PROBES if one.claim == claim)


@pytest.mark.parametrize(
    ("claim", "pieces"),
    [
        ("gateway-traces", [FUNCTION, GATEWAY]),
        ("gateway-traces", [GATEWAY, FUNCTION]),
        ("functions-are-traced", [FUNCTION, OURS]),
        ("functions-are-traced", [OURS, FUNCTION]),
    ],
)
def test_a_trace_is_waited_for_until_it_is_whole(claim: str, pieces: list[dict[str, Any]]) -> None:
    """A piece that comes later than another is no finding."""
    pages = [
        {"Traces": [{"Segments": [{"Document": json.dumps(one)} for one in pieces[:some]]}]}
        for some in range(len(pieces) + 1)
    ]
    xray = Client(batch_get_traces=lambda **_: pages.pop(0) if len(pages) > 1 else pages[0])

    def send(request: Request) -> Answer:
        asked = {name.lower(): value for name, value in request.headers}
        return Answer(201 if request.method == "POST" else 200, asked, b"{}")

    patient = dataclasses.replace(world(send, xray=xray), patience=0.05)
    fact = look(probe(claim), patient)
    assert fact.verdict is Verdict.HOLDS, fact
