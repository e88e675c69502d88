"""Deadlines: where the one-shots stand that end a restaurant's time to answer.

process_order ─► a one-shot of EventBridge Scheduler in a group of the stage's own
                 ─► the queue `order-processing`, as a role that may send there and nothing else
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infrastructure.work.encryption import YOUR_KEY
from infrastructure.work.permissions import allow, by_schedules_of, of_queues, to_service

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

    from infrastructure.work.function import Function


class Deadlines(Construct):
    """The group of the one-shots, and the role in which they send their message."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: sqs.Queue,
        key: kms.IKey | None = None,
    ) -> None:
        """Define them.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            queue: where the message goes.
            key: encrypts what waits there; None for a key that AWS owns.
        """
        super().__init__(scope, construct_id)
        self.queue = queue
        # By its name, for the role is known before the group, and has to name it.
        self.group_name = f"{Stack.of(self).stack_name}-deadlines"
        self._group = scheduler.CfnScheduleGroup(self, "Schedules", name=self.group_name)
        self.role = self._role(key)

    def _role(self, key: kms.IKey | None) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=by_schedules_of(self.group_name),
            description="Says that an order should have been answered",
        )
        arn = self.queue.queue_arn
        allow(role, "sqs:SendMessage", on=arn, why="Says that a deadline has come")
        if key is not None:
            using = ("kms:Decrypt", "kms:GenerateDataKey")
            allow(role, *using, on=key.key_arn, why=YOUR_KEY, conditions=of_queues([arn]))
        return role

    def set_by(self, function: Function) -> None:
        """Let a function make one-shots in this group, which work as this role."""
        schedules = Stack.of(self).format_arn(
            service="scheduler", resource="schedule", resource_name=f"{self.group_name}/*"
        )
        function.allow(
            "scheduler:CreateSchedule", on=schedules, why="Sets the deadline of a served order"
        )
        function.allow(
            "iam:PassRole",
            on=self.role.role_arn,
            why="Lets the deadline be told",
            conditions=to_service("scheduler"),
        )
