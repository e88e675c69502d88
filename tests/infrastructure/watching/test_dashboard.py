"""The dashboard shows what is really measured, and CloudWatch can draw it."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.functions import LIVE
from infrastructure.watching.aws_metrics import LOGS, VENDED
from infrastructure.watching.queries import QUERIES
from orders.metrics import METRICS, NAMESPACE, dimensions_of
from project.checkout import ROOT
from tests.infrastructure.conftest import VARIANTS
from tests.lazily import Lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infrastructure.conftest import Template

jsonschema = Lazily("jsonschema")

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "dashboard.json").read_text())

OF_TYPE = {
    "FunctionName": "AWS::Lambda::Function",
    "QueueName": "AWS::SQS::Queue",
    "TableName": "AWS::DynamoDB::GlobalTable",
    "LogGroupName": "AWS::Logs::LogGroup",
    "PipeName": "AWS::Pipes::Pipe",
}
"""What a dimension's value must be the name of."""


def resolved(value: Any) -> str:
    """Write a template's text with its references as `${…}`."""
    match value:
        case str(text):
            return text
        case {"Ref": "AWS::Region" | "AWS::AccountId" as name}:
            return {"AWS::Region": "us-east-1"}.get(name, "111122223333")
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(resolved(part) for part in parts)
    raise AssertionError(f"what is {value}?")


def body_of(template: Template) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(
        resolved(template.one("CloudWatch::Dashboard")["DashboardBody"])
    )
    return body


def metrics_of(body: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Give namespace, name and dimensions of every metric of a dashboard."""
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if isinstance(metric[0], str):
                namespace, name, *rest = (part for part in metric if isinstance(part, str))
                yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def unknown(body: dict[str, Any], template: Template) -> list[str]:
    """Say which metrics of a dashboard nothing emits."""
    return [
        f"{namespace} {name} {dimensions}"
        for namespace, name, dimensions in metrics_of(body)
        if not emitted(namespace, name, dimensions, template)
    ]


def emitted(namespace: str, name: str, dimensions: dict[str, str], template: Template) -> bool:
    """Tell whether our code, or AWS for a resource of the template, has a metric."""
    if namespace == NAMESPACE:
        known = {metric.name for metric in METRICS}
        return name in known and dimensions == dimensions_of(template.stage)
    names, sets = VENDED[namespace]
    return (
        name in names
        and frozenset(dimensions) in sets
        and all(is_there(key, value, template) for key, value in dimensions.items())
    )


def is_there(dimension: str, value: str, template: Template) -> bool:
    """Tell whether a dimension's value names something of the template."""
    resources = template.document["Resources"]
    if dimension == "Resource":
        name, _, alias = value.partition(":")
        return alias == LIVE and is_there("FunctionName", name, template)
    if kind := OF_TYPE.get(dimension):
        name = value.removeprefix("${").removesuffix("}").partition(".")[0]
        return name in resources and resources[name]["Type"] == kind
    tables = [table for _, table in template.all("DynamoDB::GlobalTable")]
    indexes = [index for table in tables for index in table.get("GlobalSecondaryIndexes", ())]
    names = {
        "ApiName": {template.one("ApiGateway::RestApi")["Name"]},
        "Stage": {template.one("ApiGateway::Stage")["StageName"]},
        "GlobalSecondaryIndexName": {index["IndexName"] for index in indexes},
        "Operation": {"TransactWriteItems", "UpdateItem", "GetItem", "Query"},
    }
    return value in names[dimension]


def test_cloudwatch_can_read_it(template: Template) -> None:
    """The dashboard's JSON is what CloudWatch documents: a wrong one is refused at deployment."""
    jsonschema.validate(body_of(template), SCHEMA)


@pytest.mark.parametrize(
    "fault",
    [
        lambda body: body["widgets"][0].update(width=25),
        lambda body: body["widgets"][2]["properties"].update(view="line"),
        lambda body: body["widgets"][2]["properties"]["metrics"].append(["AWS/Lambda"]),
        lambda body: body["widgets"][2]["properties"].pop("region"),
        lambda body: body.update(widgets=[]),
    ],
)
def test_bad_json_is_found(dev: Template, fault: Any) -> None:
    """What CloudWatch would refuse does not pass here."""
    body = copy.deepcopy(body_of(dev))
    fault(body)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, SCHEMA)


def test_every_metric_is_emitted(template: Template) -> None:
    """No graph stays empty for ever: AWS or our code has each metric, for a resource of ours."""
    assert unknown(body_of(template), template) == []


