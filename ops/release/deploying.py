"""A stage to an AWS account, and out of it again; whoever calls this asks the operator between.

    enter ─► clear? ─► bytecode ─► prepare: CDK CLI, bootstrap, quota, assembly
          ─► adopt? (leftovers.py) ─► review ─► carry_out ─┬─► smoke ─► alarms watched ─► done
    enter ─► check_unprotected ─► remove                   └─► smoke fails ─► taken back

Whatever would fail half-way or lose data is found before anything is changed.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import yaml

from infrastructure.asset import AssetError, build_for_aws
from infrastructure.stateful import declared
from ops.reach.errors import OperatorError
from ops.reach.target import Target
from ops.release import (
    assembly,
    cdk,
    change_set,
    leftovers,
    rolling_back,
    states,
    triggers,
    watching,
)
from ops.release.account import (
    DEPLOYS,
    EXECUTES,
    Place,
    check_account,
    check_bootstrap,
    check_concurrency,
    role_arn,
    sign_in,
)
from ops.release.change_set import Loss, Stack, changes_of, drop, losses, stack_of
from ops.release.outcome import Failed, Result, of_status
from ops.release.triggers import NOTHING, Triggers
from project.checkout import ROOT
from project.release import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infrastructure.settings import Settings
    from ops.release.assembly import Assembly
    from ops.release.change_set import Change
    from ops.release.leftovers import Kept
    from ops.release.watching import Event, Watch

_WHY = "The first resource with FAILED above says why."
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
    change_set: str = ""
    """Its ARN; "" where there is none."""
    resources: tuple[Change, ...] = ()
    """What it changes, as CloudFormation tells."""
    before: Mapping[str, Any] = MappingProxyType({})
    """The template that is deployed."""
    triggers: Triggers = NOTHING
    """The alarms that take it back."""


class Progress(NamedTuple):
    """Who hears how a deployment goes on.

    Args:
        event: is told what happens to resources.
        step: is told what happens next, in a sentence.
    """

    event: Callable[[Event], None] = lambda _: None
    step: Callable[[str], None] = lambda _: None


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


def prepare(place: Place, told: Callable[[str], None]) -> Assembly:
    """Get everything ready for a deployment of this checkout.

    Args:
        place: the stage and its account.
        told: is told what takes its time.

    Raises:
        OperatorError: when the deployment would fail.
    """
    _check(place, told)
    return assembly.opened(cdk.synthesize(place.settings.stage), place.stack)


@contextlib.contextmanager
def prepared_elsewhere(
    place: Place, archive: Path, told: Callable[[str], None]
) -> Iterator[Assembly]:
    """Get everything ready for a deployment of what was built elsewhere, as it is.

    Args:
        place: the stage and its account.
        archive: the ZIP.
        told: is told what takes its time.

    Raises:
        OperatorError: when the deployment would fail, or the assembly is not whole.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = assembly.opened(assembly.unpacked(archive, Path(folder)), place.stack)
        _check(place, told)
        yield found


def _check(place: Place, told: Callable[[str], None]) -> None:
    account = place.account
    cdk.install(told)
    check_bootstrap(account, cdk.bootstrap_command(account.account_id, account.region))
    check_concurrency(account, place.stack, place.settings.reserved_concurrency)


@contextlib.contextmanager
def review(place: Place, wanted: Assembly) -> Iterator[Review]:
    """Let CloudFormation say what it would do; unless the block agrees, that is dropped.

    Raises:
        OperatorError: when CloudFormation refuses it; whatever else the block raises.
    """
    reviewed, agreed = _reviewed(place, wanted, stack(place)), False
    try:
        yield reviewed
        agreed = True
    finally:
        if reviewed.change_set and not agreed:
            drop(place.as_role(DEPLOYS, "cloudformation"), place.stack, reviewed.change_set)


def _reviewed(place: Place, wanted: Assembly, found: Stack | None) -> Review:
    if found is None:
        return Review(None)
    _publish(place, wanted)
    cloudformation, watched = place.as_role(DEPLOYS, "cloudformation"), triggers.find(place)
    before = deployed_template(place)
    made = change_set.create(cloudformation, _wanted(place, wanted, watched))
    if made is None:
        return Review(found, changes=False, before=before)
    changes = tuple(changes_of(cloudformation, place.stack, made))
    lost = tuple(losses(changes, declared(place.settings.stage)))
    return Review(found, True, lost, made, changes, before, watched)  # noqa: FBT003 - in order


