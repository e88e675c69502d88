"""Which alarm fires when: the one reviewed table, for the tests and for docs/alarms.md.

`python -m tests.alarms.table` writes the document; tests/infrastructure/watching/test_alarms.py
evaluates every alarm of the template in every scenario and compares.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudwatch.alarms import Reading, State, read, states
from infrastructure.functions import Caller, names
from infrastructure.settings import stack_name
from ops.reach.templates import synthesized
from project.checkout import ROOT
from tests.alarms.chances import BURN, HEALTHY, false_alarms, missed, window
from tests.alarms.scenarios import SCENARIOS, TRAFFIC, rates, stage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cloudwatch.alarms import Alarm, Recorded
    from tests.alarms.scenarios import Scenario

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

FIRES: Mapping[str, Mapping[str, int | str]] = {
    "api-errors-fast": {
        "2 % fail": 5,
        "5 % fail": 4,
        "10 % fail": 3,
        "outage": 3,
        "concurrency used up": 3,
        "tables throttle": 4,
        "tables fail": 4,
    },
    "api-errors-slow": {
        "2 % fail": 28,
        "5 % fail": 12,
        "10 % fail": 7,
        "outage": 3,
        "outage at night": 13,
        "concurrency used up": 8,
        "tables throttle": 10,
        "tables fail": 10,
    },
    "api-slow": {"slow API": 8},
    "no-orders": {
        "new stack": PERHAPS,
        "outage": 30,
        "silence": 30,
        "unreachable": 30,
        "unreachable, other not": 30,
    },
    "heartbeat-failing": {
        "new stack": 1,
        "outage": 8,
        "outage at night": 8,
        "unreachable": 8,
        "heartbeat stands": 31,
        "unreachable, other not": 8,
    },
    "orders-unanswered": {"restaurants silent": 5},
    "create-order-errors-fast": {"outage": 3},
    "create-order-errors-slow": {
        "2 % fail": 60,
        "5 % fail": 25,
        "10 % fail": 14,
        "outage": 4,
        "outage at night": 33,
    },
    "get-order-errors-fast": {"5 % fail": 6, "10 % fail": 4, "outage": 3},
    "get-order-errors-slow": {"2 % fail": 29, "5 % fail": 13, "10 % fail": 8, "outage": 3},
    "list-orders-errors-fast": {"10 % fail": PERHAPS, "outage": 3},
    "list-orders-errors-slow": {"2 % fail": 35, "5 % fail": 13, "10 % fail": 8, "outage": 3},
    "update-order-errors-fast": {"5 % fail": PERHAPS, "10 % fail": 4, "outage": 3},
    "update-order-errors-slow": {"2 % fail": 28, "5 % fail": 13, "10 % fail": 7, "outage": 3},
    "process-order-errors-fast": {"workers killed": 3},
    "process-order-errors-slow": {
        "2 % fail": 45,
        "5 % fail": 17,
        "10 % fail": 10,
        "workers killed": 3,
    },
    "notify-partner-errors-fast": {"5 % fail": PERHAPS, "10 % fail": 5, "workers killed": 3},
    "notify-partner-errors-slow": {
        "2 % fail": 28,
        "5 % fail": 12,
        "10 % fail": 7,
        "workers killed": 3,
    },
    "functions-throttled": {"concurrency used up": 6},
    "create-order-busy": {"concurrency used up": 5, "concurrency scarce": 5},
    "order-processing-dead-letters": {"workers killed": 27, "dead letters": 18},
    "order-processing-old": {"workers stand": 16},
    "partner-notifications-dead-letters": {
        "workers killed": 27,
        "partner gone": 1_790,
        "dead letters": 18,
    },
    "partner-notifications-old": {"workers stand": 16},
    "partner-retries-old": {"retries stand": 47},
    "restaurant-notifications-dead-letters": {
        "workers killed": 27,
        "partner gone": 1_790,
        "dead letters": 18,
    },
    "restaurant-notifications-old": {"workers stand": 16},
    "pipe-dead-letters": {"dead letters": 18},
    "pipe-failing": {"pipe fails": 6},
    "pipe-silent": {"pipe fails": 20, "pipe stands": 20},
    "partner-failing": {"partner gone": 7, "retries stand": 7},
    "sign-in-failing": {"outage": 5, "sign-in fails": 5},
    "sign-ups-many": {"sign-ups by machine": 5},
    "firewall-blocking": {"firewall blocks": 8},
    "tables-throttled": {"tables throttle": 6},
    "tables-failing": {"tables fail": 4},
    "tables-near-ceiling": {"tables near ceiling": 5},
}
"""By alarm, in which scenarios it fires, and within how many minutes; in all others it is quiet."""


class Described(NamedTuple):
    """What an alarm's description says."""

    severity: str
    meaning: str
    runbook: str


_ALARM = "AWS::CloudWatch::Alarm"
_DESCRIPTION = re.compile(r"(CRITICAL|WARNING): (.+\.) Runbook: (\S+\.md)")


