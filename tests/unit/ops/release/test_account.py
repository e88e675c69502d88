"""Whether a stage fits in the account that it goes to."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from infrastructure.settings import settings_of
from ops.reach.errors import OperatorError
from ops.release import deploying
from ops.release.account import Place, check_account, check_concurrency

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


HERE = cast("Account", SimpleNamespace(account_id="111122223333", region="us-east-1"))


@pytest.mark.parametrize("named", [None, "111122223333"])
def test_a_stage_belongs_here(named: str | None) -> None:
    """A stage that names its account, or none, is deployed there."""
    check_account(Place(replace(settings_of("dev"), account=named), HERE))


def test_another_account_is_refused_before_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the credentials of another account nothing is deployed or destroyed, and I see why."""
    monkeypatch.setattr(deploying, "sign_in", lambda _: HERE)
    prod = replace(settings_of("prod"), account="999988887777")
    with pytest.raises(OperatorError) as refused:
        deploying.enter(prod)
    said = str(refused.value)
    assert "Stage prod belongs to account 999988887777" in said
    assert "of account 111122223333" in said
    assert "AWS_PROFILE" in said
