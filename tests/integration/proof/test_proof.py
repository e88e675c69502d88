"""Each claim that the emulator can show holds on the running copy, and is missed where it lies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import pytest

from infrastructure.outputs import usage_plan
from ops.proof.probe import Fact, Verdict
from ops.proof.probes.registry import chosen
from ops.proof.running.local import world_of
from ops.proof.running.looking import AT_ONCE, look, look_at_all
from ops.proof.world.world import Local, World
from ops.reach.clients import clients
from ops.reach.target import Target
from tests.integration.proof.lies import LIES, lying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PROBES = {probe.claim: probe for probe in chosen(local=True, quick=False)}


@pytest.fixture(scope="module")
def world(stack: Endpoints) -> Iterator[World]:
    """The running copy, as probes reach it."""
    client = clients(stack.aws_endpoint_url)
    found = client("cloudformation").describe_stacks(StackName=stack.stack_name)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    outputs |= {usage_plan(name): plan for name, plan in stack.usage_plans.items()}
    target = Target("the local run", stack.stack_name, client, outputs, "make run")
    local = Local(stack.api_url, clients(stack.traces_url)("xray"))
    made = world_of(target, local=local, seconds=900)
    yield made
    made.callers.leave()


@pytest.fixture(scope="module")
def facts(world: World) -> dict[str, Fact]:
    """What a run sees."""
    seen: list[Fact] = []
    look_at_all(PROBES.values(), world, seen, lambda _: None)
    return {fact.id: fact for fact in seen}


class Lied(NamedTuple):
    """What a run sees of a claim while it is lied to."""

    fact: Fact
    told: bool
    """Whether it was: it has asked what the lie is about."""


@pytest.fixture(scope="module")
def lied(world: World) -> dict[str, Lied]:
    """What a run sees of each claim while it is lied to: beside each other, as a run looks."""

    def one(claim: str) -> Lied:
        told = Event()
        fact = look(PROBES[claim], lying(world, LIES[claim], told))
        return Lied(fact, told.is_set())

    alone = [claim for claim in LIES if PROBES[claim].alone]
    beside = [claim for claim in LIES if claim not in alone]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = dict(zip(beside, pool.map(one, beside), strict=True))
    return seen | {claim: one(claim) for claim in alone}


@pytest.mark.parametrize("claim", sorted(PROBES))
def test_a_claim_holds(claim: str, facts: dict[str, Fact]) -> None:
    """I run `orders prove --local`: whatever the emulator can show is as it is claimed of AWS."""
    fact = facts[claim]
    assert fact.verdict is Verdict.HOLDS, (fact.why, fact.seen)
    assert fact.requests


def test_every_probe_is_lied_to() -> None:
    """A new probe gets its wrong answer: nobody relies on one that cannot say `differs`."""
    assert set(LIES) == set(PROBES)


@pytest.mark.parametrize("claim", sorted(LIES))
def test_a_wrong_answer_is_noticed(claim: str, lied: dict[str, Lied]) -> None:
    """Were AWS not as claimed, the run would say so, and what was seen shows it."""
    fact, told = lied[claim]
    assert told, "it was told nothing but the truth"
    assert fact.verdict is Verdict.DIFFERS, (fact.why, fact.seen)
    assert LIES[claim].shows in fact.why
