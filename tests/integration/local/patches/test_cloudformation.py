"""What ministack does not know of change sets, and `orders deploy` asks about."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ops.reach.clients import clients

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


def plan(limit: int) -> str:
    quota = {"Limit": limit, "Period": "DAY"}
    one = {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"Quota": quota}}
    return json.dumps({"Resources": {"Plan": one}})


def test_known_replacements_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack says of a plan with another quota that it may be replaced, with its keys."""
    cloudformation: Any = clients(endpoints_without_patches.aws_endpoint_url)("cloudformation")
    name = f"s{uuid.uuid4().hex}"
    cloudformation.create_stack(StackName=name, TemplateBody=plan(1))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
    try:
        wanted = {"StackName": name, "ChangeSetName": "more"}
        cloudformation.create_change_set(**wanted, TemplateBody=plan(2))
        cloudformation.get_waiter("change_set_create_complete").wait(**wanted)
        (change,) = cloudformation.describe_change_set(**wanted)["Changes"]
        assert change["ResourceChange"]["Replacement"] == "Conditional"
    finally:
        cloudformation.delete_stack(StackName=name)
