"""The way back to a release that ran before: aliases at once, then the rest by its template.

    find ─► check ─► ask ─► point: aliases to its versions, in seconds ─► undo: its template
                                                                        └► cancelled, while
                                                                           an update goes on

The template is in the account's bucket of assets, under a name that the stage's parameter `release`
has kept (infrastructure/service.py). No gate is asked on the way back, and no alarm watched:
both look at the release that is being left.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure.stateful import FIXED_BESIDES, HOLDS
from ops import turns
from ops.live import aliases, history
from ops.live.history import State
from ops.reach.errors import OperatorError
from ops.release import change_set, watching
from ops.release.account import DEPLOYS, EXECUTES, PUBLISHES, bucket_of_assets, role_arn
from ops.release.outcome import Failed, Result, of_status
from project.release import TEMPLATE, template_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ops.live.history import Listed
    from ops.reach.target import Target
    from ops.release.account import Place
    from ops.release.watching import Event, Watch

GATE = "Custom::ReleaseGate"
"""The resource that asks a new version before anybody meets it."""

_NO_GATE = {"Gate": "skip", "Reason": "orders rollback: going back is never asked"}
_BY_DEPLOYING = (
    "Deploy that release again instead, from its assembly (`orders deploy --assembly ZIP`) or from "
    "a checkout of its commit (docs/runbooks/roll-back.md)."
)


class Back(NamedTuple):
    """Where it goes back to."""

    template: Mapping[str, Any]
    points: Mapping[str, str]
    """The version of each function, by the function's name in our table."""
    parameters: Mapping[str, str]
    """What the stack's parameters are to be."""


def find(listed: Sequence[Listed], number: int | None) -> Listed:
    """Find the release to go back to.

    Args:
        listed: the stage's releases, newest first.
        number: which; None for the one before that which runs.

    Raises:
        OperatorError: when there is none, or some of its versions are deleted.
    """
    if number is None:
        return _before(listed)
    found = next((one for one in listed if one.entry.number == number), None)
    if found is None:
        known = ", ".join(str(one.entry.number) for one in listed) or "none"
        raise OperatorError(f"There is no release {number}. There are: {known} (orders releases).")
    if found is listed[0] and found.state is State.LIVE:
        raise OperatorError(f"Release {number} is what runs. Nothing was changed.")
    return _kept(found)


def _before(listed: Sequence[Listed]) -> Listed:
    """Take the release before the newest one: older than the first time that it was deployed.

    After a way back the newest but one is the release that was left. The newest is what the stack
    has, whatever aliases say: a way back that stopped half-way is gone again to the same release.
    """
    if not listed:
        raise OperatorError(f"This stage remembers no releases. {_BY_DEPLOYING}")
    newest = listed[0]
    same = [one for one in listed if one.entry.release == newest.entry.release]
    earlier = [one for one in listed if one.entry.number < same[-1].entry.number]
    if not earlier:
        raise OperatorError(
            f"There is no release before that which runs, {newest.entry.release}. "
            "Another one is named by --to (orders releases)."
        )
    release = earlier[0].entry.release
    return _kept(next(one for one in listed if one.entry.release == release))


def _kept(found: Listed) -> Listed:
    if found.state is State.GONE:
        raise OperatorError(
            f"Release {found.entry.number} has no versions any more to go back to: only the "
            f"latest are kept (`keep_versions`). {_BY_DEPLOYING}"
        )
    return found


def back_to(place: Place, found: Listed) -> Back:
    """Get what is needed to go back to a release.

    Raises:
        OperatorError: when its template is not known, or deleted.
    """
    name = f"{history.parameter(place.settings.stage)}:{found.entry.number}"
    text = place.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    key = template_in(text)
    if not key:
        raise OperatorError(
            f"Nobody noted the template of release {found.entry.number}: it was not deployed by "
            f"`orders deploy`. {_BY_DEPLOYING}"
        )
    return Back(_template(place, key), found.entry.functions, {TEMPLATE: key})


