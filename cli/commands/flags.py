"""`orders flags`: who gets what, changed at any time, shown before it is written, and undone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage, Yes
from ops import flags as flag_changes
from ops.flags import KNOWN, Edit, Effect, Plan, shown
from ops.reach.interrupts import finish_first
from orders.flags import PARTNERS

if TYPE_CHECKING:
    from ops.flags import Entry
    from ops.reach.target import Target
    from orders.flags import Rollout

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines(f"""
        NAME is {", ".join(KNOWN)}. For example:
        orders flags ls --stage prod
        orders flags set auto-confirm --percent 25 --reason "second week" --stage prod
        orders flags off partner-webhooks --reason "their server is down" --stage prod
        orders flags undo --stage prod
        The functions take a change over within about a minute.
    """),
)
_UNDO = "undo"
_FIELDS = ("enabled", "percent", "allow", "deny", "reason", "date")


def _name(text: str) -> str:
    if text not in KNOWN:
        raise options.unknown("flag", text, KNOWN)
    return text


def _percent(text: str) -> float:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    # "nan" is a Decimal, too, and every comparison with it would fail in its own way.
    if not value.is_finite() or not 0 <= value <= 100 or round(value, 2) != value:
        raise typer.BadParameter("A percentage is 0 to 100, with two decimals at most.")
    return float(value)


def _reason(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("Say why; whoever reads the history will want to know.")
    return text.strip()


_NAME = typer.Argument(
    metavar="NAME",
    parser=_name,
    autocompletion=lambda: list(KNOWN),
    help=f"{', '.join(KNOWN)}.",
    show_default=False,
)
Name = Annotated[str, _NAME]
Reason = Annotated[str, typer.Option(metavar="TEXT", parser=_reason, help="Why; it is kept.")]


def _ids(what: str) -> Any:
    return typer.Option(metavar="ID", help=f"{what} Can be given several times.")


@app.command()
def ls(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the flags: for whom each is on, why and since when."""
    flags = flag_changes.understood(flag_changes.read(options.find(stage, local=local)))
    names = [*KNOWN, *sorted(flags.keys() - KNOWN)]
    if json_:
        terminal.as_json([_flag_as_json(name, flags.get(name)) for name in names])
        return
    columns = ("Flag", "On", "Percent", "Allowed", "Denied", "Since", "Reason")
    terminal.table(columns, [_row(name, flags.get(name)) for name in names])


