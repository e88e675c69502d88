"""Whatever state a stack is in, a deployment goes on or says what to do first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from infrastructure.settings import settings_of
from ops.release.account import Place
from ops.release.states import ABSENT, REMAINS, ROLLED_BACK, obstacle

PLACE = Place(settings_of("prod"), SimpleNamespace(region="us-east-1"))  # type: ignore[arg-type]
STACK = "--stack-name food-delivery-orders-prod --region us-east-1"
READY = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", *ROLLED_BACK}


def statuses() -> list[str]:
    """Give all states that AWS has, as its own description of CloudFormation lists them."""
    shape: Any = (
        botocore.session.get_session().get_service_model("cloudformation").shape_for("StackStatus")
    )
    return sorted(shape.enum)


@pytest.mark.parametrize("status", statuses())
def test_every_state_is_known(status: str) -> None:
    """No state of AWS is taken for one that a deployment can start from, unless it is one."""
    said = obstacle(status, PLACE)
    assert (said is None) is (status in READY or status == "DELETE_COMPLETE"), status


@pytest.mark.parametrize(
    ("status", "said"),
    [
        *((status, "orders deploy --stage prod") for status in REMAINS),
        ("UPDATE_IN_PROGRESS", "Wait until it is done"),
        ("DELETE_IN_PROGRESS", "Wait until it is done"),
        ("UPDATE_FAILED", f"aws cloudformation rollback-stack {STACK}"),
        ("UPDATE_ROLLBACK_FAILED", f"aws cloudformation continue-update-rollback {STACK}"),
        ("IMPORT_ROLLBACK_FAILED", "AWS Support"),
    ],
)
def test_what_to_do(status: str, said: str) -> None:
    """Each state that takes no deployment is told with what leads out of it."""
    assert said in str(obstacle(status, PLACE))


def test_a_stack_that_was_only_prepared() -> None:
    """A change set that was never executed leaves a name alone, and the deployment makes it."""
    assert "REVIEW_IN_PROGRESS" in ABSENT
