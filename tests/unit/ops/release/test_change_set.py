from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from cli.commands.deploy import Command
from infrastructure.settings import settings_of
from ops.reach.errors import OperatorError
from ops.release.account import check_concurrency
from ops.release.change_set import losses

if TYPE_CHECKING:
    from ops.release.account import Account


def account_with(quota: int, unreserved: int, by_stack: int = 0) -> Account:
    """Make an account that answers by itself, with one function of the stack."""
    function = {"ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": "create-1"}
    pages = [{"StackResourceSummaries": [function, {"ResourceType": "AWS::IAM::Role"}]}]
    limits = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved}
    reserved = {"ReservedConcurrentExecutions": by_stack} if by_stack else {}
    paginator = SimpleNamespace(paginate=lambda **_: pages)
    clients = {
        "cloudformation": SimpleNamespace(get_paginator=lambda _: paginator),
        "lambda": SimpleNamespace(
            get_account_settings=lambda: {"AccountLimit": limits},
            get_function_concurrency=lambda **_: reserved,
        ),
    }
    return cast("Account", SimpleNamespace(client=clients.__getitem__))


@pytest.mark.parametrize(
    ("quota", "unreserved", "by_stack"),
    [
        (1000, 1000, 0),
        (200, 200, 0),
        (200, 100, 100),  # already deployed
        (300, 150, 50),
    ],
)
def test_quota_that_suffices(quota: int, unreserved: int, by_stack: int) -> None:
    """What a stage has reserved already does not count against it."""
    check_concurrency(account_with(quota, unreserved, by_stack), "s", {"create_order": 100})


@pytest.mark.parametrize(
    ("quota", "unreserved", "possible"), [(10, 10, 0), (199, 199, 99), (1000, 150, 50)]
)
def test_quota_that_is_too_small(quota: int, unreserved: int, possible: int) -> None:
    """A new account's quota is found too small before anything is deployed."""
    with pytest.raises(OperatorError, match=f"only {possible} can be reserved") as caught:
        check_concurrency(account_with(quota, unreserved), "s", {"create_order": 100, "x": None})
    assert "reserved_concurrency" in str(caught.value)


def change(action: str, **more: str) -> dict[str, Any]:
    return {
        "Action": action,
        "LogicalResourceId": "T",
        "ResourceType": "AWS::DynamoDB::GlobalTable",
        **more,
    }


@pytest.mark.parametrize(
    ("changed", "loss"),
    [
        (change("Remove"), "T (AWS::DynamoDB::GlobalTable) would be deleted"),
        (
            change("Remove", PolicyAction="Retain"),
            "T (AWS::DynamoDB::GlobalTable) would leave the stack",
        ),
        (
            change("Modify", Replacement="True"),
            "T (AWS::DynamoDB::GlobalTable) would be replaced by an empty one",
        ),
        (
            change("Modify", Replacement="Conditional"),
            "T (AWS::DynamoDB::GlobalTable) may be replaced by an empty one",
        ),
    ],
)
def test_losses(changed: dict[str, Any], loss: str) -> None:
    """Every way to lose a table is named."""
    assert list(losses([changed])) == [loss]


@pytest.mark.parametrize(
    "harmless",
    [
        change("Add"),
        change("Modify", Replacement="False"),
        change("Remove", ResourceType="AWS::Lambda::Function"),
    ],
)
def test_no_losses(harmless: dict[str, Any]) -> None:
    """What loses nothing is not complained of."""
    assert list(losses([harmless])) == []


@pytest.mark.parametrize("answer", ["", "n", "yep", "dev"])
def test_no_is_the_default(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but yes changes nothing."""
    monkeypatch.setattr("builtins.input", lambda _: answer)
    with pytest.raises(OperatorError, match="Nothing was changed"):
        Command(settings_of("dev"), yes=False, lose_data=False).agree("Deploy?")


@pytest.mark.parametrize("answer", ["y", "Yes", " y "])
def test_yes(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yes is yes."""
    monkeypatch.setattr("builtins.input", lambda _: answer)
    Command(settings_of("dev"), yes=False, lose_data=False).agree("Deploy?")
