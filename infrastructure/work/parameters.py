"""Parameter Store: where other services and people find what this one consists of.

Our own functions never read these facts: the same values travel as environment variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infrastructure.settings import FLAGS, SIGNING_KEY, parameter_prefix
from infrastructure.work.permissions import allow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_cdk import aws_kms as kms

    from infrastructure.work.function import Function

_REPEATED_AFTER = (60, 120)
"""When Lambda calls a function again that CloudFormation has called and that failed, in seconds:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""

_SPARE_SECONDS = 30

ARN = r"^arn:aws[a-z-]*:[a-z0-9-]+:.+$"
JSON = r"^\{.+\}$"
NAME = r"^[A-Za-z0-9_.-]{3,255}$"
NUMBER = r"^[0-9]+$"
ORIGINS = r"^https?://[^ ,]+(,https?://[^ ,]+)*$"
URL = r"^https?://[^ ]+$"


class Fact(NamedTuple):
    """One thing that others may know."""

    name: str
    """Below the stage's prefix."""
    value: str
    description: str
    pattern: str


class Parameters(Construct):
    """The facts, and a policy for whoever reads them.

    The policy names each of them, so that it opens neither partners' secrets nor the signing key.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, facts: Iterable[Fact]
    ) -> None:
        """Write the facts.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            stage: the stage's name.
            facts: what others may know.
        """
        super().__init__(scope, construct_id)
        parameters = [
            ssm.StringParameter(
                self,
                "".join(part.capitalize() for part in fact.name.replace("/", "-").split("-")),
                parameter_name=f"{parameter_prefix(stage)}/{fact.name}",
                string_value=fact.value,
                description=fact.description,
                allowed_pattern=fact.pattern,
            )
            for fact in facts
        ]
        readers = iam.ManagedPolicy(
            self,
            "Readers",
            description=f"Reads what the order API of stage {stage} tells other services",
        )
        for parameter in parameters:
            allow(
                readers,
                "ssm:GetParameter",
                "ssm:GetParameters",
                on=parameter.parameter_arn,
                why="What other services may know; no secret",
            )


class CreatedParameters(Construct):
    """What a function makes at the first deployment, and no later one changes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        function: Function,
        key: kms.IKey,
        keep: bool,
    ) -> None:
        """Have them made.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            stage: the stage's name.
            function: makes them.
            key: encrypts the signing key.
            keep: whether they survive the stack, as that key does: then CloudFormation never asks
                the function to delete them, nor may it.
        """
        super().__init__(scope, construct_id)
        prefix = parameter_prefix(stage)
        # The function waits for its role's policy, so this waits for both, and goes before them.
        CustomResource(
            self,
            "Resource",
            resource_type="Custom::CreatedParameters",
            service_token=function.function.function_arn,
            service_timeout=_until_answered(function.timeout),
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
            properties={
                "Flags": f"{prefix}/{FLAGS}",
                "SigningKey": f"{prefix}/{SIGNING_KEY}",
                "KeyId": key.key_arn,
            },
        )


def _until_answered(timeout: Duration) -> Duration:
    """Give the time in which the function has answered, if it ever does: until its last call ends.

    Args:
        timeout: of each call.
    """
    calls = (1 + len(_REPEATED_AFTER)) * timeout.to_seconds()
    return Duration.seconds(calls + sum(_REPEATED_AFTER) + _SPARE_SECONDS)
