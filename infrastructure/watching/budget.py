"""An alarm when the month becomes dearer than it should: AWS Budgets mails the addresses.

The limit is the cost that `orders cost` computes for the stage, times a margin. The cost needs a
template and the template needs the cost: so it is that of the template without a budget, which
itself is free. It is recorded in expected_costs.json, which `make docs` writes, and a test fails
when the model says something else. For what is not recorded yet a synth asks the model, which its
caller brings along.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from infrastructure.settings import tags
from infrastructure.settings_validation import SettingError
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infrastructure.settings import Budget, Settings

EXPECTED_COSTS = ROOT / "infrastructure/expected_costs.json"
"""By stage: orders a day, and the dollars a month of each line at that load."""

SIGN_IN = "Amazon Cognito"
"""Not in the budget: it grows with customers, and would hide whatever else grows."""

_NOTIFICATIONS = (("FORECASTED", 80), ("ACTUAL", 100))
"""The kind of figure, and how many percent of the limit."""

_Budget = budgets.CfnBudget

CostModel: TypeAlias = "Callable[[Settings], Mapping[str, float]]"
"""Gives a stage's dollars a month by line; `ops.costs.report.expected` is one."""


class MonthlyBudget(Construct):
    """A budget for what bears the stage's tags, sign-in apart.

    AWS knows the tags in bills only once they are activated as cost allocation tags, in the
    Billing console or with `aws ce update-cost-allocation-tags-status`; until then the budget sees
    nothing. Billing figures are some hours old: this tells of a leak, not of a burst.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        model: CostModel | None,
    ) -> None:
        """Define the budget.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            settings: the stage's, whose budget has one address at least.
            model: as `limit` takes it.
        """
        super().__init__(scope, construct_id)
        stage, budget = settings.stage, settings.budget
        # It has no name of its own: whom it tells cannot be changed in place, and CloudFormation
        # replaces nothing that has a name (coverage-roadmap, issue 365).
        data = _Budget.BudgetDataProperty(
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=_Budget.SpendProperty(amount=limit(settings, model), unit="USD"),
            filter_expression=_only(stage),
            metrics=["UnblendedCost"],
        )
        _Budget(self, "Budget", budget=data, notifications_with_subscribers=_notifications(budget))


def limit(settings: Settings, model: CostModel | None = None) -> int:
    """Give the limit in whole dollars.

    Args:
        settings: the stage's.
        model: computes what is not recorded, such as the cost of a new stage.

    Raises:
        SettingError: when the cost is neither recorded nor known to the model.
    """
    budget, recorded = settings.budget, _recorded().get(settings.stage, {})
    if recorded.get("orders_per_day") == budget.orders_per_day:
        lines: Mapping[str, float] = recorded["lines"]
    elif model is None:
        raise SettingError(f"stage {settings.stage}: no cost is recorded yet: `make docs` does it")
    else:
        lines = model(settings)
    return math.ceil(sum(lines.values()) * budget.margin)


@cache
def _recorded() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(EXPECTED_COSTS.read_text())
    return recorded


def _only(stage: str) -> _Budget.ExpressionProperty:
    ours = [
        _Budget.ExpressionProperty(tags=_Budget.TagValuesProperty(key=name, values=[value]))
        for name, value in tags(stage).items()
    ]
    service = _Budget.ExpressionDimensionValuesProperty(key="SERVICE", values=[SIGN_IN])
    sign_in = _Budget.ExpressionProperty(dimensions=service)
    return _Budget.ExpressionProperty(and_=[*ours, _Budget.ExpressionProperty(not_=sign_in)])


def _notifications(budget: Budget) -> list[_Budget.NotificationWithSubscribersProperty]:
    subscribers = [
        _Budget.SubscriberProperty(subscription_type="EMAIL", address=address)
        for address in budget.alarm_emails
    ]
    return [
        _Budget.NotificationWithSubscribersProperty(
            notification=_Budget.NotificationProperty(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
            ),
            subscribers=subscribers,
        )
        for kind, percent in _NOTIFICATIONS
    ]
