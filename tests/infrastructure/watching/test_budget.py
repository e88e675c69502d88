"""The budget that alarms, and the sampling rule that keeps the traces' cost down."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infrastructure.settings import STAGES, Budget, Sampling
from infrastructure.settings_validation import SettingError
from infrastructure.synth import synthesize
from infrastructure.watching.budget import EXPECTED_COSTS, limit
from ops.costs.report import expected
from tests.infrastructure.conftest import Template

if TYPE_CHECKING:
    from pathlib import Path


def test_no_address_no_budget(dev: Template, prod: Template) -> None:
    """A budget without anybody to tell is not made, and the local run loses nothing by that."""
    for template in (dev, prod):
        assert not list(template.all("Budgets::Budget"))


def test_the_limit_is_the_expected_cost_with_a_margin(hardened: Template) -> None:
    """The budget allows what the model says, half as much again, and whole dollars."""
    budget = hardened.one("Budgets::Budget")["Budget"]
    expected = sum(json.loads(EXPECTED_COSTS.read_text())["prod"]["lines"].values())
    assert budget["BudgetLimit"] == {"Amount": math.ceil(expected * 1.5), "Unit": "USD"}
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")


def test_it_watches_this_stage_only(hardened: Template) -> None:
    """The budget counts what bears the stack's own tags, sign-in apart."""
    service, stage, rest = hardened.one("Budgets::Budget")["Budget"]["FilterExpression"]["And"]
    filtered = {entry["Tags"]["Key"]: entry["Tags"]["Values"][0] for entry in (service, stage)}
    borne = {tag["Key"]: tag["Value"] for tag in hardened.one("ApiGateway::Stage")["Tags"]}
    assert filtered == borne
    assert rest == {"Not": {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Cognito"]}}}


def test_whom_it_tells_and_when(hardened: Template) -> None:
    """Every address hears of 80 % that are forecast, and of the whole that is spent."""
    notifications = hardened.one("Budgets::Budget")["NotificationsWithSubscribers"]
    told = {n["Notification"]["NotificationType"]: n for n in notifications}
    thresholds = {kind: n["Notification"]["Threshold"] for kind, n in told.items()}
    assert thresholds == {"FORECASTED": 80, "ACTUAL": 100}
    for notification in notifications:
        addresses = [s["Address"] for s in notification["Subscribers"]]
        assert addresses == ["ops@example.com", "money@example.com"]


ANOTHER = replace(
    STAGES["dev"],
    stage="unrecorded",
    region="eu-west-1",
    budget=Budget(alarm_emails=("x@example.com",)),
)


def test_a_new_stage_has_a_budget_at_once(tmp_path: Path) -> None:
    """A stage of which nothing is recorded yet can be synthesized, wherever it is."""
    asset = tmp_path / "asset"
    asset.mkdir()
    path = synthesize(ANOTHER, asset=asset, out=tmp_path / "out", model=expected, validates=False)
    (budget,) = Template(json.loads(path.read_text())).all("Budgets::Budget")
    recorded = sum(json.loads(EXPECTED_COSTS.read_text())["dev"]["lines"].values())
    assert budget[1]["Budget"]["BudgetLimit"]["Amount"] == math.ceil(recorded * 1.5)


def test_another_load_has_its_own_limit() -> None:
    """A limit is never made from the cost of another load, recorded or not."""
    more = Budget(orders_per_day=35_000, alarm_emails=("x@example.com",))
    prod = replace(STAGES["prod"], budget=more)
    assert limit(prod, expected) > 3 * limit(STAGES["prod"])


def test_a_cost_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no price stops the synth of a budget with a sentence that names it."""
    monkeypatch.setattr("ops.costs.model.FREE", {})
    with pytest.raises(SettingError, match=r"stage unrecorded: budget: .* known: .*AWS::IAM"):
        limit(ANOTHER, expected)


def test_without_a_model_what_is_not_recorded_is_said() -> None:
    """Whoever synthesizes without the model of costs is told how the cost is recorded."""
    with pytest.raises(SettingError, match=r"stage unrecorded: .*make docs"):
        limit(ANOTHER)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"orders_per_day": 0}, "budget.orders_per_day"),
        ({"margin": 0.9}, "budget.margin"),
        ({"alarm_emails": ("ops",)}, "budget.alarm_emails"),
        ({"alarm_emails": ("a@example.com",) * 11}, "budget.alarm_emails"),
    ],
)
def test_wrong_budget_settings(wrong: dict[str, object], named: str) -> None:
    """A budget that cannot be is refused before a synth, by its name."""
    with pytest.raises(SettingError, match=named):
        replace(Budget(), **wrong)  # type: ignore[arg-type]  # each is wrong in its own way


@pytest.mark.parametrize(
    "wrong", [{"a_second": -1}, {"share": 1.1}, {"share": -0.1}, {"changes": 2}]
)
def test_wrong_sampling_settings(wrong: dict[str, float]) -> None:
    """A sampling that cannot be is refused by its name."""
    with pytest.raises(SettingError, match=f"sampling.{next(iter(wrong))}"):
        Sampling(**wrong)  # type: ignore[arg-type]  # each is wrong in its own way


def test_prod_records_a_share_of_its_own_requests_and_changes(
    prod: Template, dev: Template
) -> None:
    """The rules are for the stage's requests and changes, and for nothing else in the account."""
    rules = [item["SamplingRule"] for _, item in prod.all("XRay::SamplingRule")]
    (requests,) = (rule for rule in rules if "ApiRestApi" in json.dumps(rule["ResourceARN"]))
    (changes,) = (rule for rule in rules if "OrderChanges" in json.dumps(rule["ResourceARN"]))
    assert STAGES["prod"].sampling == Sampling(
        a_second=requests["ReservoirSize"],
        share=requests["FixedRate"],
        changes=changes["FixedRate"],
    )
    assert requests["ServiceType"] == "AWS::ApiGateway::Stage"
    assert changes["ReservoirSize"] == 0
    assert all(len(rule["RuleName"]) <= 32 for rule in rules)  # X-Ray takes no longer one
    assert not list(dev.all("XRay::SamplingRule"))
