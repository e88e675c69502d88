"""The way back leads to the release that is meant, or nowhere, and loses nothing."""

from __future__ import annotations

import datetime as dt
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.settings import settings_of
from ops.live.history import Entry, Listed, State
from ops.reach.errors import OperatorError
from ops.release import rolling_back
from ops.release.account import Account, Place
from ops.release.outcome import Failed, Result
from ops.release.rolling_back import GATE, Back, back_to, find, lost, undo, without_gate
from project.release import TEMPLATE, Release

AT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
TABLE = "AWS::DynamoDB::GlobalTable"


def listed(*releases: str, states: str = "") -> list[Listed]:
    """Make a history, newest last: each release by a letter, each state by its first letter."""
    known = {"L": State.LIVE, "K": State.KEPT, "G": State.GONE}
    states = states or "K" * (len(releases) - 1) + "L"
    found = [
        Listed(
            Entry(n, AT, Release("1.0.0", name * 40, dirty=False), {"create_order": str(n)}, ""),
            known[state],
        )
        for n, (name, state) in enumerate(zip(releases, states, strict=True), 1)
    ]
    return found[::-1]


@pytest.mark.parametrize(
    ("history", "states", "number"),
    [
        ("ab", "", 1),
        ("abc", "", 2),
        ("abca", "KKKL", None),
        ("abcb", "", 1),  # after a way back: not to the release that was left
        ("abb", "", 1),  # a setting was changed: the same commit twice
        ("abc", "KLK", 2),  # a way back that stopped half-way goes on
        ("abab", "", 3),  # of a release that was deployed twice: the versions that stay longest
    ],
)
def test_the_release_before(history: str, states: str, number: int | None) -> None:
    """Without a number I get the release before the one that the stack has, never a worse one."""
    if number is None:
        with pytest.raises(OperatorError, match="no release before"):
            find(listed(*history, states=states), None)
    else:
        assert find(listed(*history, states=states), None).entry.number == number


@given(st.text("abc", min_size=2, max_size=8))
def test_the_way_back_goes_back(history: str) -> None:
    """Wherever it leads, that release was deployed before what runs, and is another one."""
    found = listed(*history)
    try:
        back = find(found, None)
    except OperatorError:
        assert history.startswith(history[-1])
        return
    assert back.entry.release != found[0].entry.release
    name = history[back.entry.number - 1]
    assert history.index(name) < history.index(history[-1])
    assert back.entry.number == 1 + history.rindex(name)


def test_a_release_by_its_number() -> None:
    """I may name another, unless it runs, does not exist, or its versions are gone."""
    found = listed(*"abc", states="GKL")
    assert find(found, 2).entry.number == 2
    with pytest.raises(OperatorError, match=r"no release 7\. There are: 3, 2, 1"):
        find(found, 7)
    with pytest.raises(OperatorError, match="Release 3 is what runs"):
        find(found, 3)
    with pytest.raises(OperatorError, match=r"no versions any more.*--assembly ZIP"):
        find(found, 1)
    with pytest.raises(OperatorError, match="remembers no releases"):
        find([], None)


def test_what_would_be_lost() -> None:
    """A table that the release brought, or that begins anew, keeps it from being taken back."""
    then = {"Resources": {"T": {"Type": TABLE, "Properties": {"StreamSpecification": 1}}}}
    same = {"Resources": {**then["Resources"], "Q": {"Type": "AWS::Lambda::Function"}}}
    assert lost(same, then) == []
    more = {"Resources": {**then["Resources"], "U": {"Type": TABLE}}}
    assert [said.partition(" ")[0] for said in lost(more, then)] == ["U"]
    assert lost(then, more) == [], "a table that comes back is new, and loses nothing"
    anew = {"Resources": {"T": {"Type": TABLE, "Properties": {"StreamSpecification": 2}}}}
    assert [said.partition(" ")[0] for said in lost(anew, then)] == ["T"]
    other = {"Resources": {"T": {"Type": "AWS::SQS::Queue"}}}
    assert len(lost(other, then)) == 1


def test_no_gate_is_asked() -> None:
    """The gate would ask the release that is left; the template stays what it is otherwise."""
    gate: dict[str, Any] = {"Type": GATE, "Properties": {"Gate": "check", "Functions": {"a": 1}}}
    template = {"Resources": {"G": gate, "T": {"Type": TABLE}}}
    changed = without_gate(template)
    assert changed["Resources"]["G"]["Properties"]["Gate"] == "skip"
    assert changed["Resources"]["G"]["Properties"]["Reason"]
    assert changed["Resources"]["G"]["Properties"]["Functions"] == {"a": 1}
    assert changed["Resources"]["T"] == template["Resources"]["T"]
    assert gate["Properties"]["Gate"] == "check"


