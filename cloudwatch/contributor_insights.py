"""Contributor Insights: what a rule's metrics are, computed from the log lines.

Known here is what a rule on JSON lines may say. CloudWatch user guide, "Contributor Insights rule
syntax".
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cloudwatch.log_lines import Record


_MINUTE = 60
_Found = list[tuple[tuple[str, ...], float]]


class Rule(NamedTuple):
    """A rule: whose lines it reads, and how it counts them."""

    log_groups: tuple[str, ...]
    contribution: Mapping[str, Any]
    adds_up: bool
    """Whether the values of a field are summed up, and not the lines counted."""


def rule_of(body: Mapping[str, Any]) -> Rule:
    """Read a rule's body."""
    groups = tuple(str(name) for name in body["LogGroupNames"])
    return Rule(groups, body["Contribution"], body.get("AggregateOn") == "Sum")


def metric(rule: Rule, name: str, records: Iterable[Record], period: int) -> dict[int, float]:
    """Compute INSIGHT_RULE_METRIC for each period that has a contribution.

    Args:
        rule: the rule.
        name: UniqueContributors, MaxContributorValue, SampleCount, Sum, Minimum, Maximum, Average.
        records: the log lines, as `log_lines.record_of` makes them.
        period: seconds.

    Raises:
        KeyError: for a metric that rules do not have.
    """
    wanted = _METRICS[name]
    return {at: wanted(found) for at, found in sorted(_found(rule, records, period).items())}


def contributions(rule: Rule, records: Iterable[Record]) -> dict[int, dict[str, float]]:
    """Add up what each contributor adds, by the minute: Unix time divided by 60."""
    minutes = _found(rule, records, _MINUTE).items()
    return {
        at // _MINUTE: {"\0".join(keys): total for keys, total in _totals(found).items()}
        for at, found in minutes
    }


def _found(rule: Rule, records: Iterable[Record], period: int) -> dict[int, _Found]:
    """Give contributors and their values for each period that has any."""
    periods: defaultdict[int, _Found] = defaultdict(list)
    keys = [_field(key) for key in rule.contribution["Keys"]]
    value_of = _field(rule.contribution.get("ValueOf", ""))
    for record in records:
        if _counts(rule.contribution.get("Filters", ()), record) and all(k in record for k in keys):
            at = int(record["@timestamp"] / 1_000 // period * period)
            value = float(record.get(value_of, 0)) if rule.adds_up else 1.0
            periods[at].append((tuple(str(record[key]) for key in keys), value))
    return periods


def _field(path: str) -> str:
    return path.removeprefix("$.")


def _counts(filters: Iterable[Mapping[str, Any]], record: Record) -> bool:
    return all(_matches(one, record.get(_field(one["Match"]))) for one in filters)


def _matches(condition: Mapping[str, Any], value: Any) -> bool:
    for name, operand in condition.items():
        if name != "Match" and not _CONDITIONS[name](value, operand):
            return False
    return True


_CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "In": lambda value, operand: value in operand,
    "NotIn": lambda value, operand: value not in operand,
    "StartsWith": lambda value, operand: str(value).startswith(tuple(operand)),
    "IsPresent": lambda value, operand: (value is not None) is operand,
    "EqualTo": lambda value, operand: value is not None and float(value) == operand,
    "NotEqualTo": lambda value, operand: value is not None and float(value) != operand,
    "GreaterThan": lambda value, operand: value is not None and float(value) > operand,
    "LessThan": lambda value, operand: value is not None and float(value) < operand,
}


def _totals(found: _Found) -> dict[tuple[str, ...], float]:
    totals: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for contributor, value in found:
        totals[contributor] += value
    return totals


def _most(found: _Found) -> float:
    return max(_totals(found).values())


_METRICS: Mapping[str, Callable[[_Found], float]] = {
    "UniqueContributors": lambda found: float(len({contributor for contributor, _ in found})),
    "MaxContributorValue": _most,
    "SampleCount": lambda found: float(len(found)),
    "Sum": lambda found: sum(value for _, value in found),
    "Minimum": lambda found: min(value for _, value in found),
    "Maximum": lambda found: max(value for _, value in found),
    "Average": lambda found: sum(value for _, value in found) / len(found),
}
