"""The stage of a pull request: dev's settings, without what would outlive it or crowd dev out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infrastructure.settings import (
    PREVIEWED,
    STAGES,
    Budget,
    Capacity,
    Domain,
    Settings,
    is_preview,
    preview_of,
    settings_of,
    stack_name,
)
from infrastructure.settings_validation import SettingError
from infrastructure.shares import unfair

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d"


@pytest.mark.parametrize("name", ["pr-1", "pr-12", "pr-999999"])
def test_a_pull_request_has_a_stage(name: str) -> None:
    """Whoever opens pull request 12 can deploy stage pr-12 without a change of the settings."""
    found = settings_of(name)
    assert found.stage == name
    assert stack_name(name) == f"food-delivery-orders-{name}"
    assert name not in STAGES


@pytest.mark.parametrize(
    "name",
    ["pr-", "pr-0", "pr-01", "pr-1234567", "pr-12x", "PR-12", "xpr-12", "pr-12\n", "pr--1", "pr-¹"],
)
def test_another_name_has_none(name: str) -> None:
    """No other text makes a stage, so nothing that a branch is called can."""
    assert not is_preview(name)
    with pytest.raises(SettingError, match=f"there are {', '.join(STAGES)}"):
        settings_of(name)


def test_it_is_like_dev() -> None:
    """What is tried in a pull request is what dev would do: only a few settings differ."""
    dev, preview = STAGES[PREVIEWED], settings_of("pr-12")
    assert replace(preview, stage="dev", budget=dev.budget, reserved_concurrency={}) == replace(
        dev, reserved_concurrency={}
    )


def test_it_keeps_nothing_and_reserves_nothing() -> None:
    """A closed pull request leaves no data, and ten open ones take no executions from dev."""
    of_a_full_stage = Settings(
        stage="dev",
        keep_data=True,
        mail_waiver="Nobody signs up here.",
        domain=Domain(name="api.example.com", certificate_arn=CERTIFICATE),
        heartbeat_minutes=5,
        budget=Budget(alarm_emails=("ops@example.com",)),
    )
    preview = preview_of(of_a_full_stage, "pr-7")
    assert not preview.keep_data
    assert preview.reserved == 0
    assert (preview.domain, preview.web_client, preview.heartbeat_minutes) == (None, None, None)
    assert preview.budget.orders_per_day < of_a_full_stage.budget.orders_per_day / 10
    assert preview.budget.alarm_emails == ("ops@example.com",)


def test_its_callers_share_fairly() -> None:
    """One caller of a preview leaves the others their share, as in every stage."""
    preview = settings_of("pr-12")
    assert not preview.shares_waiver
    assert not unfair(preview)


def test_where_dev_belongs_it_belongs() -> None:
    """Account, boundary, tags and capacity of a preview are dev's."""
    dev = replace(
        STAGES["dev"],
        account="111122223333",
        permission_boundary="Bounds",
        tags={"team": "orders"},
        capacity=Capacity(max_write_units=5_000),
    )
    preview = preview_of(dev, "pr-12")
    assert (preview.account, preview.permission_boundary) == ("111122223333", "Bounds")
    assert (preview.tags, preview.capacity) == ({"team": "orders"}, dev.capacity)
