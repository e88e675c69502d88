"""`orders status`: which release a stage runs, and whether it is as it was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from cli import options, terminal
from cli.examples import lines
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations

if TYPE_CHECKING:
    import datetime as dt

    from ops.live.deployed import Function
    from ops.live.differences import Difference
    from ops.live.status import Status
    from project.release import Release

STATUS_EXAMPLES = lines("""
    For example:
    orders status --stage prod
    orders status --local
    orders status --stage prod --json | jq -r .release.commit
    Exit codes: 0 as it was deployed, 1 something is not.
""")


def status(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """Say which release a stage runs, and whether it is as it was deployed.

    It compares each alias and version with the template, and finds code that
    was uploaded by hand, which CloudFormation's drift detection cannot see.

    Needs cloudformation:DescribeStacks, ListStackResources, GetTemplate;
    lambda:GetAlias, ListVersionsByFunction, GetFunctionConfiguration;
    ssm:GetParameter; cloudwatch:DescribeAlarms.
    """
    from ops.live import status as looking  # noqa: PLC0415 - boto3; its --help is quick without

    target = options.find(stage, local=local)
    with terminal.waiting(f"Looking at what {target.name} runs …"):
        found = looking.status(target)
    if json_:
        terminal.as_json(_document(found))
    else:
        _print(target.name, found)
    terminal.note(_summary(target.name, found))
    if not found.as_deployed:
        raise typer.Exit(1)


def _print(name: str, found: Status) -> None:
    from ops.live.differences import folded  # noqa: PLC0415 - boto3; its --help is quick without

    stack = found.stack
    since = f", since {_time(stack.changed)}" if stack.changed else ""
    facts = [
        ("Version", str(stack.release) if stack.release else "–"),
        ("Stack", f"{stack.status}{since}"),
        ("Alarms on", ", ".join(found.alarms) or "none"),
    ]
    if stack.monitored_until:
        until = _time(stack.monitored_until)
        facts.append(("Watched", f"until {until}: an alarm until then takes the release back"))
    terminal.table((name.capitalize(), ""), facts)
    terminal.say("")
    terminal.table(("Function", "Runs", "Template", "Code"), map(_row, found.functions))
    for each in folded(found.differences):
        terminal.say(_sentence(each))


def _row(function: Function) -> tuple[str, str, str, str]:
    runs = function.alias.version if function.alias else "–"
    live = function.version(runs)
    return (function.name, runs, function.wanted or "–", live.code_sha256[:12] if live else "–")


def _sentence(difference: Difference) -> str:
    """Put a difference in a line, with what to do next."""
    what = f"\n{difference.where}: {difference.says}"
    return f"{what}.\n  → {difference.remedy}." if difference.remedy else f"{what}."


def _time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _summary(name: str, found: Status) -> str:
    differing = [each for each in found.differences if not each.meant]
    if not differing:
        return f"{name.capitalize()} is as it was deployed."
    places = ", ".join(sorted({each.where for each in differing}))
    return f"{name.capitalize()} is not as it was deployed: {places}."


def _document(found: Status) -> dict[str, Any]:
    stack = found.stack
    until, changed = stack.monitored_until, stack.changed
    return {
        "asDeployed": found.as_deployed,
        "release": _release(stack.release),
        "parameter": _release(found.parameter),
        "stack": {
            "status": stack.status,
            "changedAt": changed.isoformat() if changed else None,
            "monitoredUntil": until.isoformat() if until else None,
        },
        "alarms": found.alarms,
        "functions": [_function(each) for each in found.functions],
        "differences": [each._asdict() for each in found.differences],
    }


def _release(release: Release | None) -> dict[str, Any] | None:
    return release._asdict() if release else None


def _function(function: Function) -> dict[str, Any]:
    runs = function.alias.version if function.alias else None
    live, said = function.version(runs), function.version(function.wanted)
    return {
        "name": function.name,
        "runs": runs,
        "template": function.wanted,
        "codeSha256": live.code_sha256 if live else None,
        "templateCodeSha256": said.code_sha256 if said else None,
        "latestCodeSha256": function.latest.code_sha256,
    }