@app.command()
def show(
    name: Annotated[str | None, _NAME] = None,
    *,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Show a flag with all ids on its lists; without a name, every flag."""
    flags = flag_changes.understood(flag_changes.read(options.find(stage, local=local)))
    names = [name] if name else list(KNOWN)
    if json_:
        terminal.as_json([_flag_as_json(each, flags.get(each)) for each in names])
        return
    for each in names:
        values = _cells(each, flags.get(each))
        terminal.table((each, ""), [(key, values[key]) for key in _FIELDS])


@app.command("set")
def set_(
    name: Name,
    *,
    reason: Reason,
    percent: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", parser=_percent, help="0 to 100, two decimals at most."),
    ] = None,
    allow: Annotated[list[str] | None, _ids("On for this one whatever the percentage.")] = None,
    deny: Annotated[list[str] | None, _ids("Off for this one whatever the percentage.")] = None,
    remove: Annotated[list[str] | None, _ids("On neither list any more.")] = None,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Change for whom a flag is on; one that is off stays off until `orders flags on`."""
    edit = Edit(percent, _set(allow), _set(deny), _set(remove))
    named = edit.allow | edit.deny | edit.remove
    if percent is None and not named:
        raise typer.BadParameter("Name --percent, --allow, --deny or --remove.")
    if len(named) < len(edit.allow) + len(edit.deny) + len(edit.remove):
        raise typer.BadParameter("An id can be in one of --allow, --deny and --remove.")
    target = options.find(stage, local=local)
    plan = flag_changes.revised(flag_changes.read(target), name, edit, reason)
    if not plan.flags[name].enabled:
        terminal.note(f"{name} is off and stays off; `orders flags on {name}` switches it on.")
    _carry_out(target, plan, sorted(named), "set", json_=json_, yes=yes)


@app.command()
def off(
    name: Name,
    *,
    reason: Reason,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Switch a flag off for everybody; percentage and lists are kept."""
    target = options.find(stage, local=local)
    plan = flag_changes.switched(flag_changes.read(target), name, reason, on=False)
    _carry_out(target, plan, [], "off", json_=json_, yes=yes)


@app.command()
def on(
    name: Name,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "switched on",
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Switch a flag on for whom it was on; one that was never set, for everybody."""
    target = options.find(stage, local=local)
    plan = flag_changes.switched(flag_changes.read(target), name, reason, on=True)
    _carry_out(target, plan, [], "on", json_=json_, yes=yes)


@app.command()
def undo(
    *, stage: Stage = None, local: Local = False, json_: Json = False, yes: Yes = False
) -> None:
    """Write the version before the present one again; to undo an undo is to redo.

    It is a new version with the old one's flags, reasons and dates. To go back further, see
    `orders flags history` and set the flags as they were.
    """
    target = options.find(stage, local=local)
    stored, versions = flag_changes.read(target), flag_changes.history(target)
    plan = flag_changes.undone(stored, versions)
    _carry_out(target, plan, [], _UNDO, json_=json_, yes=yes)


@app.command()
def history(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many versions, at most.")] = 20,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """List what was changed, when, by whom and why, newest first; a hundred versions are kept."""
    versions = flag_changes.history(options.find(stage, local=local))
    newest = flag_changes.entries(versions)[:limit]
    if json_:
        terminal.as_json([_entry_as_json(entry) for entry in newest])
    elif not newest:
        terminal.say("No flag was ever set.")
    else:
        columns = ("Version", "Date", "Who", "Reason", "Changes")
        terminal.table(columns, [_history_row(entry) for entry in newest])


def _carry_out(
    target: Target,
    plan: Plan,
    named: list[str],
    command: str,
    *,
    json_: bool,
    yes: bool,
) -> None:
    """Show a plan, ask, and write it; where it changes nothing, only an undo is written."""
    if not plan.changed and command != _UNDO:
        terminal.note("That is how it is already. Nothing was written.")
        if json_:
            terminal.as_json({"version": plan.stored.version, "changes": []})
        return
    effects = [_effect(target, plan, name, named) for name in plan.changed]
    if not json_:
        _print_plan(plan, effects)
    for effect in effects:
        _announce(effect)
    what = ", ".join(plan.changed) or "the flags"
    terminal.agree(f"Change {what} of {target.name}?", yes=yes)
    with (
        audited(target, f"flags {command}", flags=what),
        flag_changes.changing(target) as held,
        finish_first(),
    ):
        written = flag_changes.write(held, plan)
        _report(plan, effects, written.version, json_=json_)
        if written.warning:
            terminal.note(written.warning)


def _effect(target: Target, plan: Plan, name: str, named: list[str]) -> Effect:
    sample = flag_changes.sample_of(target, name)
    if sample.fault:
        terminal.note(f"Nobody to try it on: {sample.fault}")
    return flag_changes.effect(plan, name, named, sample.ids)


def _print_plan(plan: Plan, effects: list[Effect]) -> None:
    for effect in effects:
        name = effect.flag.name
        old, new = (_cells(name, rollout) for rollout in plan.changed[name])
        rows = [(key, old[key], new[key]) for key in _FIELDS]
        terminal.table((name, "Now", "Then"), rows)
        if effect.named:
            pairs = [(each, *map(_on, pair)) for each, pair in effect.named.items()]
            terminal.table(("Id", "Now", "Then"), pairs)


def _announce(effect: Effect) -> None:
    name, whom = effect.flag.name, effect.flag.subjects
    share = f"{effect.into:g} % of all {whom} go in, {effect.out:g} % go out"
    terminal.note(f"{name}: {share}; those on a list apart.")
    if effect.sampled:
        moved = f"{effect.sampled_in} go in, {effect.sampled_out} go out"
        terminal.note(f"{name}: of {_counted(effect.sampled, whom)}, {moved}.")


def _counted(number: int, whom: str) -> str:
    one = whom.removesuffix("s")
    return terminal.counted(number, one if whom == PARTNERS else f"recent {one}")


def _report(plan: Plan, effects: list[Effect], version: int, *, json_: bool) -> None:
    if not json_:
        terminal.say(f"Version {version} is written; it holds within about a minute.")
        return
    found = [_effect_as_json(plan, effect) for effect in effects]
    terminal.as_json({"version": version, "changes": found})


def _effect_as_json(plan: Plan, effect: Effect) -> dict[str, Any]:
    old, new = plan.changed[effect.flag.name]
    ids = {each: {"old": old, "new": new} for each, (old, new) in effect.named.items()}
    sampled = {"size": effect.sampled, "in": effect.sampled_in, "out": effect.sampled_out}
    return {
        "flag": effect.flag.name,
        "old": _plain(old),
        "new": _plain(new),
        "percentIn": effect.into,
        "percentOut": effect.out,
        "ids": ids,
        "sample": sampled,
    }


def _plain(rollout: Rollout | None) -> dict[str, Any] | None:
    if rollout is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(rollout, order="sorted")
    return {**plain, "allow": sorted(plain["allow"]), "deny": sorted(plain["deny"])}


def _flag_as_json(name: str, rollout: Rollout | None) -> dict[str, Any]:
    flag = KNOWN.get(name)
    return {
        "flag": name,
        "default": flag.default if flag else None,
        "subjects": flag.subjects if flag else None,
        "set": _plain(rollout),
    }


def _cells(name: str, rollout: Rollout | None) -> dict[str, str]:
    if rollout is None:
        default = "on" if name in KNOWN and KNOWN[name].default else "off"
        return {**dict.fromkeys(_FIELDS, "–"), "enabled": f"not set: {default} for everybody"}
    return {key: shown(getattr(rollout, key)) or "–" for key in _FIELDS}


def _row(name: str, rollout: Rollout | None) -> tuple[object, ...]:
    known = name if name in KNOWN else f"{name} (nobody asks for it)"
    cells = _cells(name, rollout)
    counts = (len(rollout.allow), len(rollout.deny)) if rollout else ("–", "–")
    return known, cells["enabled"], cells["percent"], *counts, cells["date"], cells["reason"]


def _on(value: bool) -> str:  # noqa: FBT001 - what is shown
    return "on" if value else "off"


def _set(ids: list[str] | None) -> frozenset[str]:
    found = frozenset(each.strip() for each in ids or ())
    if "" in found:
        raise typer.BadParameter("An id is not empty.")
    return found


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "at": _moment(entry),
        "who": entry.who,
        "reason": entry.reason,
        "changes": entry.changes,
    }


def _history_row(entry: Entry) -> tuple[object, ...]:
    changed = "; ".join(f"{name}: {what}" for name, what in entry.changes.items())
    told = (entry.who, entry.reason, changed)
    return entry.version, _moment(entry), *(each or "–" for each in told)


def _moment(entry: Entry) -> str:
    return entry.at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
