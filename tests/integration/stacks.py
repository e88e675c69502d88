"""Stacks that a test makes for itself in the emulator, and ends before the next test begins."""

from __future__ import annotations

from typing import Any


def make(cloudformation: Any, name: str, template: str, **more: Any) -> dict[str, Any]:
    """Make a stack of a template, and give what CloudFormation says of it once it is there."""
    cloudformation.create_stack(StackName=name, TemplateBody=template, **more)
    return after(cloudformation, name, "stack_create_complete")


def update(cloudformation: Any, name: str, template: str) -> dict[str, Any]:
    """Bring a stack to another template, and give what CloudFormation says of it then."""
    cloudformation.update_stack(StackName=name, TemplateBody=template)
    return after(cloudformation, name, "stack_update_complete")


def end(cloudformation: Any, name: str) -> None:
    """Delete a stack, if there is one, and come back once its name is free.

    Without the wait, a test that makes a stack of this name finds one that cannot be updated.
    """
    cloudformation.delete_stack(StackName=name)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=name, WaiterConfig=_OFTEN)


def after(cloudformation: Any, name: str, waiter: str) -> dict[str, Any]:
    """Wait for a stack, and give what CloudFormation says of it."""
    cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig=_OFTEN)
    described: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return described


_OFTEN = {"Delay": 0.1, "MaxAttempts": 1200}
