"""The minutes in which nobody answers a probe's order: others have their turn meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infrastructure.outputs import usage_plan
from ops.proof.probes.registry import chosen
from ops.proof.running.local import world_of
from ops.proof.world.world import Local, World
from ops.reach.clients import clients
from ops.reach.target import Target
from tests.integration.proof.unhurried import Unhurried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

UNHURRIED = "one-shots-come-and-go"
_BEGINS = "test_every_probe_is_lied_to"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the test that lets the order be placed."""
    items.sort(key=lambda item: item.name != _BEGINS)


def world_on(stack: Endpoints, *, seconds: float) -> World:
    """Give a running copy, as probes reach it."""
    client = clients(stack.aws_endpoint_url)
    found = client("cloudformation").describe_stacks(StackName=stack.stack_name)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    outputs |= {usage_plan(name): plan for name, plan in stack.usage_plans.items()}
    target = Target("the local run", stack.stack_name, client, outputs, "make run")
    local = Local(stack.api_url, clients(stack.traces_url)("xray"))
    return world_of(target, local=local, seconds=seconds)


@pytest.fixture(scope="session")
def unhurried(stack: Endpoints) -> Iterator[Unhurried]:
    """What is seen of an order that nobody answers, from the session's first test on."""
    (probe,) = chosen(local=True, quick=False, only=(UNHURRIED,))
    world = world_on(stack, seconds=3_600)
    with Unhurried(probe, world) as made:
        yield made
    world.callers.leave()