def _template(place: Place, key: str) -> dict[str, Any]:
    try:
        found = place.as_role(DEPLOYS, "s3").get_object(
            Bucket=bucket_of_assets(place.account), Key=key
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        raise OperatorError(
            f"The release's template {key} is gone from {bucket_of_assets(place.account)}; "
            f"`cdk gc` deletes what no stack uses. {_BY_DEPLOYING}"
        ) from None
    template: dict[str, Any] = json.loads(found["Body"].read())
    return template


def lost(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Name what the way back would lose, as far as two templates tell.

    CloudFormation's change set is looked at once more before it is carried out.

    Args:
        now: the template that is deployed.
        then: that of the release to go back to.
    """
    return [
        f"{name} ({one['Type']}): this loses {HOLDS[one['Type']]}"
        for name, one in now["Resources"].items()
        if one["Type"] in HOLDS and _differs(one, then["Resources"].get(name))
    ]


def _differs(now: Mapping[str, Any], then: Mapping[str, Any] | None) -> bool:
    if then is None or then["Type"] != now["Type"]:
        return True
    old, new = now.get("Properties", {}), then.get("Properties", {})
    return any(old.get(name) != new.get(name) for name in FIXED_BESIDES.get(now["Type"], ()))


def where_aliases_point(target: Target) -> dict[str, str]:
    """Note which version of each function runs; nothing of one that has no alias yet."""
    client, found = target.client("lambda"), {}
    for name, function in aliases.functions(target).items():
        if alias := aliases.alias_of(client, function):
            found[name] = alias.version
    return found


@contextlib.contextmanager
def turn(target: Target) -> Iterator[Target]:
    """Let nobody else move aliases meanwhile.

    Raises:
        Overtaken: when somebody else does.
    """
    with turns.turn(target, "release", f"the release of {target.name}") as mine:
        yield mine


def point(target: Target, points: Mapping[str, str], told: Callable[[str], None]) -> list[str]:
    """Point aliases to versions; gives the functions whose alias moved.

    Args:
        target: the stage.
        points: the version of each function, by its name.
        told: is told each.

    Raises:
        Overtaken: when somebody else has moved one meanwhile.
    """
    client, moved = target.client("lambda"), []
    functions = aliases.functions(target)
    for name, version in points.items():
        alias = aliases.alias_of(client, functions[name]) if name in functions else None
        if alias is not None and alias.version != version:
            aliases.point(client, functions[name], version, revision=alias.revision)
            told(f"{name}: version {alias.version} → {version}")
            moved.append(name)
    return moved


def undo(place: Place, back: Back, on_event: Callable[[Event], None]) -> None:
    """Give the stack the template of an earlier release.

    Args:
        place: the stage and its account.
        back: where it goes back to.
        on_event: is told what happens to resources.

    Raises:
        Failed: when CloudFormation does not do it, or would lose data; aliases stay where they are.
    """
    cloudformation = place.as_role(DEPLOYS, "cloudformation")
    made = change_set.create(cloudformation, _wanted(place, back))
    if made is None:
        return
    changes = change_set.changes_of(cloudformation, place.stack, made)
    if losses := [loss.sentence for loss in change_set.losses(changes, {})]:
        change_set.drop(cloudformation, place.stack, made)
        raise Failed(
            Result.NEEDS_HANDS,
            "The aliases are back, the rest is not: it would lose data. "
            f"{'; '.join(losses)}. Mend forward: deploy a release that keeps it.",
        )
    watch = watching.Watch(cloudformation, place.stack, told=on_event)
    watch.begin()
    change_set.execute(cloudformation, place.stack, made)
    status = watch.follow()
    if of_status(status) is not Result.DEPLOYED:
        raise Failed(
            Result.NEEDS_HANDS,
            f"The aliases are back, the rest is not: {place.stack} is {status}. "
            "Its events say why; what to do is in docs/runbooks/roll-back.md.",
        )


def _wanted(place: Place, back: Back) -> change_set.Wanted:
    key = _put(place, without_gate(back.template))
    known = back.template.get("Parameters", {}).keys()
    return change_set.Wanted(
        stack=place.stack,
        template_url=url_of(place, key),
        role=role_arn(place.account, EXECUTES),
        parameters={
            name: back.parameters[name] for name in {TEMPLATE} & known & back.parameters.keys()
        },
    )


def without_gate(template: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a template so that no gate is asked: what it lets through has been let through once."""
    copied = copy.deepcopy(dict(template))
    for one in copied["Resources"].values():
        if one["Type"] == GATE:
            one["Properties"] |= _NO_GATE
    return copied


def _put(place: Place, template: Mapping[str, Any]) -> str:
    """Put a template where CloudFormation finds it; gives its name there."""
    body = json.dumps(template, indent=1).encode()
    key = f"{hashlib.sha256(body).hexdigest()}.json"
    place.as_role(PUBLISHES, "s3").put_object(
        Bucket=bucket_of_assets(place.account), Key=key, Body=body
    )
    return key


def url_of(place: Place, key: str) -> str:
    """Give the address of what is in the bucket of assets, as CloudFormation takes it."""
    account = place.account
    return f"https://s3.{account.region}.amazonaws.com/{bucket_of_assets(account)}/{key}"


def cancelled(place: Place, watch: Watch) -> str:
    """Let CloudFormation take back an update that is going on; gives the status of its end.

    An update that has succeeded meanwhile cannot be cancelled; its end is waited for.
    """
    try:
        # The bootstrap's role may not do this; whoever deploys must be allowed to.
        place.client("cloudformation").cancel_update_stack(StackName=place.stack)
    except ClientError as error:
        if "CancelUpdateStack cannot be called" not in error.response["Error"]["Message"]:
            raise
    return watch.follow()