def _publish(place: Place, wanted: Assembly) -> None:
    if not cdk.publish(place.stack, wanted.folder):
        raise OperatorError("Code and template cannot be published; what was said stands above.")


def _wanted(place: Place, wanted: Assembly, watched: Triggers) -> change_set.Wanted:
    return change_set.Wanted(
        stack=place.stack,
        template_url=rolling_back.url_of(place, wanted.template_key),
        role=role_arn(place.account, EXECUTES),
        parameters=_parameters(wanted),
        tags=wanted.tags,
        triggers=watched,
    )


def _parameters(wanted: Assembly) -> dict[str, str]:
    """Tell the stack which template it has, if it asks: that is how the way back finds it."""
    return (
        {TEMPLATE: wanted.template_key} if TEMPLATE in wanted.template.get("Parameters", {}) else {}
    )


def carry_out(
    place: Place,
    wanted: Assembly,
    reviewed: Review,
    progress: Progress,
    wrong: Callable[[Target], str | None],
) -> None:
    """Deploy exactly what was reviewed, if that is anything; what does not work is taken back.

    Args:
        place: the stage and its account.
        wanted: what is deployed.
        reviewed: what was agreed to.
        progress: who hears of it.
        wrong: asks the stage through its front door; gives what does not work, None if all does.

    Raises:
        Failed: when it fails, with how the stage is now.
        Overtaken: when another operator was quicker; then nothing was changed.
    """
    if not reviewed.changes:
        return
    if reviewed.stack is None:
        _make(place, wanted, progress, wrong)
        return
    points = rolling_back.where_aliases_point(target(place))
    watch = _execute(place, wanted, reviewed, progress)
    status = watch.follow(until_quiet=True)
    _check_status(place, status, watch)
    _say_watched(status, reviewed, progress)
    if (said := wrong(target(place))) is not None:
        progress.step(f"It does not work: {said} It is taken back.")
        back = rolling_back.Back(reviewed.before, points, reviewed.stack.parameters)
        _take_back(place, watch, back, said, progress)
    _check_status(place, watch.follow(), watch)


def _make(
    place: Place, wanted: Assembly, progress: Progress, wrong: Callable[[Target], str | None]
) -> None:
    """Make a stack that was not there. There are no alarms yet to watch, and no way back."""
    _publish(place, wanted)
    cloudformation = place.as_role(DEPLOYS, "cloudformation")
    made = change_set.create(cloudformation, _wanted(place, wanted, NOTHING), first=True)
    if wanted.protected:
        cloudformation.update_termination_protection(
            StackName=place.stack, EnableTerminationProtection=True
        )
    watch = watching.Watch(cloudformation, place.stack, told=progress.event)
    watch.begin()
    change_set.execute(cloudformation, place.stack, str(made), first=True)
    if watch.follow() != states.MADE:
        raise Failed(Result.ROLLED_BACK, _FAILED_AT_FIRST)
    if (said := wrong(target(place))) is not None:
        raise Failed(
            Result.NEEDS_HANDS,
            f"The stage is there, but does not work: {said} It has no earlier release to go back "
            "to. Mend it, and deploy again.",
        )


def _execute(place: Place, wanted: Assembly, reviewed: Review, progress: Progress) -> Watch:
    assert reviewed.stack is not None
    cloudformation = place.as_role(DEPLOYS, "cloudformation")
    if wanted.protected != reviewed.stack.protected:
        cloudformation.update_termination_protection(
            StackName=place.stack, EnableTerminationProtection=wanted.protected
        )
    certain = watching.certain(reviewed.resources)
    watch = watching.Watch(cloudformation, reviewed.stack.stack_id, certain, progress.event)
    watch.begin()
    change_set.execute(cloudformation, place.stack, reviewed.change_set)
    return watch


def _say_watched(status: str, reviewed: Review, progress: Progress) -> None:
    if status == watching.UNDER_WAY:
        count, minutes = len(reviewed.triggers.arns), reviewed.triggers.minutes
        progress.step(
            f"All is changed. CloudFormation watches {count} alarms for {minutes} minutes, and "
            "takes it back if one fires. ^C leaves that to it."
        )


