"""The Lambda functions: one construct, used once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infrastructure.functions import BY_NAME, LIVE, MOVING, construct_id
from infrastructure.work.permissions import allow, explain, of_this_account
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infrastructure.settings import Settings
    from infrastructure.work.permissions import Conditions

RETENTION = logs.RetentionDays.ONE_WEEK
"""How long a log group keeps its lines, unless they say who did what."""

AUDITED = logs.RetentionDays.THREE_MONTHS
"""How long those are kept that do: docs/decisions/0027-who-did-what.md."""


class Function(Construct):
    """One function of `orders.handlers` with a role and a log group of its own."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        code: lambda_.Code,
        environment: Mapping[str, str],
        settings: Settings,
        timeout_seconds: int | None = None,
    ) -> None:
        """Define the function.

        Args:
            scope: the parent construct.
            name: the handler's module, such as `create_order`.
            code: the asset that all functions share.
            environment: the variables that it reads, and no others.
            settings: the stage's.
            timeout_seconds: when it is ended; None for what requests have.
        """
        super().__init__(scope, construct_id(name))
        self.timeout = Duration.seconds(timeout_seconds or settings.timeout_seconds)
        self.log_group = log_group(self, "Logs", AUDITED if name == MOVING else RETENTION)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=of_this_account("lambda"),
            description=f"What {name} may do, and nothing else",
        )
        self.log_group.grant_write(self.role)
        self.function = self._define(name, code, environment, settings)
        self.version: lambda_.Version | None = None
        self.live: lambda_.Alias | None = None
        if BY_NAME[name].released:
            self.version, self.live = self._release()
        self._explain()

    def _define(
        self, name: str, code: lambda_.Code, environment: Mapping[str, str], settings: Settings
    ) -> lambda_.Function:
        return lambda_.Function(
            self,
            "Function",
            description=f"{name.replace('_', ' ').capitalize()} ({settings.stage})",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=BY_NAME[name].handler,
            code=code,
            role=self.role,
            log_group=self.log_group,
            environment={LOG_LEVEL: settings.log_level, **environment},
            memory_size=settings.memory_of(name),
            timeout=self.timeout,
            reserved_concurrent_executions=settings.reserved_concurrency.get(name),
            tracing=lambda_.Tracing.ACTIVE,
            # One that failed goes again with its deployment; one that ran stays, to go back to.
            current_version_options=lambda_.VersionOptions(
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            ),
        )

    def _release(self) -> tuple[lambda_.Version, lambda_.Alias]:
        """Publish what the function is now, and name what callers meet.

        The version's logical id has a hash of code and configuration: it is another one whenever
        one of both is. Neither description nor variables may tell the commit. Then nearly nothing
        would change, and Lambda publishes no version where nothing has.
        """
        version = self.function.current_version
        return version, lambda_.Alias(self, "Live", alias_name=LIVE, version=version)

    @property
    def called(self) -> lambda_.IFunction:
        """What callers call: the alias, or the function itself where it is not released."""
        return self.live or self.function

    def repeat_no_run_after(self, most: Duration) -> None:
        """Let a run that nobody waits for come within this time or not at all, and never twice."""
        self.called.configure_async_invoke(max_event_age=most, retry_attempts=0)
        if self.live is None:
            return
        config = self.live.node.find_child("EventInvokeConfig").node.default_child
        assert isinstance(config, lambda_.CfnEventInvokeConfig)
        config.qualifier = LIVE  # CDK would cut it out of the alias's ARN
        config.node.add_dependency(self.live)

    def _explain(self) -> None:
        """Give the reasons of what CDK grants: writing to the log group, and tracing."""
        logging = ("logs:CreateLogStream", "logs:PutLogEvents")
        tracing = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
        explain(self.role, *logging, on=self.log_group.log_group_arn, why="Lambda writes its log")
        nowhere = "Sends its trace; X-Ray has no resources to name"
        explain(self.role, *tracing, on="*", why=nowhere)

    def allow(
        self,
        *actions: str,
        on: str,
        why: str,
        conditions: Conditions | None = None,
    ) -> None:
        """Let the function do these actions on one resource.

        Args:
            actions: such as `dynamodb:GetItem`.
            on: the resource's ARN.
            why: what for, in the words of docs/security/permissions.md.
            conditions: when it may; infrastructure.work.permissions has them.
        """
        allow(self.role, *actions, on=on, why=why, conditions=conditions)


def log_group(
    scope: Construct, construct_id: str, retention: logs.RetentionDays = RETENTION
) -> logs.LogGroup:
    """Define a log group that goes with the stack."""
    return logs.LogGroup(
        scope, construct_id, retention=retention, removal_policy=RemovalPolicy.DESTROY
    )
