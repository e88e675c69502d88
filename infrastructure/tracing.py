"""Which requests X-Ray records. API Gateway decides, and the functions that it calls follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_xray as xray
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_apigateway as apigateway

    from infrastructure.settings import Sampling

_BEFORE_THE_DEFAULT = 1_000


class Tracing(Construct):
    """A sampling rule for one stage of the API.

    X-Ray's default records the first request of each second: at few requests a second that is
    most of them, and dearer than the requests themselves. Lambda's rate for the workers, which
    queues call, cannot be changed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: apigateway.Stage,
        sampling: Sampling,
    ) -> None:
        """Define the rule.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            stage: the API's.
            sampling: what is recorded.
        """
        super().__init__(scope, construct_id)
        rule = xray.CfnSamplingRule.SamplingRuleProperty(
            rule_name=Stack.of(self).stack_name,
            priority=_BEFORE_THE_DEFAULT,
            reservoir_size=sampling.a_second,
            fixed_rate=sampling.share,
            service_type="AWS::ApiGateway::Stage",
            resource_arn=stage.stage_arn,
            service_name="*",
            host="*",
            http_method="*",
            url_path="*",
            version=1,
        )
        xray.CfnSamplingRule(self, "Rule", sampling_rule=rule)