def _check_status(place: Place, status: str, watch: Watch) -> None:
    """Check that a deployment goes well, or has ended well.

    Raises:
        Failed: otherwise.
    """
    if status == watching.UNDER_WAY or of_status(status) is Result.DEPLOYED:
        return
    first = next(iter(watch.failures), None)
    why = f" {first.resource}: {first.reason.rstrip('.')}." if first and first.reason else ""
    if of_status(status) is Result.ROLLED_BACK:
        raise Failed(Result.ROLLED_BACK, f"The deployment failed, and the stage is as it was.{why}")
    what_to_do = states.obstacle(status, place) or "Look at its events."
    raise Failed(Result.NEEDS_HANDS, f"{place.stack} is {status}.{why} {what_to_do}")


def _take_back(
    place: Place, watch: Watch, back: rolling_back.Back, said: str, progress: Progress
) -> None:
    """Undo what does not work: by CloudFormation while it watches, else by the template before.

    Raises:
        Failed: always, with how the stage is then.
    """
    status = rolling_back.cancelled(place, watch)
    if of_status(status) is Result.DEPLOYED:
        _go_back(place, back, progress)
    elif of_status(status) is Result.NEEDS_HANDS:
        _check_status(place, status, watch)
    raise Failed(Result.ROLLED_BACK, f"The release does not work: {said} The stage is as it was.")


def _go_back(place: Place, back: rolling_back.Back, progress: Progress) -> None:
    with rolling_back.turn(target(place)) as mine:
        rolling_back.point(mine, back.points, progress.step)
    rolling_back.undo(place, back, progress.event)


def target(place: Place) -> Target:
    """Give the stage as commands reach it that act on one.

    Raises:
        OperatorError: when there is no such stack.
    """
    found = stack(place)
    if found is None:
        raise OperatorError(f"There is no stack {place.stack}.")
    stage = place.settings.stage
    reach = functools.cache(place.client)
    cure = f"make deploy STAGE={stage}"
    return Target(f"stage {stage}", place.stack, reach, found.outputs, cure)


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


def check_ready(place: Place) -> Stack:
    """Check that a stage's stack is there and takes a change.

    Raises:
        OperatorError: otherwise, with what to do.
    """
    found = stack(place)
    if found is None:
        raise OperatorError(f"Stage {place.settings.stage} is not deployed: no {place.stack}.")
    if what_to_do := states.obstacle(found.status, place):
        raise OperatorError(f"{place.stack} is {found.status}. {what_to_do}")
    return found


def deployed_template(place: Place) -> Mapping[str, Any]:
    """Read the template that a stage has; after `--adopt` that is the CDK's, in YAML."""
    cloudformation = place.as_role(DEPLOYS, "cloudformation")
    body = cloudformation.get_template(StackName=place.stack)["TemplateBody"]
    template: dict[str, Any] = yaml.decode(body) if isinstance(body, str) else dict(body)
    return template


def take_back_what_goes_on(place: Place, found: Stack, told: Callable[[Event], None]) -> bool:
    """Undo a deployment that is going on; tells whether it was undone, and had not just ended.

    Raises:
        Failed: when CloudFormation cannot undo it.
    """
    watch = watching.Watch(place.client("cloudformation"), found.stack_id, told=told)
    watch.begin()
    status = rolling_back.cancelled(place, watch)
    if of_status(status) is Result.NEEDS_HANDS:
        _check_status(place, status, watch)
    return of_status(status) is Result.ROLLED_BACK


def clear(place: Place, found: Stack, told: Callable[[Event], None]) -> None:
    """Delete a stack that can only be deleted, protected or not; what its template keeps stays.

    A stack is protected before it is made.

    Args:
        place: the stage and its account.
        found: the stack.
        told: is told what happens to resources.

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


def remove(place: Place, found: Stack, told: Callable[[Event], None]) -> list[Kept]:
    """Remove a stage; gives what stays on AWS.

    Args:
        place: the stage and its account.
        found: its stack.
        told: is told what happens to resources.

    Raises:
        OperatorError: when it fails.
    """
    cloudformation = place.as_role(DEPLOYS, "cloudformation")
    watch = watching.Watch(cloudformation, found.stack_id, told=told)
    watch.begin()
    role = role_arn(place.account, EXECUTES)
    cloudformation.delete_stack(StackName=found.stack_id, RoleARN=role)
    status = watch.follow()
    if status not in states.ABSENT:
        raise OperatorError(f"The removal failed: {place.stack} is {status}. {_WHY}")
    return leftovers.kept_by(place, found.stack_id)
