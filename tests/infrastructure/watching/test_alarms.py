"""Every alarm of the template fires when it should, is quiet when it should, and says what to do.

The table of both is tests/alarms/table.py; docs/alarms.md is made from it.
"""

from __future__ import annotations

import copy
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from cloudwatch.alarms import Recorded, State, read, states, values
from infrastructure.functions import Caller, names
from project.checkout import ROOT
from tests.alarms import table
from tests.alarms.scenarios import HEARTBEAT, MIDNIGHT, SCENARIOS, beside, record, stage_of
from tests.alarms.table import FIRES, PERHAPS, READINGS, rows_of
from tests.infrastructure.conftest import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cloudwatch.alarms import Alarm
    from tests.infrastructure.conftest import Template

NEEDS_HEARTBEAT = {"outage at night"}
"""What only a stage with a heartbeat notices: nobody else is up."""

ITS_ERRORS_COUNT = {("create-order-errors-slow", "2 % fail")}
"""Where the errors of customers alone are just too few: the heartbeat's own make the seventh."""

HEARTBEATS_SHIFT = 5
"""Minutes by which the heartbeat's calls shift when the seventh of a function's errors comes."""


class Proof:
    """A variant's alarms, and what is measured of its resources in each scenario."""

    def __init__(self, template: Template, other: Template, alike: Iterable[Proof] = ()) -> None:
        """Record every scenario once for all variants that are measured under the same names.

        Args:
            template: of the stage whose alarms are proven.
            other: of the stage that it shares an account with, in scenarios that have one.
            alike: the proofs that there are.
        """
        self.resources = template.document["Resources"]
        self.properties = table.alarms_of(self.resources)
        self.stage = stage_of(self.resources)
        self.has_heartbeat = HEARTBEAT in self.stage.functions
        self.other = stage_of(beside(other.document["Resources"]))
        known = next((proof for proof in alike if proof.stage == self.stage), None)
        self.recorded: dict[str, Recorded] = known.recorded if known else self._record()
        self.known: dict[tuple[str, str], int | None] = known.known if known else {}
        """When alarms fire in the usual reading, by their properties and the scenario."""

    def _record(self) -> dict[str, Recorded]:
        return {name: record(self.stage, one, self.other) for name, one in SCENARIOS.items()}

    @cached_property
    def alarms(self) -> dict[str, Alarm]:
        """The alarms, read once."""
        return {name: read(properties) for name, properties in self.properties.items()}

    def fired(self, alarm: Alarm, scenario: str, reading: str = "usual") -> int | None:
        one = SCENARIOS[scenario]
        return table.fired(alarm, self.recorded[scenario], one, READINGS[reading])

    def usually(self, name: str, scenario: str) -> int | None:
        """Say when an alarm of the template fires; asked once for all variants that have it."""
        asked = json.dumps(self.properties[name]), scenario
        if asked not in self.known:
            self.known[asked] = self.fired(self.alarms[name], scenario)
        return self.known[asked]

    def outcome(self, alarm: Alarm, scenario: str, **known: int | None) -> table.Outcome:
        """Put all readings together, of which some may be known."""
        return table.outcome(
            known[reading] if reading in known else self.fired(alarm, scenario, reading)
            for reading in READINGS
        )


@pytest.fixture(scope="session")
def proofs(templates: dict[str, Template]) -> dict[str, Proof]:
    """Each variant's."""
    found: dict[str, Proof] = {}
    for name, template in templates.items():
        other = templates["dev" if template.stage == "prod" else "prod"]
        found[name] = Proof(template, other, found.values())
    return found


@pytest.fixture(scope="session")
def prod_proof(proofs: dict[str, Proof]) -> Proof:
    """That of the stage with all alarms."""
    return proofs[table.STAGE]


def test_every_alarm_has_its_rows(proofs: dict[str, Proof]) -> None:
    """Nobody adds an alarm without saying when it fires, and no row outlives its alarm."""
    assert set(prod_names := proofs[table.STAGE].properties) == set(FIRES)
    assert all(set(proof.properties) <= set(prod_names) for proof in proofs.values())


