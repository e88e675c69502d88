"""What stacks of a stage have left is found, named, and taken over whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from infrastructure.settings import settings_of
from ops.reach.errors import OperatorError
from ops.release import cdk, leftovers
from ops.release.account import Place
from ops.release.change_set import Stack
from ops.release.leftovers import ADOPTABLE, Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TABLE, POOL, KEY = "AWS::DynamoDB::GlobalTable", "AWS::Cognito::UserPool", "AWS::KMS::Key"
CLIENT, GROUP = "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolGroup"
TYPES = {"Orders": TABLE, "Pool": POOL, "Client": CLIENT, "Group": GROUP, "Key": KEY}
TEMPLATE = {"Resources": {name: {"Type": kind} for name, kind in TYPES.items()}}


def event(name: str, kind: str, physical: str, status: str = "DELETE_SKIPPED") -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "ResourceType": kind,
        "PhysicalResourceId": physical,
        "ResourceStatus": status,
    }


class Cloud:
    """An account: the events of its former stacks, the newest first, and what is there."""

    def __init__(self) -> None:
        self.events: dict[str, list[dict[str, str]]] = {}
        self.there: set[str] = set()
        self.asked: list[dict[str, str]] = []

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, operation))

    def describe_stack_events(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        for each in self.events[StackName]:
            yield {"StackEvents": [each]}

    def list_stacks(self, StackStatusFilter: list[str]) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert StackStatusFilter == ["DELETE_COMPLETE"]
        for stack_id in self.events:
            yield {
                "StackSummaries": [{"StackName": stack_id.partition("/")[0], "StackId": stack_id}]
            }

    def __getattr__(self, operation: str) -> Any:
        if not operation.startswith(("describe_", "get_")):
            raise AttributeError(operation)
        return self.look

    def look(self, **given: str) -> dict[str, Any]:
        self.asked.append(given)
        if set(given.values()) & self.there:
            return {}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Describe")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def place(cloud: Cloud) -> Place:
    account: Any = SimpleNamespace(client=lambda _: cloud, region="us-east-1")
    return Place(settings_of("prod"), account)


def former(place: Place, number: int = 1) -> str:
    return f"{place.stack}/{number}"


def names(found: Iterable[Kept]) -> list[str]:
    return [kept.name for kept in found]


def test_what_a_stack_has_kept(place: Place, cloud: Cloud) -> None:
    """What last became of a thing counts: one that was made again later is not left over."""
    cloud.events["s"] = [
        event("Orders", TABLE, "orders-2", "CREATE_COMPLETE"),
        event("Pool", POOL, "pool"),
        event("Orders", TABLE, "orders-1"),
        event("Pool", POOL, "pool", "CREATE_COMPLETE"),
    ]
    assert leftovers.kept_by(place, "s") == [Kept("Pool", POOL, "pool", "pool")]


def test_what_the_next_stack_can_take_over(place: Place, cloud: Cloud) -> None:
    """What is there, and what the template still has; nothing of other stacks."""
    cloud.events[former(place)] = [
        event("Orders", TABLE, "orders"),
        event("Old", TABLE, "old"),
        event("Gone", TABLE, "gone"),
        event("Role", "AWS::IAM::Role", "role"),
    ]
    cloud.events["another/1"] = [event("Orders", TABLE, "others")]
    cloud.there = {"orders", "old", "role", "others"}
    template = {"Resources": {**TEMPLATE["Resources"], "Gone": {"Type": TABLE}}}
    assert names(leftovers.adoptable(place, None, template)) == ["orders"]


def test_people_are_found_in_their_pool(place: Place, cloud: Cloud) -> None:
    """The pages' client and the operators' group are asked for, and taken over, by their pool."""
    cloud.events[former(place)] = [
        event("Client", CLIENT, "pool|client"),
        event("Group", GROUP, "operators"),
        event("Pool", POOL, "pool"),
    ]
    cloud.there = {"pool", "client", "operators"}
    found = leftovers.adoptable(place, None, TEMPLATE)
    assert [kept.identifiers for kept in found] == [
        {"UserPoolId": "pool", "ClientId": "client"},
        {"UserPoolId": "pool", "GroupName": "operators"},
        {"UserPoolId": "pool"},
    ]
    assert cloud.asked == [kept.identifiers for kept in found]


def test_the_same_thing_kept_twice(place: Place, cloud: Cloud) -> None:
    """A table that one stack took over from another, and kept as well, is one table."""
    cloud.events = {former(place, number): [event("Orders", TABLE, "o")] for number in (1, 2)}
    cloud.there = {"o"}
    assert names(leftovers.adoptable(place, None, TEMPLATE)) == ["o"]


def test_two_tables_for_one(place: Place, cloud: Cloud) -> None:
    """Which of two tables holds the orders I say, by deleting the other."""
    for number in (1, 2):
        cloud.events[former(place, number)] = [event("Orders", TABLE, f"orders-{number}")]
    cloud.there = {"orders-1", "orders-2"}
    with pytest.raises(OperatorError, match="left a Orders: orders-1, orders-2"):
        leftovers.adoptable(place, None, TEMPLATE)


@pytest.mark.parametrize(
    ("status", "found"), [("UPDATE_COMPLETE", []), ("UPDATE_ROLLBACK_COMPLETE", ["orders"])]
)
def test_a_deployment_that_failed(
    place: Place, cloud: Cloud, status: str, found: list[str]
) -> None:
    """What it made and kept is taken over by the next; a stage that works is not searched."""
    cloud.events["now"] = [event("Orders", TABLE, "orders")]
    cloud.events[former(place)] = [event("Pool", POOL, "pool")]
    cloud.there = {"orders", "pool"}
    stack = Stack("now", status, protected=True, outputs={})
    assert names(leftovers.adoptable(place, stack, TEMPLATE)) == found


def test_who_may_not_look_is_told(place: Place, cloud: Cloud) -> None:
    """What cannot be looked at does not count as gone."""
    cloud.events[former(place)] = [event("Orders", TABLE, "orders")]

    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeTable")

    cloud.look = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(ClientError, match="AccessDenied"):
        leftovers.adoptable(place, None, TEMPLATE)


@pytest.mark.parametrize("succeeds", [True, False])
def test_adopt(place: Place, monkeypatch: pytest.MonkeyPatch, *, succeeds: bool) -> None:
    """CloudFormation is told what is whose; what it refuses is all still there.

    It gets a template whose user pool does not name its trigger, which is not there yet.
    """
    ran: list[tuple[str, ...]] = []
    asks = place.settings.asks_second_factor
    deployed, of_kept_things = Path("deployed"), Path("of-kept-things")

    def synthesize(_stage: str, *, taking_over: bool = False) -> Path:
        assert taking_over
        return of_kept_things

    def run(*command: str, assembly: Path) -> bool:
        assert assembly == (of_kept_things if asks else deployed)
        ran.append(command)
        return succeeds

    monkeypatch.setattr(cdk, "run", run)
    monkeypatch.setattr(cdk, "synthesize", synthesize)
    left = [Kept("Orders", TABLE, "orders"), Kept("Group", GROUP, "operators", "pool")]
    if succeeds:
        leftovers.adopt(place, left, deployed)
    else:
        with pytest.raises(OperatorError, match="is still there"):
            leftovers.adopt(place, left, deployed)
    ((command, stack, *_, mapping),) = ran
    assert (command, stack) == ("import", place.stack)
    assert json.loads(mapping) == {
        "Orders": {"TableName": "orders"},
        "Group": {"UserPoolId": "pool", "GroupName": "operators"},
    }


@pytest.mark.parametrize("kind", ADOPTABLE)
def test_aws_is_asked_as_it_wants(kind: str) -> None:
    """What CloudFormation identifies a thing by is what its own service asks for."""
    import boto3  # noqa: PLC0415 - for this test alone

    found = ADOPTABLE[kind]
    client: Any = boto3.Session("a", "b", region_name="us-east-1").client(found.service)  # type: ignore[call-overload]
    operation = client.meta.method_to_api_mapping[found.operation]
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert set(shape.required_members) == set(Kept("X", kind, "x", "pool").identifiers)
