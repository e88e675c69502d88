"""What has been changed of a stage without a deployment: as CloudFormation finds it, and besides.

CloudFormation compares what the template says of a resource with what that is. It looks at some
types only, and at no code; `differences.py` looks at what it cannot see of the functions.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from ops.live import deployed, differences
from ops.reach.aws_errors import explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.live.deployed import Stack
    from ops.live.differences import Difference
    from ops.reach.target import Target

POLL_SECONDS = 3.0
LONGEST_SECONDS = 15 * 60.0
"""How long a detection is waited for: AWS says that it takes several minutes at most."""

UNSEEN = (
    "the code of functions (compared here by its SHA-256)",
    "what the template does not set, and resources that it does not name",
    "what is in tables, queues, parameters' folders and flags",
)
"""What CloudFormation's drift detection looks at in no stack."""

_NOT_CHECKED = "NOT_CHECKED"
_FOUND = ("MODIFIED", "DELETED")
_LONGEST = 60
"""Of a value in a sentence, in characters."""


class Changed(NamedTuple):
    """A resource that is not as the template says."""

    name: str
    """Its id in the template."""
    kind: str
    physical: str
    says: list[str]
    """What differs, each in a sentence."""


class Drift(NamedTuple):
    """What was found."""

    resources: list[Changed]
    functions: list[Difference]
    unchecked: dict[str, int]
    """How many resources there are of each type that CloudFormation does not look at."""
    unknown: str
    """Why CloudFormation cannot tell, or not of all that it looks at; empty where it can."""

    @property
    def drifted(self) -> bool:
        """Whether something differs; what commands change on purpose, no detection meets."""
        return bool(self.resources) or any(not each.meant for each in self.functions)


def detect(target: Target) -> Drift:
    """Have CloudFormation look at a stage, and compare what it cannot see."""
    stack = deployed.stack_of(target)
    functions = deployed.functions_of(target, stack)
    own = [each for one in functions for each in differences.of(target, one)]
    try:
        unknown = _detected(target.client("cloudformation"), target.stack)
        changed = list(_changed(target))
    except (ClientError, BotoCoreError) as error:
        return Drift([], own, {}, _reason(stack, error))
    return Drift(changed, own, _unchecked(target), unknown)


def _reason(stack: Stack, error: Exception) -> str:
    if stack.status.endswith("_IN_PROGRESS"):
        return f"The stack is {stack.status}. Look again when it is done."
    return explain(error) or str(error)


def _detected(cloudformation: Any, stack: str) -> str:
    """Wait until CloudFormation has looked; say what keeps it from telling, if anything does."""
    detection = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        found = cloudformation.describe_stack_drift_detection_status(
            StackDriftDetectionId=detection
        )
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > until:
            return f"CloudFormation is still looking after {LONGEST_SECONDS / 60:.0f} minutes."
        time.sleep(POLL_SECONDS)
    if found["DetectionStatus"] == "DETECTION_COMPLETE":
        return ""
    return f"CloudFormation could not look at all: {found.get('DetectionStatusReason', 'no why')}"


def _changed(target: Target) -> Iterator[Changed]:
    cloudformation = target.client("cloudformation")
    asked: dict[str, Any] = {
        "StackName": target.stack,
        "StackResourceDriftStatusFilters": list(_FOUND),
    }
    while True:
        page = cloudformation.describe_stack_resource_drifts(**asked)
        for found in page["StackResourceDrifts"]:
            yield _told(found)
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]


def _told(found: Mapping[str, Any]) -> Changed:
    name, kind = found["LogicalResourceId"], found["ResourceType"]
    physical, changes = found.get("PhysicalResourceId", ""), found.get("PropertyDifferences", [])
    if found["StackResourceDriftStatus"] == "DELETED":
        return Changed(name, kind, physical, ["is deleted"])
    says = [_sentence(change) for change in changes] or ["differs"]
    return Changed(name, kind, physical, says)


def _sentence(change: Mapping[str, Any]) -> str:
    """Put a difference in words."""
    where = change["PropertyPath"].strip("/").replace("/", ".")
    expected, actual = (_short(change.get(f"{which}Value")) for which in ("Expected", "Actual"))
    match change["DifferenceType"]:
        case "ADD":
            return f"has {where} besides: {actual}"
        case "REMOVE":
            return f"has no {where}, which the template says is {expected}"
    return f"has {where} {actual}, and the template says {expected}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _unchecked(target: Target) -> dict[str, int]:
    resources = deployed.stack_of(target).resources.values()
    counted = Counter(each.kind for each in resources if each.checked == _NOT_CHECKED)
    return dict(sorted(counted.items()))