def test_a_row_that_is_missing_is_named() -> None:
    """Who adds an alarm reads in the first failure which row of which file is missing."""
    with pytest.raises(AssertionError, match=r"tests/alarms/table.py has no row 'orders-lost'"):
        rows_of("orders-lost")


def test_every_alarm_can_fire() -> None:
    """An alarm that fires in no situation watches nothing."""
    assert [name for name, rows in FIRES.items() if not set(rows.values()) - {PERHAPS}] == []
    assert {scenario for rows in FIRES.values() for scenario in rows} <= set(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_alarms_fire_as_the_table_says(prod_proof: Proof, scenario: str) -> None:
    """In prod: however AWS handles what it leaves open, and within just so many minutes."""
    found = {
        name: prod_proof.outcome(alarm, scenario, usual=prod_proof.usually(name, scenario))
        for name, alarm in prod_proof.alarms.items()
    }
    said = {name: rows_of(name).get(scenario) for name in found}
    assert found == said, [
        f"{name}: found {found[name]!r}, its row says {said[name]!r}"
        for name in found
        if found[name] != said[name]
    ]


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != table.STAGE])
def test_alarms_of_other_stages_fire_as_well(
    proofs: dict[str, Proof], variant: str, scenario: str
) -> None:
    """In every variant of the template: those alarms that it has, and no others."""
    proof = proofs[variant]
    for name in proof.alarms:
        needed = scenario in NEEDS_HEARTBEAT or (name, scenario) in ITS_ERRORS_COUNT
        unseen = needed and not proof.has_heartbeat
        found, said = proof.usually(name, scenario), rows_of(name).get(scenario)
        if said is None or (unseen and found is None):
            assert found is None, name
        elif said != PERHAPS:
            assert found is not None, name
            assert 1 <= found <= int(said) + HEARTBEATS_SHIFT, name


def test_every_metric_is_measured_and_matters(prod_proof: Proof) -> None:
    """No alarm names a metric that nobody sends, under dimensions that nothing has."""
    sent = {metric for one in prod_proof.recorded.values() for metric in one.samples}
    for name, alarm in prod_proof.alarms.items():
        named = {one.metric for one in alarm.metrics.values()}
        assert named <= sent, name


@pytest.mark.parametrize(
    ("variant", "name", "scenario"),
    [
        ("dev", "pipe-silent", "other stage busy"),
        ("prod", "no-orders", "unreachable, other not"),
    ],
)
def test_a_metric_of_two_stages_is_noticed(
    proofs: dict[str, Proof], variant: str, name: str, scenario: str
) -> None:
    """Orders counted for all stages together raise an alarm for nothing, or keep one quiet."""
    proof, one = proofs[variant], SCENARIOS[scenario]
    shared = record(proof.stage, one, proof.other._replace(own=proof.stage.own))
    found = table.fired(proof.alarms[name], shared, one, READINGS["usual"])
    assert (found is None) == (scenario in rows_of(name))


SUMS = ("functions-throttled", "pipe-failing", "tables-throttled", "tables-failing")
MOST = ("tables-near-ceiling",)


@pytest.mark.parametrize("name", SUMS + MOST)
def test_each_of_many_metrics_raises_the_alarm_alone(prod_proof: Proof, name: str) -> None:
    """Of all that an alarm adds up or compares, nothing is left out of its expression."""
    alarm = read(prod_proof.properties[name])
    span = range(MIDNIGHT, MIDNIGHT + 30)
    for one in alarm.metrics.values():
        alone = Recorded({one.metric: {minute: {1e6: 1.0} for minute in span}}, {})
        assert states(alarm, alone, span)[-1] is State.ALARM, one.metric


