"""Which requests and changes X-Ray records, and who may tell it of them.

request ─► API Gateway decides ─► the function follows
change  ─► the topic may decide ─► the queue carries it ─► the worker follows, or decides

A decision is made once, by the first that is traced, and whoever comes later keeps to it:
https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_xray as xray
from constructs import Construct

from infrastructure.settings import tracing_policy

if TYPE_CHECKING:
    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_sns as sns

    from infrastructure.settings import Settings

_BEFORE_THE_DEFAULT = 1_000


class Tracing(Construct):
    """The topic's permission to trace, and the sampling rules of a stage.

    X-Ray's default records the first request of each second: at few requests a second that is
    most of them, and dearer than the requests themselves. Lambda's own rate, for what reaches a
    function undecided, cannot be changed: https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: apigateway.Stage,
        topic: sns.ITopic,
        settings: Settings,
    ) -> None:
        """Define them.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            stage: the API's.
            topic: tells the workers of changes.
            settings: the stage's, whose `sampling` says what is recorded.
        """
        super().__init__(scope, construct_id)
        self._admit(topic)
        sampling, stage_name = settings.sampling, settings.stage
        if sampling is None:
            return
        # X-Ray takes 32 characters, fewer than the stack's name may have. What is of a stage ends
        # with its name: were `-sns` behind it, that could be another stage's.
        self._rule(
            "Rule",
            name=f"orders-{stage_name}",
            service_type="AWS::ApiGateway::Stage",
            resource=stage.stage_arn,
            reservoir=sampling.a_second,
            share=sampling.share,
        )
        # What SNS calls its type nobody has written down: the ARN is enough.
        self._rule(
            "ChangesRule",
            name=f"changes-{stage_name}",
            service_type="*",
            resource=topic.topic_arn,
            reservoir=0,
            share=sampling.changes,
        )

    def _admit(self, topic: sns.ITopic) -> None:
        """Let the topic ask for the rules and send segments.

        https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
        """
        statement = iam.PolicyStatement(
            principals=[iam.ServicePrincipal("sns.amazonaws.com")],
            actions=["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
            resources=["*"],  # these actions know no resources
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnEquals": {"aws:SourceArn": topic.topic_arn},
            },
        )
        document = iam.PolicyDocument(statements=[statement])
        xray.CfnResourcePolicy(
            self,
            "TopicPolicy",
            policy_name=tracing_policy(Stack.of(self).stack_name),
            policy_document=Stack.of(self).to_json_string(document),
        )

    def _rule(
        self,
        construct_id: str,
        *,
        name: str,
        service_type: str,
        resource: str,
        reservoir: int,
        share: float,
    ) -> None:
        rule = xray.CfnSamplingRule.SamplingRuleProperty(
            rule_name=name,
            priority=_BEFORE_THE_DEFAULT,
            reservoir_size=reservoir,
            fixed_rate=share,
            service_type=service_type,
            resource_arn=resource,
            service_name="*",
            host="*",
            http_method="*",
            url_path="*",
            version=1,
        )
        xray.CfnSamplingRule(self, construct_id, sampling_rule=rule)