def described(properties: Mapping[str, Any]) -> Described:
    """Read an alarm's description."""
    match = _DESCRIPTION.fullmatch(properties["AlarmDescription"])
    assert match is not None, properties["AlarmDescription"]
    return Described(*match.groups())


def alarms_of(resources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the properties of each alarm by its name, without that of the stack."""
    stack = stack_name(stage_of(resources).own["stage"])
    alarms = (item["Properties"] for item in resources.values() if item["Type"] == _ALARM)
    return {alarm["AlarmName"].removeprefix(f"{stack}-"): alarm for alarm in alarms}


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
        return sum(rates()[function] for function in names(Caller.API))
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


_WHOSE = (
    (r"^\w+_\w+ crashed", "The function crashed"),
    (r"waits for \w+ for", "waits for its function for"),
    (r"queue of [\w-]+ is", "queue is"),
)
"""What a description says of one function or queue, and how it reads for each of several."""


def _meanings(alarms: Mapping[str, Described]) -> Iterator[str]:
    """Give the rows of what alarms mean; those of several functions or queues are one row."""
    alike: dict[Described, list[str]] = {}
    for name, told in alarms.items():
        meaning = told.meaning
        for pattern, general in _WHOSE:
            meaning = re.sub(pattern, general, meaning)
        alike.setdefault(told._replace(meaning=meaning), []).append(name)
    for several, same in alike.items():
        told = several if len(same) > 1 else alarms[same[0]]
        shown = ", ".join(same)
        yield f"| {shown} | {told.severity} | {told.meaning} | {_link(told.runbook)} |"


def _link(runbook: str) -> str:
    page = Path(runbook).name
    return f"[{page.removesuffix('.md')}](runbooks/{page})"


def rows_of(alarm: str) -> Mapping[str, int | str]:
    """Give the situations in which an alarm fires, or may, with the minutes.

    Raises:
        AssertionError: when nobody has said.
    """
    assert alarm in FIRES, (
        f"FIRES in tests/alarms/table.py has no row {alarm!r}. Add it, with {{}} for now: what "
        "fails then shows the situations and minutes (docs/contributing/alarm.md)."
    )
    return FIRES[alarm]


def _cell(alarm: str, scenario: str) -> str:
    found = rows_of(alarm).get(scenario)
    return "·" if found is None else str(found)


def _numbers(chance: Chance) -> str:
    return (
        f"| {chance.name} | {chance.load:.1f} | {chance.errors} | {chance.false:.1g} "
        f"| {chance.missed:.1g} |"
    )


MOST_FALSE, MOST_MISSED = 0.1, 0.05
"""False alarms a day of all error alarms together; the chance that a pair misses a burn."""

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
        "Made by `make docs` from `tests/alarms/table.py` and the template. A test evaluates every",
        "alarm of the template in every situation.",
        "",
        "CRITICAL is for whoever is on call, now; WARNING for the team, during the day.",
        "",
        "| alarm | severity | it means | runbook |",
        "|---|---|---|---|",
        *_meanings({name: described(alarms[name]) for name in FIRES}),
        "",
        "## Which fires when",
        "A number: so many minutes after the situation begins the alarm fires, at the latest.",
        f'A dot: it is quiet. "{PERHAPS}": it depends on how soon AWS has the samples.',
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
        "Requests come evenly, at the load of `ops/costs/traffic.py`. SQS measures a queue that",
        "was asleep only after a quarter of an hour: a first dead letter is told later by that.",
        "",
        "AWS leaves three things open. Each is tried in several ways, and the worst counts:",
        "",
        f"* Samples are seen at once, or {late} minutes late.",
        "* No, two or five periods more than the alarm evaluates stand in for missing ones.",
        "* `FILL` fills a series that has no point, or does not.",
    ]


def _chances(alarms: Mapping[str, Mapping[str, Any]]) -> list[str]:
    orders, hours = f"{TRAFFIC.orders_per_day:,.0f}", f"{TRAFFIC.busy_hours:.0f}"
    return [
        "",
        "## What chance does",
        f"On a healthy day {HEALTHY:.1%} of requests fail, in a burn {BURN:.0%}, at random. At",
        f"{orders} orders a day in {hours} busy hours every minute's window is counted. This is",
        "computed (`tests/alarms/chances.py`), and tests hold it to two limits:",
        "",
        f"* All these alarms together give less than {MOST_FALSE} false alarms a day.",
        f"* The chance that both alarms of a pair miss a burn for an hour is below {MOST_MISSED}.",
        "",
        "| alarm | requests a minute | errors that raise it | false alarms a day | burn missed |",
        "|---|---|---|---|---|",
        *(_numbers(chance) for chance in chances(alarms)),
        "",
        "At much other loads a stage needs other numbers in `infrastructure/watching/alarms.py`:",
        "",
        "| orders a day | false alarms a day, all on errors | burn missed by the API's pair |",
        "|---|---|---|",
        *_sums(alarms),
    ]


if __name__ == "__main__":
    DOCUMENT.write_text(document(synthesized(STAGE)["Resources"]))