@pytest.mark.parametrize(
    "metric",
    [
        ["AWS/Lambda", "Error", "FunctionName", "${CreateOrderFunction7CDB9A5E}"],
        ["AWS/Lambda", "Errors", "FunctionName", "${Nothing}"],
        ["AWS/ApiGateway", "Count", "ApiName", "x", "Stage", "v1"],
        ["FoodDelivery/Orders", "OrdersCreated", "service", "orders"],
        ["FoodDelivery/Orders", "OrdersCreated", "service", "orders", "stage", "prod"],
        ["FoodDelivery/Orders", "OrdersPlaced", "service", "orders", "stage", "dev"],
    ],
)
def test_a_metric_that_nobody_emits_is_found(dev: Template, metric: list[str]) -> None:
    """A misspelt name, another stage's metric or a resource that is gone does not pass."""
    body = {"widgets": [{"properties": {"metrics": [metric]}}]}
    assert len(unknown(body, dev)) == 1


def test_all_of_our_own_metrics_are_shown(dev: Template) -> None:
    """What is paid for is looked at."""
    shown = {name for namespace, name, _ in metrics_of(body_of(dev)) if namespace == NAMESPACE}
    assert shown == {metric.name for metric in METRICS}


MOST_METRICS = 10


def test_our_own_metrics_are_few() -> None:
    """Ten custom metrics are paid for at most, and none for each partner, restaurant or reason."""
    assert len(METRICS) <= MOST_METRICS, "is one more worth 30 cents a month? MOST_METRICS"


def test_rows_fill_the_width_and_do_not_overlap(template: Template) -> None:
    """Each row is as wide as the screen, and nothing covers anything."""
    taken: set[tuple[int, int]] = set()
    for widget in body_of(template)["widgets"]:
        cells = {
            (widget["x"] + column, widget["y"] + row)
            for column in range(widget["width"])
            for row in range(widget["height"])
        }
        assert not cells & taken
        taken |= cells
    assert len(taken) == 24 * (1 + max(row for _, row in taken))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_alarm_stands_on_top(templates: dict[str, Template], variant: str) -> None:
    """The first thing one sees is the state of each alarm of the stage."""
    template = templates[variant]
    (first, *_) = body_of(template)["widgets"]
    shown = [arn.rpartition(":")[2] for arn in first["properties"]["alarms"]]
    assert sorted(shown) == sorted(a["AlarmName"] for _, a in template.all("CloudWatch::Alarm"))


def test_ceilings_are_those_of_the_tables(template: Template) -> None:
    """The line in the graph of units is where a table's throttling begins."""
    orders = next(
        table
        for name, table in template.all("DynamoDB::GlobalTable")
        if name.startswith("DataOrders")
    )
    if orders["BillingMode"] == "PAY_PER_REQUEST":
        ceiling = orders["WriteOnDemandThroughputSettings"]["MaxWriteRequestUnits"]
    else:
        settings = orders["WriteProvisionedThroughputSettings"]
        ceiling = settings["WriteCapacityAutoScalingSettings"]["MaxCapacity"]
    (drawn,) = (
        widget["properties"]["annotations"]["horizontal"][0]["value"]
        for widget in body_of(template)["widgets"]
        if widget["properties"].get("title") == "Write units a minute"
    )
    assert drawn == 60 * ceiling


def test_every_log_is_in_the_bill(template: Template) -> None:
    """The graph of log bytes leaves no function out that requests and messages call."""
    metrics = metrics_of(body_of(template))
    shown = {d["LogGroupName"] for space, _, d in metrics if space == LOGS}
    groups = {name for name, _ in template.all("Logs::LogGroup")}
    # A deployment's, our own, errors, what the firewall refuses, sign-ins, and what commands did.
    apart = (
        *("CreateParameters", "PlaceHeartbeat", "Processing", "Firewall"),
        *("CheckSecondFactor", "AuditLog", "ReleaseGate"),
    )
    assert {name.strip("$").strip("{}") for name in shown} == {
        name for name in groups if not name.startswith(apart)
    }


def test_saved_queries_read_logs_that_are_there(template: Template) -> None:
    """Each saved query is in the template, and asks log groups of the template."""
    groups = {name for name, _ in template.all("Logs::LogGroup")}
    saved = [query for _, query in template.all("Logs::QueryDefinition")]
    assert len(saved) == len(QUERIES)
    for query in saved:
        assert {reference["Ref"] for reference in query["LogGroupNames"]} <= groups


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_saved_queries_ask_for_fields_that_are_logged(query: Any) -> None:
    """Logs Insights says nothing about a misspelt field: it just finds no line."""
    sources = [*(ROOT / "orders").rglob("*.py"), ROOT / "infrastructure/edge/api.py"]
    source = "".join(path.read_text() for path in sources)
    plain = re.sub(r'"[^"]*"|@\w+|\b\d+\b', " ", query.text)
    made_here = set(re.findall(r" as (\w+)", plain))
    words = set(
        "filter stats fields sort limit by as and or not desc asc"
        " count count_distinct sum avg pct max ispresent level".split()
    )
    for name in set(re.findall(r"\w+", plain)) - words - made_here:
        assert f'"{name}"' in source or f"{name}=" in source, name
