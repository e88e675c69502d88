"""A stage to an AWS account, and out of it again; whoever calls this asks the operator between.

    enter ─► clear? ─► bytecode ─► prepare: CDK CLI, bootstrap, quota, synthesis
          ─► adopt? (leftovers.py) ─► compare ─► review ─► carry_out
    enter ─► check_unprotected ─► remove

Whatever would fail half-way or lose data is found before anything is changed.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.asset import AssetError, build_for_aws
from infrastructure.stateful import declared
from ops.reach.errors import OperatorError
from ops.reach.templates import read
from ops.release import cdk, leftovers, states
from ops.release.account import (
    Place,
    check_account,
    check_bootstrap,
    check_concurrency,
    sign_in,
)
from ops.release.change_set import CHANGE_SET, Loss, Stack, changes_of, drop, losses, stack_of
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infrastructure.settings import Settings
    from ops.release.leftovers import Kept

_NEVER_ASK = ("--require-approval", "never")  # we have asked
_REVIEWED = ("--change-set-name", CHANGE_SET)

_WHY = "The first resource with FAILED above says why."
_FAILED = f"The deployment failed, and CloudFormation goes back to what was there. {_WHY}"
_FAILED_AT_FIRST = (
    f"The first deployment failed. {_WHY} Mend that and deploy again: what is left of the stack is "
    "then deleted, once you agree, and what its template keeps is taken over."
)


class Review(NamedTuple):
    """What a deployment would do to what is there."""

    stack: Stack | None
    """None where it makes the first one; then nothing is prepared, and nothing can be lost."""
    changes: bool = True
    losses: tuple[Loss, ...] = ()
    """What would or might be lost, whether the release means that or not."""


def enter(settings: Settings) -> Place:
    """Find out which account a stage goes to.

    Raises:
        OperatorError: when it cannot be found out, or is not the one that the stage belongs to.
    """
    place = Place(settings, sign_in(settings.region))
    check_account(place)
    return place


def flaw_of_bytecode() -> str | None:
    """Build what the functions run; gives what is wrong with it, if they can run all the same.

    Raises:
        OperatorError: when it cannot be built.
    """
    try:
        return build_for_aws(ROOT / "build" / "asset-aws").warning()
    except AssetError as error:
        raise OperatorError(str(error)) from error


def prepare(place: Place, told: Callable[[str], None]) -> dict[str, Any]:
    """Get everything ready for a deployment; gives the template.

    Args:
        place: the stage and its account.
        told: is told what takes its time.

    Raises:
        OperatorError: when the deployment would fail.
    """
    account = place.account
    cdk.install(told)
    check_bootstrap(account, cdk.bootstrap_command(account.account_id, account.region))
    check_concurrency(account, place.stack, place.settings.reserved_concurrency)
    return read(cdk.synthesize(place.settings.stage) / f"{place.stack}.template.json")


def compare(place: Place) -> None:
    """Have the CDK show what differs.

    Raises:
        OperatorError: when it cannot.
    """
    if not cdk.run("diff", place.stack):
        raise OperatorError("The CDK cannot compare the stage with what is deployed.")


@contextlib.contextmanager
def review(place: Place) -> Iterator[Review]:
    """Let CloudFormation say what it would do; unless the block agrees, that is dropped.

    Raises:
        OperatorError: when CloudFormation refuses it; whatever else the block raises.
    """
    reviewed, agreed = _prepared(place, stack(place)), False
    try:
        yield reviewed
        agreed = reviewed.changes
    finally:
        if reviewed.stack and not agreed:
            drop(place.client("cloudformation"), place.stack)


def _prepared(place: Place, found: Stack | None) -> Review:
    if found is None:
        return Review(None)
    prepare = ("--method", "prepare-change-set", *_REVIEWED)
    if not cdk.run("deploy", place.stack, *_NEVER_ASK, *prepare):
        raise OperatorError("CloudFormation refuses the change; what it said stands above.")
    changes = changes_of(place.client("cloudformation"), place.stack)
    meant = declared(place.settings.stage)
    return Review(found, bool(changes), tuple(losses(changes, meant)))


def carry_out(place: Place, reviewed: Review) -> None:
    """Deploy exactly what was reviewed, if that is anything.

    Raises:
        OperatorError: when it fails.
    """
    if not reviewed.changes:
        return
    prepared = ("--method", "execute-change-set", *_REVIEWED) if reviewed.stack else ()
    if not cdk.run("deploy", place.stack, *_NEVER_ASK, *prepared, "--progress", "events"):
        raise OperatorError(_FAILED if reviewed.stack else _FAILED_AT_FIRST)


def stack(place: Place) -> Stack | None:
    """Look at the stack of a stage; None when it is not deployed."""
    return stack_of(place.client("cloudformation"), place.stack)


def remains(place: Place, found: Stack | None) -> bool:
    """Tell whether a stack can only be deleted before there can be another.

    Raises:
        OperatorError: when it takes no deployment, with what to do.
    """
    if found is None:
        return False
    if found.status in states.REMAINS:
        return True
    if what_to_do := states.obstacle(found.status, place):
        raise OperatorError(f"{place.stack} is {found.status}. {what_to_do}")
    return False


def clear(place: Place, found: Stack, told: Callable[[str], None]) -> None:
    """Delete a stack that can only be deleted, protected or not; what its template keeps stays.

    The CDK CLI protects a stack before it makes it, and so could not delete it itself.

    Args:
        place: the stage and its account.
        found: the stack.
        told: is told what takes its time.

    Raises:
        OperatorError: when it fails.
    """
    if found.protected:
        place.client("cloudformation").update_termination_protection(
            StackName=found.stack_id, EnableTerminationProtection=False
        )
    remove(place, found, told)


def check_unprotected(place: Place, found: Stack) -> None:
    """Check that AWS lets a stage be removed.

    Raises:
        OperatorError: otherwise.
    """
    if found.protected:
        raise OperatorError(
            f"{place.stack} is protected. Switch its termination protection off first:\n"
            "  aws cloudformation update-termination-protection --no-enable-termination-protection"
            f" --stack-name {place.stack} --region {place.account.region}"
        )


def remove(place: Place, found: Stack, told: Callable[[str], None]) -> list[Kept]:
    """Remove a stage; gives what stays on AWS.

    Args:
        place: the stage and its account.
        found: its stack.
        told: is told what takes its time.

    Raises:
        OperatorError: when it fails.
    """
    cdk.install(told)
    cdk.synthesize(place.settings.stage)
    if not cdk.run("destroy", place.stack, "--force"):
        raise OperatorError("The removal failed; what CloudFormation said stands above.")
    return leftovers.kept_by(place, found.stack_id)
