"""Changes of feature flags: planned, weighed against real people, and written as a new version.

read ─► Stored ─► switched, revised or undone ─► Plan ─► effects ─► (the operator agrees) ─► write
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import outputs
from ops import turns
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError, Overtaken
from orders.flags import BUCKETS, FLAGS, PARTNERS, SIGNED_IN, Flag, Rollout, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.reach.target import Target

KNOWN = {flag.name: flag for flag in FLAGS}
"""The flags that the code asks for, by name."""

SAMPLE = 200
"""How many recent customers, or partners, a change is tried on."""

_ORDERS_READ = 1_000  # for the sample; a scan of them costs some hundred read units
_MOST_BYTES = 4_096  # a standard parameter's; larger ones cost money
_NESTED = "{{"  # Parameter Store takes it for a reference to another parameter

Rollouts = dict[str, Rollout]


class Stored(NamedTuple):
    """The flags' parameter as it was read; version 0 when there is none."""

    version: int
    text: str


class Plan(NamedTuple):
    """What is to be written in place of what was read."""

    stored: Stored
    flags: Rollouts
    changed: dict[str, tuple[Rollout | None, Rollout | None]]
    """For each flag that changes, what it was and what it becomes; None where it is not set."""


class Edit(NamedTuple):
    """What `set` does to one flag; None leaves the percentage as it is."""

    percent: float | None = None
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()

    def of(self, rollout: Rollout) -> Rollout:
        """Apply it; whoever is let in is no longer kept out, and the other way round."""
        gone = self.remove
        return msgspec.structs.replace(
            rollout,
            percent=rollout.percent if self.percent is None else self.percent,
            allow=(rollout.allow - gone - self.deny) | self.allow,
            deny=(rollout.deny - gone - self.allow) | self.deny,
        )


@dataclass(frozen=True)
class Effect:
    """Who goes in and out with a change of one flag."""

    flag: Flag
    into: float
    """Percent of all people who are on no list, exactly."""
    out: float
    named: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    """For each id that the operator named, whether the flag was on and will be."""
    sampled: int = 0
    sampled_in: int = 0
    sampled_out: int = 0


class Sample(NamedTuple):
    """Recent people, and why there are none if they could not be read."""

    ids: list[str]
    fault: str = ""


class Written(NamedTuple):
    """The version that was written, and what to know about it, if anything."""

    version: int
    warning: str


class Version(NamedTuple):
    """One version of the parameter, as Parameter Store remembers it."""

    number: int
    at: dt.datetime
    who: str
    text: str


class Entry(NamedTuple):
    """What a version changed, when, by whom and why."""

    version: int
    at: dt.datetime
    who: str
    reason: str
    changes: dict[str, str]
    """In words, by flag."""


def read(target: Target) -> Stored:
    """Read the parameter as it stands."""
    ssm = target.client("ssm")
    try:
        found = ssm.get_parameter(Name=target.output(outputs.FLAGS_PARAMETER))["Parameter"]
    except ssm.exceptions.ParameterNotFound:
        return Stored(0, "{}")
    return Stored(found["Version"], found["Value"])


def understood(stored: Stored) -> Rollouts:
    """Read the flags of a version.

    Raises:
        OperatorError: when it does not fit the schema; the functions then keep the last good one.
    """
    try:
        return parse(stored.text)
    except ValueError as error:
        raise OperatorError(
            f"Version {stored.version} of the flags cannot be read: {error}. The functions keep "
            "the last good one as long as they run. `orders flags undo` goes back."
        ) from None


def start(flag: Flag) -> Rollout:
    """Give the rollout that means what holds for a flag while nobody has set it."""
    return Rollout(enabled=True, percent=100.0 if flag.default else 0.0)


def revised(stored: Stored, name: str, edit: Edit, reason: str) -> Plan:
    """Plan another percentage or other lists; a flag that is off stays off."""
    rollout = edit.of(understood(stored).get(name, start(KNOWN[name])))
    return _planned(stored, name, rollout, reason)


def switched(stored: Stored, name: str, reason: str, *, on: bool) -> Plan:
    """Plan to switch a flag off for everybody, or on again for whom it was on before.

    One that was never set goes on for everybody.
    """
    flags = understood(stored)
    unset = Rollout(enabled=True) if on else start(KNOWN[name])
    rollout = msgspec.structs.replace(flags.get(name, unset), enabled=on)
    return _planned(stored, name, rollout, reason)


def undone(stored: Stored, versions: list[Version]) -> Plan:
    """Plan to write the version before the present one again: undone twice is redone.

    Raises:
        OperatorError: when there is none, or it cannot be read itself.
    """
    if not stored.version:
        raise OperatorError("No flag was ever set: there is nothing to undo.")
    texts = {0: "{}", **{version.number: version.text for version in versions}}
    before = stored.version - 1
    if before not in texts:
        raise OperatorError(f"Parameter Store no longer has version {before} of the flags.")
    flags = understood(Stored(before, texts[before]))
    return Plan(stored, flags, changes(_readable(stored.text), flags))


