"""Deployment of a copy to a stack that somebody else is changing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError

from local.copy import deployment
from local.copy.deployment import Deployment

GONE = ClientError({"Error": {"Message": "Stack with id trial does not exist"}}, "DescribeStacks")


def stacks(*statuses: str | ClientError) -> Any:
    """Stand in for CloudFormation, which has the stack in one state after the other."""
    told = [
        {"Stacks": [{"StackStatus": status}]} if isinstance(status, str) else status
        for status in statuses
    ]
    return MagicMock(describe_stacks=MagicMock(side_effect=told))


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        (["DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", GONE], "create_stack"),
        (["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"], "update_stack"),
    ],
)
def test_a_busy_stack_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, before: list[str | ClientError], asked: str
) -> None:
    """A copy starts while another command still removes or changes its stack: it waits."""
    monkeypatch.setattr(deployment, "_POLL_SECONDS", 0)
    cloudformation = stacks(*before, "CREATE_COMPLETE")
    looked: list[int] = []
    submit = getattr(cloudformation, asked)
    submit.side_effect = lambda **_: looked.append(cloudformation.describe_stacks.call_count)
    owned = SimpleNamespace(BucketAlreadyOwnedByYou=ClientError)
    services = {
        "cloudformation": cloudformation,
        "s3": MagicMock(exceptions=owned),
        "ssm": MagicMock(),
    }
    Deployment(services.__getitem__, "trial").deploy("{}", {})
    assert looked == [len(before)]
