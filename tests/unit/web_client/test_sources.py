"""The web client's own tests, and what it repeats of the service."""

from __future__ import annotations

import json
from typing import Any

from infrastructure.settings import STAGES
from ops.costs.traffic import LOOKED_EVERY
from ops.web import node
from ops.web.bundle import SOURCES
from orders.domain import lifecycle, reasons
from orders.domain.lifecycle import Role, Status


def said_by(module: str) -> dict[str, Any]:
    """Give what a module of the client exports, as JSON."""
    script = f'console.log(JSON.stringify(await import("./src/{module}")))'
    arguments = ["--input-type=module", "--eval", script]
    found: dict[str, Any] = json.loads(node.run(arguments, SOURCES, otherwise=module))
    return found


def test_its_own_tests_hold() -> None:
    """An order is placed once, a basket adds up, a kitchen misses nothing: web/tests."""
    tests = [str(path) for path in sorted((SOURCES / "tests").glob("*.test.ts"))]
    said = node.run(["--test", *tests], SOURCES, otherwise="A test of the web client fails")
    assert "fail 0" in said
    assert f"pass {said.count('✔')}" in said


def test_it_offers_the_moves_that_there_are() -> None:
    """No button leads to a refusal, and none is missing."""
    said = said_by("lifecycle.ts")
    staff = {status: lifecycle.statuses_after(status, Role.OPERATOR) for status in Status}
    assert said["STAFF_MOVES"] == staff
    by_customers = lifecycle.statuses_before(Status.CANCELLED, Role.CUSTOMER)
    assert set(said["CANCELLABLE"]) == by_customers
    assert set(said["REASONED"]) == set(reasons.REASONED)
    assert {*said["COURSE"], *said["REASONED"]} == set(Status)


def test_it_has_words_for_everything() -> None:
    """People read a sentence for each status and reason, and no code."""
    said = said_by("words.ts")
    assert set(said["STATUS"]) == set(said["MOVE"]) == set(Status)
    assert set(said["REASON"]) == set(reasons.REASONS)


def test_it_asks_as_often_as_its_cost_says() -> None:
    """What watching costs is computed with the pauses that it has."""
    every = said_by("pauses.ts")["EVERY"]
    assert {name: every[name] for name in LOOKED_EVERY} == LOOKED_EVERY


def test_it_sends_nothing_again_that_the_service_may_have_forgotten() -> None:
    """A stage remembers keys for longer than a browser keeps an order that has no answer."""
    kept_hours = said_by("placing.ts")["KNOWN_MS"] / 3_600_000
    assert all(settings.idempotency_hours > kept_hours for settings in STAGES.values())
