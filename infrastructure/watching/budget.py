"""An alarm when the month becomes dearer than it should: AWS Budgets mails the addresses.

The limit is the cost that `orders cost` computes for the stage, times a margin. The cost needs a
template and the template needs the cost: so the cost is recorded in expected_costs.json, which
`make docs` writes from templates without a budget (a budget itself is free), and a test fails
when the model says something else.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from infrastructure.settings import SettingError, tags
from project.checkout import ROOT

if TYPE_CHECKING:
    from infrastructure.settings import Budget

EXPECTED_COSTS = ROOT / "infrastructure/expected_costs.json"
"""By stage: orders a day, and the dollars a month of each line at that load."""

SIGN_IN = "Amazon Cognito"
"""Not in the budget: it grows with customers, and would hide whatever else grows."""

_NOTIFICATIONS = (("FORECASTED", 80), ("ACTUAL", 100))
"""The kind of figure, and how many percent of the limit."""

_Budget = budgets.CfnBudget


class MonthlyBudget(Construct):
    """A budget for what bears the stage's tags, sign-in apart.

    AWS knows the tags in bills only once they are activated as cost allocation tags, in the
    Billing console or with `aws ce update-cost-allocation-tags-status`; until then the budget sees
    nothing. Billing figures are some hours old: this tells of a leak, not of a burst.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: str, budget: Budget) -> None:
        """Define the budget.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            stage: whose cost it is.
            budget: the settings, with one address at least.
        """
        super().__init__(scope, construct_id)
        data = _Budget.BudgetDataProperty(
            budget_name=Stack.of(self).stack_name,
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=_Budget.SpendProperty(amount=limit(stage, budget), unit="USD"),
            filter_expression=_only(stage),
            metrics=["UnblendedCost"],
        )
        _Budget(self, "Budget", budget=data, notifications_with_subscribers=_notifications(budget))


def limit(stage: str, budget: Budget) -> int:
    """Give the limit in whole dollars.

    Raises:
        SettingError: when no cost is recorded for this load.
    """
    recorded = _recorded().get(stage)
    if recorded is None or recorded["orders_per_day"] != budget.orders_per_day:
        load = f"stage {stage} at {budget.orders_per_day} orders a day"
        raise SettingError(f"no cost is recorded for {load}; `make docs` records it")
    expected: float = sum(recorded["lines"].values())
    return math.ceil(expected * budget.margin)


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
