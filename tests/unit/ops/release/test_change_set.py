"""What would be lost is named before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from ops.release.change_set import losses


def change(action: str, **more: str) -> dict[str, Any]:
    return {
        "Action": action,
        "LogicalResourceId": "T",
        "ResourceType": "AWS::DynamoDB::GlobalTable",
        **more,
    }


@pytest.mark.parametrize(
    ("changed", "loss"),
    [
        (change("Remove"), "T (AWS::DynamoDB::GlobalTable) would be deleted"),
        (
            change("Remove", PolicyAction="Retain"),
            "T (AWS::DynamoDB::GlobalTable) would leave the stack",
        ),
        (
            change("Modify", Replacement="True"),
            "T (AWS::DynamoDB::GlobalTable) would be replaced by an empty one",
        ),
        (
            change("Modify", Replacement="Conditional"),
            "T (AWS::DynamoDB::GlobalTable) may be replaced by an empty one",
        ),
    ],
)
def test_losses(changed: dict[str, Any], loss: str) -> None:
    """Every way to lose a table is named."""
    assert list(losses([changed])) == [loss]


@pytest.mark.parametrize(
    "harmless",
    [
        change("Add"),
        change("Modify", Replacement="False"),
        change("Remove", ResourceType="AWS::Lambda::Function"),
    ],
)
def test_no_losses(harmless: dict[str, Any]) -> None:
    """What loses nothing is not complained of."""
    assert list(losses([harmless])) == []
