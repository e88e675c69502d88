"""The alarms that take a deployment back by themselves, while CloudFormation watches them.

A missing alarm fails the operation, and one that fires already ends it at once. So only those are
watched that are there and quiet: a deployment that mends what fires must go through.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ops.release.account import Place

ALARMS = (
    "api-errors-fast",
    "create-order-errors-fast",
    "update-order-errors-fast",
    "process-order-errors-fast",
    "heartbeat-failing",
)
"""By the names that docs/alarms.md has; CloudFormation takes five at most."""

KIND = "AWS::CloudWatch::Alarm"


class Triggers(NamedTuple):
    """What CloudFormation watches during a deployment, and for how long after it."""

    arns: tuple[str, ...] = ()
    minutes: int = 0
    firing: tuple[str, ...] = ()
    """Those that are left out, as they fire already."""

    @property
    def configuration(self) -> dict[str, Any]:
        """As CreateChangeSet takes it. An empty list forgets those of the deployment before."""
        triggers = [{"Arn": arn, "Type": KIND} for arn in self.arns]
        return {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": self.minutes}


NOTHING = Triggers()
"""What a way back watches: the alarms of the release that it leaves would end it."""


def find(place: Place) -> Triggers:
    """Find the stage's alarms that are there and quiet."""
    names = [f"{place.stack}-{name}" for name in ALARMS]
    found = place.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    quiet = tuple(one["AlarmArn"] for one in found if one["StateValue"] != "ALARM")
    firing = tuple(one["AlarmName"] for one in found if one["StateValue"] == "ALARM")
    return Triggers(quiet, place.settings.release.monitor_minutes if quiet else 0, firing)
