"""CloudFormation: what it refuses in a template."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.refused_resources import ALARM, REFUSED_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable


def placeholders() -> None:
    """Take whatever ministack refuses in a template as if it had been made.

    Not for the local run, which leaves it out and says so: for trying `make deploy` itself, which
    sends the whole template.
    """
    handlers = ministack.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    made: dict[str, Callable[..., Any]] = {
        "create": lambda logical_id, _, stack: (f"{stack}-{logical_id}", {}),
        "update": lambda physical_id, *_, **__: (physical_id, {}),
        "delete": lambda *_, **__: None,
    }
    for kind in REFUSED_TYPES:
        handlers.setdefault(kind, made)
    alarms = handlers[ALARM]
    for step, wanted in (("create", 1), ("update", 2), ("delete", 1)):
        alarms[step] = _unless_computed(alarms[step], made[step], wanted)


def _unless_computed(
    do: Callable[..., Any], pretend: Callable[..., Any], properties: int
) -> Callable[..., Any]:
    """Do something with an alarm, or pretend to with one whose metric is computed."""

    def either(*arguments: Any, **options: Any) -> Any:
        computed = "Metrics" in arguments[properties]
        return (pretend if computed else do)(*arguments, **options)

    return either
