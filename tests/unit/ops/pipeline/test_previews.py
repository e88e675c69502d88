"""Which previews an account has, and which of them are to go."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from ops.pipeline.previews import Preview, overdue, previews

NOW = dt.datetime(2026, 11, 30, 3, tzinfo=dt.UTC)


def ago(**spans: float) -> dt.datetime:
    return NOW - dt.timedelta(**spans)


def stack(name: str, status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    return {"StackName": name, "StackStatus": status, "CreationTime": ago(days=9), **more}


def account(*stacks: dict[str, Any]) -> Any:
    """CloudFormation, which gives its stacks in pages of two."""
    pages = [{"Stacks": list(stacks[at : at + 2])} for at in range(0, len(stacks), 2)]
    return SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda: pages))


def test_only_previews_are_listed() -> None:
    """Dev, prod, other services' stacks and what is removed are never taken for a preview."""
    found = previews(
        account(
            stack("food-delivery-orders-dev"),
            stack("food-delivery-orders-prod"),
            stack("food-delivery-orders-pr-12", LastUpdatedTime=ago(hours=1)),
            stack("food-delivery-orders-pr-3"),
            stack("food-delivery-orders-pr-4", "DELETE_COMPLETE"),
            stack("food-delivery-orders-pr-0"),
            stack("food-delivery-orders-pr-7-data"),
            stack("food-delivery-payments-pr-12"),
            stack("pr-12"),
            stack("CDKToolkit"),
        )
    )
    assert [(each.stage, each.number) for each in found] == [("pr-3", 3), ("pr-12", 12)]
    assert [each.deployed for each in found] == [ago(days=9), ago(hours=1)]


def test_a_closed_one_goes_and_an_old_one() -> None:
    """A preview stays while its pull request is open and somebody has deployed it this week."""
    fresh = Preview("pr-1", "CREATE_COMPLETE", ago(hours=1))
    closed = Preview("pr-2", "CREATE_COMPLETE", ago(hours=1))
    nearly = Preview("pr-3", "UPDATE_COMPLETE", ago(days=6, hours=23))
    old = Preview("pr-4", "CREATE_COMPLETE", ago(days=7))
    due = overdue([fresh, closed, nearly, old], still_open={1, 3, 4}, days=7, now=NOW)
    assert [each.preview for each in due] == [closed, old]
    assert "wants none" in due[0].why
    assert "for 7 days" in due[1].why


def test_with_none_open_all_go() -> None:
    """Where no pull request wants a preview, none stays."""
    all_of_them = [Preview(f"pr-{number}", "CREATE_COMPLETE", NOW) for number in (1, 2)]
    assert len(overdue(all_of_them, still_open=(), days=7, now=NOW)) == 2