def queries(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [query["MetricStat"] for query in properties["Metrics"] if "MetricStat" in query]


def _threshold(properties: dict[str, Any]) -> None:
    below = properties["ComparisonOperator"].startswith("Less")
    factor = 1 / 100 if below else 100
    properties["Threshold"] = properties["Threshold"] * factor or 100
    if below:
        properties["Threshold"] -= 1


def _direction(properties: dict[str, Any]) -> None:
    pairs = {"Greater": "Less", "Less": "Greater"}
    old = properties["ComparisonOperator"]
    start = next(word for word in pairs if old.startswith(word))
    properties["ComparisonOperator"] = old.replace(start, pairs[start])


def _dimension(properties: dict[str, Any]) -> None:
    for query in queries(properties):
        query["Metric"]["Dimensions"][0]["Value"] = "somebody-else"
    for query in properties["Metrics"]:
        query["Expression"] = query.get("Expression", "").replace("failing", "thriving")
        if not query["Expression"]:
            del query["Expression"]


def _reference(properties: dict[str, Any]) -> None:
    """Refer to another attribute of the resource: a queue's address instead of its name."""
    for query in queries(properties):
        for dimension in query["Metric"]["Dimensions"]:
            if isinstance(dimension["Value"], dict):
                dimension["Value"] = {"Fn::GetAtt": ["Resource", "Arn"]}


def _metric(properties: dict[str, Any]) -> None:
    for query in queries(properties):
        query["Metric"]["MetricName"] += "s"


def _statistic(properties: dict[str, Any]) -> None:
    others = {"Sum": "Average", "Maximum": "SampleCount", "p95": "p50"}
    for query in queries(properties):
        query["Stat"] = others[query["Stat"]]


def _longer(properties: dict[str, Any]) -> None:
    for query in properties["Metrics"]:
        holder = query.get("MetricStat", query)
        if "Period" in holder:
            holder["Period"] *= 3


def _patient(properties: dict[str, Any]) -> None:
    properties["EvaluationPeriods"] *= 4
    properties["DatapointsToAlarm"] = properties["EvaluationPeriods"]


def _hasty(properties: dict[str, Any]) -> None:
    properties["EvaluationPeriods"] = properties["DatapointsToAlarm"] = 1


def _missing(properties: dict[str, Any]) -> None:
    others = {"breaching": "notBreaching", "notBreaching": "breaching", "ignore": "breaching"}
    properties["TreatMissingData"] = others[properties["TreatMissingData"]]


FAULTS = {
    "threshold": _threshold,
    "direction": _direction,
    "dimension": _dimension,
    "reference": _reference,
    "metric": _metric,
    "statistic": _statistic,
    "longer": _longer,
    "patient": _patient,
    "hasty": _hasty,
    "missing": _missing,
}
"""What may go wrong with an alarm, in a pull request that looks harmless."""


def planted(properties: dict[str, Any], fault: str) -> dict[str, Any] | None:
    """Plant a fault; None where there is no room for it."""
    sound = with_queries(properties)
    changed = copy.deepcopy(sound)
    FAULTS[fault](changed)
    return None if changed == sound else changed


def with_queries(properties: dict[str, Any]) -> dict[str, Any]:
    """Write an alarm of one metric in the form that those of several have."""
    if "Metrics" in properties:
        return properties
    alarm = copy.deepcopy(properties)
    metric = {name: alarm.pop(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stat = {"Metric": metric, "Period": alarm.pop("Period"), "Stat": alarm.pop("Statistic")}
    return {**alarm, "Metrics": [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]}


_STAYS = "a dead letter stays: over any time there is as many as now"
_ANY = "more than none is too many, in sum or on average"
_ONE = "there is one run in each period"
HARMLESS = {
    ("pipe-dead-letters", "longer"): _STAYS,
    ("order-processing-dead-letters", "longer"): _STAYS,
    ("partner-notifications-dead-letters", "longer"): _STAYS,
    ("restaurant-notifications-dead-letters", "longer"): _STAYS,
    ("functions-throttled", "statistic"): _ANY,
    ("pipe-failing", "statistic"): _ANY,
    ("tables-throttled", "statistic"): _ANY,
    ("no-orders", "statistic"): "below one is none, in sum or on average",
    ("heartbeat-failing", "statistic"): _ONE,
}
"""Faults that change nothing, and why: reviewed."""


def _always_has_a_value(proof: Proof, alarm: Alarm) -> bool:
    """Tell whether it makes no difference how missing data is treated: none ever is."""
    for name, one in SCENARIOS.items():
        starts = range(one.span.start + 2 * alarm.minutes, one.span.stop - alarm.minutes)
        found = values(alarm, proof.recorded[name], starts, READINGS["usual"])
        if len(found) < len(starts):
            return False
    return True


def _likeliest(name: str) -> Iterator[str]:
    """Give all scenarios, those first in which something is said to happen."""
    yield from rows_of(name)
    yield from (scenario for scenario in SCENARIOS if scenario not in rows_of(name))


def _is_caught(proof: Proof, name: str, properties: dict[str, Any]) -> bool:
    alarm = read(properties)
    return any(_differs(proof, alarm, scenario, rows_of(name)) for scenario in _likeliest(name))


def _differs(proof: Proof, alarm: Alarm, scenario: str, said: Mapping[str, int | str]) -> bool:
    """Compare with the table; most faults show in the usual reading already."""
    usual, cell = proof.fired(alarm, scenario), said.get(scenario)
    if (usual is None) != (cell is None) and cell != PERHAPS:
        return True
    return proof.outcome(alarm, scenario, usual=usual) != cell


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_in_alarms_are_caught(prod_proof: Proof, fault: str) -> None:
    """Whoever breaks an alarm breaks the table: each fault in each alarm but the reviewed."""
    missed = {
        name
        for name, properties in prod_proof.properties.items()
        if (changed := planted(properties, fault)) is not None
        and not _is_caught(prod_proof, name, changed)
    }
    harmless = {name for name, harmless in HARMLESS if harmless == fault}
    if fault == "missing":
        alarms = prod_proof.alarms
        harmless |= {name for name in missed if _always_has_a_value(prod_proof, alarms[name])}
    assert missed == harmless


def test_alarms_say_what_to_do(template: Template) -> None:
    """Each has a severity, a sentence and a runbook that exists, and tells the topic."""
    topics = {name for name, _ in template.all("SNS::Topic")}
    for name, properties in table.alarms_of(template.document["Resources"]).items():
        _, meaning, runbook = table.described(properties)
        assert meaning.endswith("."), name
        assert (ROOT / "docs/runbooks" / runbook.rpartition("/")[2]).is_file(), name
        assert properties.get("ActionsEnabled", True) is True, name
        for actions in ("AlarmActions", "OKActions"):
            assert {action["Ref"] for action in properties[actions]} <= topics, name
            assert properties[actions], name


def test_missing_data_is_treated_on_purpose(template: Template) -> None:
    """No alarm leaves it to CloudWatch; silence is bad only where something must be heard."""
    alarms = table.alarms_of(template.document["Resources"])
    treated = {name: properties.get("TreatMissingData") for name, properties in alarms.items()}
    breaching = {name for name, treatment in treated.items() if treatment == "breaching"}
    assert breaching <= {"no-orders", "heartbeat-failing"}
    of_tables = {name for name, treatment in treated.items() if treatment == "ignore"}
    assert of_tables == {"tables-throttled", "tables-failing", "tables-near-ceiling"}
    assert set(treated.values()) <= {"breaching", "notBreaching", "ignore"}


def test_false_alarms_are_rare(prod_proof: Proof) -> None:
    """On a healthy day at the expected load, chance raises an alarm every tenth day at most."""
    found = list(table.chances(prod_proof.properties))
    assert sum(chance.false for chance in found) <= table.MOST_FALSE


def test_a_burn_is_seen_within_the_hour(prod_proof: Proof) -> None:
    """When one of twenty requests fails, one alarm of the API's and of each function's tells."""
    best: dict[str, float] = {}
    for chance in table.chances(prod_proof.properties):
        watched = chance.name.partition("-errors-")[0]
        best[watched] = min(chance.missed, best.get(watched, 1.0))
    assert max(best.values()) <= table.MOST_MISSED


def test_both_windows_of_every_pair_are_there(prod_proof: Proof) -> None:
    """The API and each function have a fast and a slow alarm on errors."""
    named = [name for name in prod_proof.properties if table.is_error_alarm(name)]
    pairs = {name.rpartition("-")[0] for name in named}
    assert sorted(named) == sorted(
        f"{pair}-{speed}" for pair in pairs for speed in ("fast", "slow")
    )
    assert len(pairs) == len(names(Caller.API, Caller.QUEUE)) + 1  # and the API as a whole


def test_the_document_is_the_tested_table(prod_proof: Proof) -> None:
    """docs/alarms.md says what these tests check."""
    assert table.document(prod_proof.resources) == table.DOCUMENT.read_text(), (
        "run: python -m tests.alarms.table"
    )