def changes(old: Rollouts, new: Rollouts) -> dict[str, tuple[Rollout | None, Rollout | None]]:
    """Compare two versions: the flags that differ for anybody, by name."""
    names = sorted({*old, *new})
    pairs = {name: (old.get(name), new.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if _essence(pair[0]) != _essence(pair[1])}


def is_on(name: str, rollout: Rollout | None, subject: str) -> bool:
    """Tell whether a flag is on for somebody, by its default where it is not set."""
    if rollout is None:
        return _flag(name).default
    return rollout.includes(name, subject)


def effect(plan: Plan, name: str, named: Iterable[str], sample: Iterable[str]) -> Effect:
    """Weigh a change of one flag, with the functions' own code.

    Args:
        plan: the change.
        name: of a flag that it changes.
        named: the ids that the operator has named.
        sample: other people's.
    """
    old, new = plan.changed[name]
    moved = _places(name, new) - _places(name, old)
    share = abs(moved) * 100 / BUCKETS
    pairs = {each: (is_on(name, old, each), is_on(name, new, each)) for each in named}
    others = [(is_on(name, old, each), is_on(name, new, each)) for each in sample]
    return Effect(
        _flag(name),
        into=share if moved > 0 else 0.0,
        out=share if moved < 0 else 0.0,
        named=pairs,
        sampled=len(others),
        sampled_in=others.count((False, True)),
        sampled_out=others.count((True, False)),
    )


def sample_of(target: Target, name: str) -> Sample:
    """Read whom a change can be tried on: partners, or customers of the newest of some orders.

    A failure is told and stops nothing: in an emergency a flag must go off all the same.
    """
    try:
        return Sample(list(_people(target, _flag(name).subjects)))
    except (ClientError, BotoCoreError) as error:
        return Sample([], explain(error) or str(error))


@contextlib.contextmanager
def changing(target: Target) -> Iterator[Target]:
    """Let no other operator change the flags meanwhile.

    Yields:
        The target to write with.

    Raises:
        Overtaken: when another operator changes them.
    """
    with turns.turn(target, "flags", "the flags") as held:
        yield held


def write(target: Target, plan: Plan) -> Written:
    """Write a plan as a new version, unless somebody else has written one since it was made.

    Parameter Store has no conditional write, so this stands within `changing`. Who writes without
    these commands and comes between is overwritten, and the jump of the version tells.

    Raises:
        OperatorError: when the version has changed, or the flags do not fit; nothing is written.
    """
    text = rendered(plan.flags)
    now = read(target)
    if now.version != plan.stored.version:
        raise _overtaken(plan.stored, now)
    version = _put(target, text, now)
    if version == now.version + 1:
        return Written(version, "")
    return Written(
        version,
        f"Somebody else wrote at the same moment: yours is version {version} and holds, and "
        f"what came after version {now.version} does not. `orders flags history` shows it.",
    )


def rendered(flags: Rollouts) -> str:
    """Give the parameter's text, checked against the schema that the functions read it with.

    Raises:
        OperatorError: when it does not fit the schema or Parameter Store.
    """
    text = msgspec.json.encode(flags, order="sorted").decode()
    try:
        parse(text)
    except ValueError as error:
        raise OperatorError(f"These flags cannot be: {error}. Nothing was written.") from None
    size = len(text.encode())
    if size > _MOST_BYTES:
        raise OperatorError(
            f"The flags would take {size:,} bytes; a parameter holds {_MOST_BYTES:,}. Take ids "
            "off the lists with --remove, or use a percentage."
        )
    if _NESTED in text:
        raise OperatorError(f"Parameter Store takes no {_NESTED} in a text. Nothing was written.")
    return text


def history(target: Target) -> list[Version]:
    """List the versions that Parameter Store has, a hundred at most, the oldest first."""
    ssm = target.client("ssm")
    pages = ssm.get_paginator("get_parameter_history").paginate(
        Name=target.output(outputs.FLAGS_PARAMETER)
    )
    try:
        found = [entry for page in pages for entry in page["Parameters"]]
    except ssm.exceptions.ParameterNotFound:
        return []
    versions = [_version(entry) for entry in found]
    return sorted(versions, key=lambda version: version.number)


def told(old: Rollout | None, new: Rollout | None) -> str:
    """Put a change of one flag in words, such as `percent 10 → 25, allow +cust-1`."""
    before, after = _essence(old), _essence(new)
    if old is None or new is None:
        return "set: " + _words(after) if old is None else "no longer set"
    said = []
    for key, was in before.items():
        now = after[key]
        if isinstance(was, frozenset):
            said += [f"{key} +{each}" for each in sorted(now - was)]
            said += [f"{key} -{each}" for each in sorted(was - now)]
        elif was != now:
            said.append(f"{key} {shown(was)} → {shown(now)}")
    return ", ".join(said)


def shown(value: object) -> str:
    """Show a rollout's field."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def entries(versions: list[Version]) -> list[Entry]:
    """Say of each version of a history what it changed, the newest first."""
    return [_entry(versions, place) for place in reversed(range(len(versions)))]


def _entry(versions: list[Version], place: int) -> Entry:
    version, changed = versions[place], _differences(versions, place)
    return Entry(version.number, version.at, version.who, _reason(versions, place), changed)


def _differences(versions: list[Version], place: int) -> dict[str, str]:
    """Say what a version of a history changed, by flag."""
    old, new = (_readable(_text(versions, each)) for each in (place - 1, place))
    return {name: told(*pair) for name, pair in changes(old, new).items()}


def _reason(versions: list[Version], place: int) -> str:
    """Say why a version of a history was written; an undo has no reason of its own."""
    flags = _readable(versions[place].text)
    if place and flags == _readable(_text(versions, place - 2)):
        return f"undo of version {versions[place - 1].number}"
    names = (name for name in _differences(versions, place) if name in flags)
    return "; ".join(dict.fromkeys(flags[name].reason for name in names))


def _text(versions: list[Version], place: int) -> str:
    """Give the text at a place of a history; before the first version there were no flags."""
    return versions[place].text if place >= 0 else "{}"


def _planned(stored: Stored, name: str, rollout: Rollout, reason: str) -> Plan:
    flags = understood(stored)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    dated = msgspec.structs.replace(rollout, reason=reason, date=today)
    new = {**flags, name: dated}
    return Plan(stored, new, changes(flags, new))


def _overtaken(shown: Stored, now: Stored) -> Overtaken:
    found = changes(_readable(shown.text), _readable(now.text))
    said = "; ".join(f"{name}: {told(*pair)}" for name, pair in found.items()) or "in vain"
    return turns.changed("the flags", f"version {now.version}, {said}", "orders flags history")


def _put(target: Target, text: str, now: Stored) -> int:
    ssm = target.client("ssm")
    try:
        answer = ssm.put_parameter(
            Name=target.output(outputs.FLAGS_PARAMETER),
            Value=text,
            Type="String",
            Overwrite=bool(now.version),
        )
    except ssm.exceptions.ParameterAlreadyExists:
        raise _overtaken(now, read(target)) from None
    return int(answer["Version"])


def _flag(name: str) -> Flag:
    """Find a flag; one that the code no longer asks for was off by default."""
    return KNOWN.get(name) or Flag(name, default=False)


def _places(name: str, rollout: Rollout | None) -> int:
    if rollout is None:
        return _places(name, start(_flag(name)))
    return rollout.places if rollout.enabled else 0


def _essence(rollout: Rollout | None) -> dict[str, Any]:
    """Give what a rollout decides by, without why and since when."""
    if rollout is None:
        return {}
    fields = ("enabled", "percent", "allow", "deny")
    return {name: getattr(rollout, name) for name in fields}


def _words(essence: Mapping[str, object]) -> str:
    return ", ".join(
        f"{key} {shown(value)}" for key, value in essence.items() if value != frozenset()
    )


def _readable(text: str) -> Rollouts:
    """Read the flags, or none from a text that does not fit the schema."""
    try:
        return parse(text)
    except ValueError:
        return {}


def _version(entry: Mapping[str, Any]) -> Version:
    who = entry.get("LastModifiedUser", "").rpartition(":")[2]
    return Version(entry["Version"], entry["LastModifiedDate"], who, entry["Value"])


def _people(target: Target, subjects: str) -> Iterable[str]:
    if subjects == PARTNERS:
        found = _scan(target, outputs.PARTNERS_TABLE, "partnerId")
        return sorted({item["partnerId"]["S"] for item in found if "partnerId" in item})[:SAMPLE]
    found = _scan(target, outputs.ORDERS_TABLE, "customerId", "timestamp")
    newest = sorted(found, key=lambda item: item["timestamp"]["S"], reverse=True)
    ids = (item["customerId"]["S"] for item in newest)
    wanted = (each for each in ids if subjects != SIGNED_IN or "#" not in each)
    return list(dict.fromkeys(wanted))[:SAMPLE]


def _scan(target: Target, output: str, *names: str) -> list[dict[str, Any]]:
    """Read some of a table; DynamoDB's order has nothing to do with what is in it."""
    placeholders = {f"#{number}": name for number, name in enumerate(names)}
    pages = (
        target.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=target.output(output),
            ProjectionExpression=", ".join(placeholders),
            ExpressionAttributeNames=placeholders,
            PaginationConfig={"MaxItems": _ORDERS_READ, "PageSize": _ORDERS_READ},
        )
    )
    return [item for page in pages for item in page["Items"]]
