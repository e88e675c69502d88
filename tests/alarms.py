"""Which alarm fires when: the one reviewed table, for the tests and for docs/alarms.md.

`python -m tests.alarms` writes the document; tests/infrastructure/test_alarms.py evaluates every
alarm of the template in every scenario and compares.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import API_FUNCTIONS
from ops.alarm_chances import BURN, HEALTHY, false_alarms, missed, window
from ops.alarm_evaluation import Reading, State, read, states
from ops.alarm_scenarios import SCENARIOS, TRAFFIC, rates
from ops.templates import synthesized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.alarm_evaluation import Alarm, Recorded
    from ops.alarm_scenarios import Scenario

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/alarms.md"
STAGE = "prod"
"""Whose alarms the document describes; it has all."""

PERHAPS = "perhaps"
"""Fires or not, depending on what AWS does not promise: how soon it has the samples."""

Outcome = int | str | None
"""Fires within so many minutes, PERHAPS, or stays quiet."""

READINGS: Mapping[str, Reading] = {
    "usual": Reading(),
    "late": Reading(late=2),
    "no spare": Reading(spare=0),
    "wide": Reading(spare=5, late=1, fills_empty=False),
}
"""What AWS leaves open, read in different ways: no alarm may hang on it."""

SETTLED = 60
"""Minutes after which a scenario's healthy beginning must be quiet: all windows are full."""

FIRES: Mapping[str, Mapping[str, int | str]] = {}
"""By alarm, in which scenarios it fires, and within how many minutes; in all others it is quiet."""


class Described(NamedTuple):
    """What an alarm's description says."""

    severity: str
    meaning: str
    runbook: str


_DESCRIPTION = re.compile(r"(CRITICAL|WARNING): (.+\.) Runbook: (\S+\.md)")


def described(properties: Mapping[str, Any]) -> Described:
    """Read an alarm's description."""
    match = _DESCRIPTION.fullmatch(properties["AlarmDescription"])
    assert match is not None, properties["AlarmDescription"]
    return Described(*match.groups())


