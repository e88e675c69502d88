"""Contributor Insights: which partner's webhooks fail, from the log lines, for no metric each.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContributorInsights-RuleSyntax.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from orders.settings import DEAD, RETRY

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs


class FailingPartners(Construct):
    """A rule that counts, for each partner, the tries of webhooks that failed."""

    def __init__(self, scope: Construct, construct_id: str, *, log_group: logs.ILogGroup) -> None:
        """Define the rule.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            log_group: that of notify_partner.
        """
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.rule_name = f"{stack.stack_name}-failing-partners"
        body = {
            "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
            "LogGroupNames": [log_group.log_group_name],
            "LogFormat": "JSON",
            "Contribution": {
                "Keys": ["$.partnerId"],
                "Filters": [
                    {"Match": "$.outcome", "In": [RETRY, DEAD]},
                    # What fails before anything is sent is not the partner's doing.
                    {"Match": "$.attempted", "IsPresent": True},
                ],
            },
            "AggregateOn": "Count",
        }
        cloudwatch.CfnInsightRule(
            self,
            "Rule",
            rule_name=self.rule_name,
            rule_state="ENABLED",
            rule_body=stack.to_json_string(body),
        )

    def worst(self, *, minutes: int) -> cloudwatch.MathExpression:
        """Count the failed tries of whichever partner has the most in a period.

        CloudWatch wants the rule to be there: what uses this depends on the construct.
        """
        return cloudwatch.MathExpression(
            expression=f"INSIGHT_RULE_METRIC('{self.rule_name}', 'MaxContributorValue')",
            using_metrics={},
            label="failed tries of the partner with the most",
            period=Duration.minutes(minutes),
        )
