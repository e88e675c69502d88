"""The heartbeat: a schedule, and an API key with which its function comes in like a partner.

schedule ─► place_heartbeat ─► the API's address ─► the whole way of an order
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infrastructure.work.permissions import allow, by_schedules_of
from orders.domain.synthetic import HEARTBEAT
from orders.heartbeat import REQUESTS

if TYPE_CHECKING:
    from infrastructure.work.function import Function

_DAY_MINUTES = 24 * 60
_SPARE = 3
"""How many times its own requests the key is good for: for runs by hand, and second calls."""

_SOON = Duration.minutes(1)  # a run that comes later than that would tell of another moment
_SCHEDULE = scheduler.CfnSchedule


class Heartbeat(Construct):
    """The key on a usage plan of its own, and what calls the function."""

    def __init__(
        self, scope: Construct, construct_id: str, *, api: apigateway.RestApi, minutes: int
    ) -> None:
        """Define the key; AWS makes its value, which only `GetApiKey` tells.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            api: the REST API.
            minutes: from one order to the next.
        """
        super().__init__(scope, construct_id)
        self._minutes = minutes
        self._name = f"{Stack.of(self).stack_name}-{HEARTBEAT}"
        self.key = apigateway.ApiKey(
            self,
            "Key",
            api_key_name=self._name,
            description="Opens the API to the service's own heartbeat",
        )
        self._plan = self._usage_plan(api)
        self._plan.add_api_key(self.key)

    def _usage_plan(self, api: apigateway.RestApi) -> apigateway.UsagePlan:
        requests = len(REQUESTS)
        return apigateway.UsagePlan(
            self,
            "Plan",
            name=self._name,
            throttle=apigateway.ThrottleSettings(
                rate_limit=requests, burst_limit=_SPARE * requests
            ),
            quota=apigateway.QuotaSettings(
                limit=_SPARE * requests * _DAY_MINUTES // self._minutes,
                period=apigateway.Period.DAY,
            ),
            api_stages=[apigateway.UsagePlanPerApiStage(api=api, stage=api.deployment_stage)],
        )

    def call(self, function: Function) -> scheduler.CfnSchedule:
        """Let the schedule call the function, once the function can do its work.

        A run that fails is not repeated: it has failed, and the next one comes anyway.

        Returns:
            the schedule, which AWS makes only where its role may do its work already.
        """
        function.repeat_no_run_after(_SOON)
        group = scheduler.CfnScheduleGroup(self, "Schedules", name=self._name)
        arn = function.called.function_arn
        role = self._role(arn)
        schedule = _SCHEDULE(
            self,
            "Schedule",
            name=self._name,
            description="Places an order of the service's own",
            group_name=group.ref,
            schedule_expression=f"rate({self._minutes} minute{'s' * (self._minutes > 1)})",
            flexible_time_window=_SCHEDULE.FlexibleTimeWindowProperty(mode="OFF"),
            target=_SCHEDULE.TargetProperty(
                arn=arn,
                role_arn=role.role_arn,
                input=json.dumps({"scheduledTime": "<aws.scheduler.scheduled-time>"}),
                retry_policy=_SCHEDULE.RetryPolicyProperty(
                    maximum_retry_attempts=1, maximum_event_age_in_seconds=_SOON.to_seconds()
                ),
            ),
        )
        # The role and the function it names; these it does not.
        schedule.node.add_dependency(self._plan, role.node.find_child("DefaultPolicy"))
        return schedule

    def _role(self, function: str) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=by_schedules_of(self._name),
            description="Calls the heartbeat's function",
        )
        allow(role, "lambda:InvokeFunction", on=function, why="Calls the heartbeat's function")
        return role
