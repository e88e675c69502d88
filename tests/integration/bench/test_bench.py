"""The job that `make bench` compares is the same on both sides."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bench import functions
from bench.candidates import OURS, REFERENCE, Candidate, candidates
from bench.jobs import Stub, event_for, stub
from local.copy import environment
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

SHOWN = {"orderId", "status", "total", "subtotal", "version", "createdAt", "items", "customerId"}


@pytest.fixture(scope="module")
def interpreter() -> Path:
    return environment.ready() or environment.make()


@pytest.fixture(scope="module")
def built(interpreter: Path) -> dict[str, Candidate]:
    return {one.name: one for one in candidates(ROOT / ".cache" / "bench", interpreter)}


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stub]:
    with stub(tmp_path_factory.mktemp("stub")) as running:
        yield running


def answer(one: Candidate, interpreter: Path, behind: Stub, event: Any) -> dict[str, Any]:
    task = {"events": [event], "warm_up": 0}
    done = subprocess.run(
        functions.command(one, interpreter),
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env=behind.environment,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)["answer"]
    return found


@pytest.mark.parametrize("name", [REFERENCE, "powertools", "parser", "fastapi", "chalice"])
def test_each_style_places_the_same_order(
    name: str, built: dict[str, Candidate], interpreter: Path, behind: Stub
) -> None:
    """Whoever compares with another style compares the same answer to the same request."""
    event = event_for(OURS)
    ours = json.loads(answer(built[OURS], interpreter, behind, event)["body"])
    theirs = answer(built[name], interpreter, behind, event)
    assert theirs["statusCode"] == 201
    shown = json.loads(theirs["body"])
    assert set(shown) >= SHOWN
    for field in ("total", "subtotal", "items", "deliveryAddress", "version", "status"):
        assert shown[field] == ours[field]
    headers = {**theirs.get("headers", {}), **theirs.get("multiValueHeaders", {})}
    assert {"location", "etag"} <= {header.lower() for header in headers}


@pytest.mark.parametrize("name", [REFERENCE, "powertools", "parser", "fastapi", "chalice"])
def test_each_style_refuses_a_bad_order(
    name: str, built: dict[str, Candidate], interpreter: Path, behind: Stub
) -> None:
    """None of them is quicker because it checks nothing."""
    event = event_for(OURS)
    body = json.loads(event["body"])
    body["items"][0]["quantity"] = 0
    refused = answer(built[name], interpreter, behind, {**event, "body": json.dumps(body)})
    assert refused["statusCode"] in {400, 422}


def test_a_sample_holds_what_is_reported(
    built: dict[str, Candidate], interpreter: Path, behind: Stub
) -> None:
    """One round gives all ratios: ours is one round trip to DynamoDB, the reference's three."""
    pair = [built[name] for name in (OURS, REFERENCE)]
    samples = functions.measure(pair, interpreter, behind, 1, lambda _: None)
    calls = {name: samples[name][0]["calls"] for name in (OURS, REFERENCE)}
    assert calls[OURS]["TransactWriteItems"] == 1
    assert (calls[REFERENCE]["PutItem"], calls[REFERENCE]["UpdateItem"]) == (2, 1)
    assert samples[OURS][0]["asset"] == built[OURS].size
    assert len(samples[OURS][0]["warm_walls"]) == functions.WARM