def alarms_of(resources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the properties of each alarm by its name, without that of the stack."""
    named = {}
    for resource in resources.values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            properties = resource["Properties"]
            named[re.sub(r"^food-delivery-orders-[a-z]+-", "", properties["AlarmName"])] = (
                properties
            )
    return named


def fired(alarm: Alarm, recorded: Recorded, scenario: Scenario, reading: Reading) -> int | None:
    """Give how many minutes after it happens an alarm fires, the first minute counting as one.

    A negative number tells of an alarm that fired while everything was healthy.
    """
    found = dict(zip(scenario.span, states(alarm, recorded, scenario.span, reading), strict=True))
    settled = scenario.span.start + min(SETTLED, scenario.before)
    for minute in range(settled, scenario.span.stop):
        if found[minute] is State.ALARM:
            since = minute - scenario.happens
            return since + 1 if since >= 0 else since
    return None


def outcome(minutes: Iterable[int | None]) -> Outcome:
    """Put together what several readings give."""
    found = list(minutes)
    times = [time for time in found if time is not None]
    if not times:
        return None
    if min(times) < 0:
        return min(times)
    return max(times) if len(times) == len(found) else PERHAPS


def is_error_alarm(name: str) -> bool:
    """Tell the alarms on the share or the number of errors, of the API and of functions."""
    return "-errors-" in name


def load_of(name: str) -> float:
    """Give the requests or calls a minute, in busy hours, that an error alarm looks at."""
    watched = name.partition("-errors-")[0].replace("-", "_")
    if watched == "api":
        return sum(rates()[function] for function in API_FUNCTIONS)
    return rates()[watched]


class Chance(NamedTuple):
    """What chance does to an error alarm.

    Args:
        name: the alarm's.
        load: requests or calls a minute.
        errors: so many in its window raise it at that load.
        false: times a day that it fires on a healthy day.
        missed: of a burn, the chance that it does not fire within the hour.
    """

    name: str
    load: float
    errors: int
    false: float
    missed: float


def chances(alarms: Mapping[str, Mapping[str, Any]], load: float = 1) -> Iterator[Chance]:
    """Compute the chances of each error alarm, at a multiple of the usual load."""
    for name, properties in alarms.items():
        if is_error_alarm(name):
            watched = window(read(properties), load_of(name) * load)
            day = 60 * TRAFFIC.busy_hours
            yield Chance(
                name, watched.requests, watched.errors, false_alarms(watched, day), missed(watched)
            )


def _link(runbook: str) -> str:
    page = Path(runbook).name
    return f"[{page.removesuffix('.md')}](runbooks/{page})"


def _cell(alarm: str, scenario: str) -> str:
    found = FIRES[alarm].get(scenario)
    return "·" if found is None else str(found)


def _numbers(chance: Chance) -> str:
    return (
        f"| {chance.name} | {chance.load:.1f} | {chance.errors} | {chance.false:.1g} "
        f"| {chance.missed:.1g} |"
    )


LOADS = (0.1, 1 / 3, 1, 3)


def _sums(alarms: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for load in LOADS:
        found = list(chances(alarms, load))
        api = min(chance.missed for chance in found if chance.name.startswith("api-"))
        together = sum(chance.false for chance in found)
        orders = TRAFFIC.orders_per_day * load
        yield f"| {orders:,.0f} | {together:.2g} | {api:.1g} |"


def document(resources: Mapping[str, Any]) -> str:
    """Write the document as Markdown, of the Resources of the stage that has all alarms."""
    alarms = alarms_of(resources)
    numbers = {name: number for number, name in enumerate(SCENARIOS, 1)}
    heads = " | ".join(str(number) for number in numbers.values())
    lines = [
        "# Alarms",
        "",
        "Made from `tests/alarms.py` and the template by `python -m tests.alarms`. Each cell is",
        "tested: every alarm of the synthesized template is evaluated, metric math, periods, M of N",
        "and missing data included, in every situation.",
        "",
        "CRITICAL is for whoever is on call, now; WARNING for the team, during the day.",
        "",
        "| alarm | severity | it means | runbook |",
        "|---|---|---|---|",
    ]
    for name in FIRES:
        severity, meaning, runbook = described(alarms[name])
        lines.append(f"| {name} | {severity} | {meaning} | {_link(runbook)} |")
    lines += [
        "",
        "## Which fires when",
        "A number: it fires, so many minutes after it happened at the latest. A dot: it stays quiet.",
        f'"{PERHAPS}": it may, depending on how soon AWS has the samples.',
        "",
        *(f"{numbers[name]}. **{name}**: {one.meaning}" for name, one in SCENARIOS.items()),
        "",
        f"| alarm | {heads} |",
        f"|---|{'---|' * len(numbers)}",
    ]
    for name in FIRES:
        cells = " | ".join(_cell(name, scenario) for scenario in SCENARIOS)
        lines.append(f"| {name} | {cells} |")
    return "\n".join([*lines, *_assumptions(), *_chances(alarms)]) + "\n"


def _assumptions() -> list[str]:
    late = max(reading.late for reading in READINGS.values())
    return [
        "",
        "The situations are at the load of `ops/traffic.py`, without chance: requests come evenly.",
        "What AWS leaves open is read in several ways, and the worst counts: samples are seen at",
        f"once or {late} minutes late, no, two or five periods besides those that are evaluated",
        "stand in for missing ones, and `FILL` fills a series that has no point at all, or does not.",
        "SQS measures a queue that was asleep after a quarter of an hour: a first dead letter is",
        "told that much later.",
    ]


def _chances(alarms: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        "",
        "## What chance does",
        f"On a healthy day {HEALTHY:.1%} of requests fail, in a burn {BURN:.0%} do. Requests come and",
        f"fail at random, at {TRAFFIC.orders_per_day:,.0f} orders a day in {TRAFFIC.busy_hours:.0f} busy",
        "hours; CloudWatch looks at a window every minute, and all of them are counted. Computed,",
        "not simulated (`ops/alarm_chances.py`); tests keep false alarms of all together below 0.1 a",
        "day, and the chance that neither alarm of a pair sees a burn within the hour below 0.05.",
        "",
        "| alarm | requests a minute | errors that raise it | false alarms a day | burn missed |",
        "|---|---|---|---|---|",
        *(_numbers(chance) for chance in chances(alarms)),
        "",
        "The same at other loads: a stage that grows much, or stays small, needs other numbers in",
        "`infrastructure/alarms.py`.",
        "",
        "| orders a day | false alarms a day, all alarms | burn missed by the API's pair |",
        "|---|---|---|",
        *_sums(alarms),
    ]


if __name__ == "__main__":
    DOCUMENT.write_text(document(synthesized(STAGE)["Resources"]))