class Cloud:
    """CloudFormation, S3 and Parameter Store with one stack, as its operators see them."""

    def __init__(self) -> None:
        self.noted = json.dumps({"version": "1", "template": "abc.json"})
        self.objects = {"abc.json": b'{"Resources": {}, "Parameters": {"ReleaseTemplate": {}}}'}
        self.asked: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.status = "UPDATE_COMPLETE"
        self.executed: list[dict[str, Any]] = []
        self.dropped = 0

    def assume_role(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        assert Name == "/food-delivery/dev/release:2"
        return {"Parameter": {"Value": self.noted}}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        assert Bucket == "cdk-hnb659fds-assets-111111111111-us-east-1"
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - AWS's
        del Bucket
        self.objects[Key] = Body

    def create_change_set(self, **asked: Any) -> dict[str, str]:
        self.asked.append(asked)
        return {"Id": "arn:change-set"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        changes = [{"ResourceChange": change} for change in self.changes]
        return {"Status": "CREATE_COMPLETE", "Changes": changes}

    def delete_change_set(self, **_: str) -> None:
        self.dropped += 1

    def execute_change_set(self, **asked: Any) -> None:
        self.executed.append(asked)

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        return {"StackEvents": []}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [{"StackEvents": []}])

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": self.status}]}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def place(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Place:
    account: Any = Account("1" * 12, "us-east-1", "arn:aws:iam::1:user/me", None)  # type: ignore[arg-type]
    monkeypatch.setattr(Account, "client", lambda *_: cloud)
    return Place(settings_of("dev"), account)


FOUND = listed(*"abc")[1]


def test_the_template_that_it_had(place: Place) -> None:
    """What the stage remembers of a release leads to its template, and to its versions."""
    back = back_to(place, FOUND)
    assert back.template["Resources"] == {}
    assert (back.points, back.parameters) == ({"create_order": "2"}, {TEMPLATE: "abc.json"})


def test_a_template_that_is_gone(place: Place, cloud: Cloud) -> None:
    """Where the template was deleted, or never noted, I am told how to go back all the same."""
    cloud.objects = {}
    with pytest.raises(OperatorError, match=r"abc.json is gone.*cdk gc.*checkout of its commit"):
        back_to(place, FOUND)
    cloud.noted = json.dumps({"version": "1", "template": ""})
    with pytest.raises(OperatorError, match=r"Nobody noted the template of release 2"):
        back_to(place, FOUND)


def test_undoing(place: Place, cloud: Cloud) -> None:
    """The template goes out without gate and without alarms, and says whose it really is."""
    undo(place, back_to(place, FOUND), lambda _: None)
    (asked,) = cloud.asked
    assert asked["RollbackConfiguration"] == {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
    assert asked["Parameters"] == [{"ParameterKey": TEMPLATE, "ParameterValue": "abc.json"}]
    assert asked["TemplateURL"].rpartition("/")[2] in cloud.objects
    assert cloud.executed == [
        {
            "StackName": place.stack,
            "ChangeSetName": "arn:change-set",
            "RetainExceptOnCreate": True,
        }
    ]


def test_undoing_what_would_lose_data(place: Place, cloud: Cloud) -> None:
    """What only CloudFormation knows to lose data is dropped; the aliases are back all the same."""
    cloud.changes = [{"Action": "Remove", "LogicalResourceId": "T", "ResourceType": TABLE}]
    with pytest.raises(Failed, match="aliases are back, the rest is not: it would lose") as told:
        undo(place, back_to(place, FOUND), lambda _: None)
    assert told.value.result is Result.NEEDS_HANDS
    assert (cloud.executed, cloud.dropped) == ([], 1)


def test_undoing_fails(place: Place, cloud: Cloud) -> None:
    """A way back that CloudFormation cannot go needs a person."""
    cloud.status = "UPDATE_ROLLBACK_COMPLETE"
    with pytest.raises(Failed, match="is UPDATE_ROLLBACK_COMPLETE") as told:
        undo(place, Back({"Resources": {}}, {}, {}), lambda _: None)
    assert told.value.result is Result.NEEDS_HANDS


def test_the_bucket_and_the_roles_are_the_bootstraps(place: Place) -> None:
    """Names are those that `cdk bootstrap` gives, in the account's own partition."""
    url = rolling_back.url_of(place, "a.json")
    assert url == (
        "https://s3.us-east-1.amazonaws.com/cdk-hnb659fds-assets-111111111111-us-east-1/a.json"
    )
