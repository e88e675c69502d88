"""Custom resource: asks a release's new versions before anybody meets one, and refuses them or not.

Every alias depends on it: all functions move, or none. Why it refuses stands in the stack's events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.custom_resource import custom_resource
from orders.telemetry import log_event

if TYPE_CHECKING:
    from orders.custom_resource import Asked

_ID = "release-gate"


def release_gate(asked: Asked) -> str:
    """Ask both versions of each function, where there are two; gives the resource's id.

    A stack that is made has no release before it. One that goes back, or brings nothing new, has
    been asked before: it is never refused, for nothing comes after a rollback that fails.

    Raises:
        Refused: when the new versions may not go live; it says why.
    """
    properties, old = asked.resource_properties, asked.old_resource_properties
    if asked.request_type != "Update":
        return _ID
    from orders.release_gate.plan import goes_back, plan_of, skipped

    if goes_back(properties, old):
        log_event({"gate": "nothing new"}, None)
        return _ID
    if skipped(properties):
        log_event({"gate": "skipped", "reason": properties.get("Reason")}, None)
        return _ID
    from orders.release_gate.gate import Gate  # what goes back must need as little as can be

    gate = Gate(plan_of(properties, old))
    try:
        gate.check()
    finally:
        log_event({"gate": "asked", **gate.notes}, None)
    return _ID


handler = custom_resource(release_gate)
