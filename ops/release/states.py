"""The states of a stack, as far as a deployment is concerned, and what leads out of them.

absent ── there is none, or only its name: a deployment makes it
ready ─── a deployment changes it; after UPDATE_ROLLBACK_COMPLETE it is what it was before
busy ──── it takes one change at a time
remains ─ it never worked, or was half deleted: it can only be deleted
stuck ─── somebody has to mend it first

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.release.account import Place

ABSENT = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")

MADE = "CREATE_COMPLETE"
"""The first deployment has succeeded."""

REMAINS = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")

ROLLED_BACK = ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
"""The last deployment failed, and nothing of it is left but what the template keeps."""

_STUCK = {
    "UPDATE_FAILED": "Mend what its events name, then: aws cloudformation rollback-stack",
    "UPDATE_ROLLBACK_FAILED": (
        "Mend what its events name, then: aws cloudformation continue-update-rollback"
    ),
    "IMPORT_ROLLBACK_FAILED": (
        "Look at its events, and ask AWS Support: aws cloudformation describe-stack-events"
    ),
}


def obstacle(status: str, place: Place) -> str | None:
    """Say what to do before a stack takes a deployment; None for one that is there and takes it."""
    if status.endswith("_IN_PROGRESS"):
        return "Wait until it is done: a stack takes one change at a time."
    if status in REMAINS:
        return (
            "It can only be deleted, and what the template keeps stays. This does it, once you "
            f"agree: orders deploy --stage {place.settings.stage}"
        )
    if status in _STUCK:
        where = f"--stack-name {place.stack} --region {place.account.region}"
        return f"{_STUCK[status]} {where}"
    return None
