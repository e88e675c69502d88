"""What AWS refuses in the middle of a deployment, or takes and never does; no checker sees it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import KEPT_UNRESERVED, STAGES, VERSION_TAG, tags
from orders.metrics import METRICS, NAMESPACE, dimensions_of
from project.release import version
from tests.infrastructure.conftest import VARIANTS, Template
from tests.lazily import Lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

descriptions = Lazily("cfnlint.schema.manager")

ENVIRONMENT_BYTES = 4 * 1024
PARAMETER_BYTES = 4 * 1024
ROUGHLY = 128
"""Characters that a reference may become: no table's name or queue's address is longer."""

WITHOUT_TAGS = ("AWS::Budgets::Budget", "AWS::ApiGateway::Deployment")
"""Types that take tags and get none: a budget costs nothing."""


def size_of(value: Any) -> int:
    """Give how many bytes a value has at most, once its references are resolved."""
    return len(value.encode()) if isinstance(value, str) else ROUGHLY


OTHER_WAYS_IN = ("Lambda::Url", "S3::Bucket", "ApiGatewayV2::Api", "AppSync::GraphQLApi")


def test_there_is_one_way_in(template: Template) -> None:
    """Callers come through the REST API only: no bucket, function or other API is reached.

    Where the web client is hosted, a distribution gives its files, and nothing else.
    """
    for kind in OTHER_WAYS_IN:
        found = [name for name, _ in template.all(kind) if not name.startswith("WebHosting")]
        assert not found, kind
    for name, bucket in template.all("S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_table_has_the_same_indexes_everywhere(
    templates: dict[str, Template], variant: str
) -> None:
    """The one replica is in the stack's own Region, and sets each index of its table."""
    for name, table in templates[variant].all("DynamoDB::GlobalTable"):
        (replica,) = table["Replicas"]
        assert replica["Region"] == VARIANTS[variant].region, name
        settings = {index["IndexName"] for index in replica.get("GlobalSecondaryIndexes", [])}
        assert settings == {i["IndexName"] for i in table.get("GlobalSecondaryIndexes", [])}
        assert "ResourcePolicy" not in replica, name


def test_reservations_leave_what_lambda_keeps(template: Template) -> None:
    """Each function that reserves executions can run, and the account's others keep their share."""
    reserved = [
        function["ReservedConcurrentExecutions"]
        for _, function in template.all("Lambda::Function")
        if "ReservedConcurrentExecutions" in function
    ]
    assert all(units >= 1 for units in reserved)
    assert sum(reserved) <= STAGES["prod"].concurrency_quota - KEPT_UNRESERVED


def test_environments_fit(template: Template) -> None:
    """Lambda takes 4 KB of variables for each function; 80 % of that is the most we use."""
    for name, function in template.all("Lambda::Function"):
        variables = function["Environment"]["Variables"]
        taken = sum(len(key) + size_of(value) for key, value in variables.items())
        assert taken <= 0.8 * ENVIRONMENT_BYTES, name
        assert not [key for key in variables if key.startswith("AWS_")], name


def test_parameters_fit(template: Template) -> None:
    """A standard parameter has 4 KB of plain text."""
    for name, parameter in template.all("SSM::Parameter"):
        assert parameter["Type"] == "String", name
        assert size_of(parameter["Value"]) <= 0.8 * PARAMETER_BYTES, name


def test_every_queue_takes_what_the_pipe_can_send(template: Template) -> None:
    """Messages of every size that SNS lets through, at once and in any order."""
    for name, queue in template.all("SQS::Queue"):
        assert queue.get("DelaySeconds", 0) == 0, name
        assert queue.get("MaximumMessageSize", 262_144) >= 262_144, name
        assert not queue.get("FifoQueue"), name
    assert "FifoTopic" not in template.one("SNS::Topic", "Processing")


def test_no_queue_waits_for_itself(template: Template) -> None:
    """What a queue gives up goes to another queue, and from there nowhere by itself."""
    queues = dict(template.all("SQS::Queue"))
    for name, queue in queues.items():
        if "RedrivePolicy" in queue:
            target, attribute = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
            assert attribute == "Arn"
            assert target != name
            assert "RedrivePolicy" not in queues[target]
            assert 1 <= queue["RedrivePolicy"]["maxReceiveCount"] <= 1_000


def test_every_key_can_be_managed_and_lives_as_its_data(template: Template) -> None:
    """The account keeps its say over each key, which stays a month after somebody deletes it."""
    for name, key in template.all("KMS::Key"):
        first = key["KeyPolicy"]["Statement"][0]
        assert (first["Effect"], first["Action"]) == ("Allow", "kms:*"), name
        assert first["Principal"]["AWS"]["Fn::Join"][1][-1] == ":root", name
        assert key["PendingWindowInDays"] == 30, name
        assert key["EnableKeyRotation"] is True, name
        assert not {"KeyUsage", "KeySpec", "Origin", "MultiRegion"} & set(key), name


def test_production_keeps_the_keys_of_what_it_keeps(prod: Template) -> None:
    """Partners' secrets outlive the stack, and so does the key that opens them."""
    for name, _ in prod.all("KMS::Key"):
        resource = prod.document["Resources"][name]
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_customers_sign_up_by_themselves(template: Template) -> None:
    """Nobody has to be made an account by an administrator."""
    pool = template.one("Cognito::UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False}


def tagged(template: Template) -> Iterator[tuple[str, Any]]:
    """Give the tags, or None, of each resource whose type takes any."""
    region = STAGES["prod"].region
    for name, resource in template.document["Resources"].items():
        kind = resource["Type"]
        if kind.startswith("AWS::") and kind not in WITHOUT_TAGS:
            schema = descriptions.PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
            where = schema.get("tagging", {}).get("tagProperty", "/properties/").split("/")[-1]
            if where in schema["properties"]:
                yield name, resource["Properties"].get(where)


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_takes_tags_has_the_stage_s(templates: dict[str, Template], stage: str) -> None:
    """Bills, budgets and searches see everything of a stage, by AWS's own list of what has tags."""
    found = list(tagged(templates[stage]))
    assert len(found) > 20
    for name, given in found:
        pairs = given if isinstance(given, dict) else {t["Key"]: t["Value"] for t in given or []}
        kind = templates[stage].document["Resources"][name]["Type"]
        released = {VERSION_TAG: version()} if kind == "AWS::Lambda::Function" else {}
        assert pairs == {**tags(stage), **released}, name


EMITTED = {metric.name for metric in METRICS}
SHARES = {"Errors", "Throttles"}
"""Of these an average is a share: 1 is all."""


def metrics_of(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give each metric that an alarm looks at."""
    if "MetricName" in alarm:
        yield alarm
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            yield {**query["MetricStat"]["Metric"], "Statistic": query["MetricStat"]["Stat"]}


def dead_alarms(template: Template) -> list[str]:
    """List the alarms that can never fire, with the reason."""
    alarms = template.all("CloudWatch::Alarm")
    return [f"{name}: {why}" for name, alarm in alarms for why in faults_of_alarm(alarm, template)]


def faults_of_alarm(alarm: dict[str, Any], template: Template) -> Iterator[str]:
    """Say why an alarm can never fire; of what has a name of ours, metrics go by that name."""
    named = {template.one("ApiGateway::RestApi")["Name"]}
    for metric in metrics_of(alarm):
        name = metric["MetricName"]
        dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}
        if metric["Namespace"] == NAMESPACE:
            if name not in EMITTED or dimensions != dimensions_of(template.stage):
                yield f"nobody counts {name}"
        elif not any(isinstance(value, dict) or value in named for value in dimensions.values()):
            yield f"{name} is of nothing in this stack"
        is_share = name in SHARES and metric.get("Statistic") == "Average"
        if is_share and alarm.get("Threshold", 0) >= 1:
            yield f"{name} as a share is never above 1"


def test_every_alarm_can_fire(template: Template) -> None:
    """No alarm looks at a metric that nobody emits, or waits for a share above the whole."""
    assert dead_alarms(template) == []


def faulty_dashboards(template: Template) -> list[str]:
    """List the dashboards that CloudWatch would refuse, with the reason."""
    dashboards = template.all("CloudWatch::Dashboard")
    return [f"{name}: {why}" for name, board in dashboards for why in faults_of_dashboard(board)]


def faults_of_dashboard(dashboard: dict[str, Any]) -> Iterator[str]:
    """Say why CloudWatch would refuse a dashboard."""
    try:
        body = json.loads(flat(dashboard["DashboardBody"]))
    except ValueError as error:
        yield str(error)
        return
    for widget in body.get("widgets", [{}]):
        if not {"type", "width", "height", "properties"} <= set(widget):
            yield "a widget without type or size"


def flat(text: Any) -> str:
    """Join a text whose references each become one word."""
    if isinstance(text, str):
        return text
    parts = text["Fn::Join"][1] if "Fn::Join" in text else ["x"]
    return "".join(part if isinstance(part, str) else "x" for part in parts)


def test_every_dashboard_can_be_drawn(template: Template) -> None:
    """A dashboard's body is JSON and each of its widgets has a kind and a size."""
    assert faulty_dashboards(template) == []


ALARM: dict[str, Any] = {
    "Namespace": NAMESPACE,
    "MetricName": METRICS[0].name,
    "Dimensions": [{"Name": "service", "Value": "orders"}, {"Name": "stage", "Value": "dev"}],
    "Statistic": "Sum",
    "Threshold": 1,
}
QUEUE = [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}]
DEAD_ALARMS = [
    {**ALARM, "MetricName": "OrderCreated"},
    {**ALARM, "Dimensions": []},
    {**ALARM, "Dimensions": ALARM["Dimensions"][:1]},
    {**ALARM, "Namespace": "AWS/SQS", "Dimensions": [{"Name": "QueueName", "Value": "dead"}]},
    {
        **ALARM,
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": QUEUE,
        "Statistic": "Average",
    },
    {"Metrics": [{"MetricStat": {"Metric": {**ALARM, "MetricName": "No"}, "Stat": "Sum"}}]},
]


@pytest.mark.parametrize("alarm", DEAD_ALARMS)
def test_an_alarm_that_cannot_fire_is_found(dev: Template, alarm: dict[str, Any]) -> None:
    """A slip in a metric's name, in its dimensions or in its threshold does not pass."""
    assert dead_alarms(with_resource(dev, "CloudWatch::Alarm", alarm))


def test_an_alarm_that_can_fire_passes(dev: Template) -> None:
    """Alarms on our own metrics and on our own queues are as they should be."""
    depth = {**ALARM, "Namespace": "AWS/SQS", "MetricName": "Visible", "Dimensions": QUEUE}
    for alarm in (ALARM, depth):
        assert not dead_alarms(with_resource(dev, "CloudWatch::Alarm", alarm))


@pytest.mark.parametrize("body", ['{"widgets": [,]}', '{"widgets": [{"x": 1}]}', "{}"])
def test_a_dashboard_that_is_refused_is_found(dev: Template, body: str) -> None:
    """Neither broken JSON nor a widget without a size passes."""
    properties = {"DashboardBody": {"Fn::Join": ["", [body]]}}
    assert faulty_dashboards(with_resource(dev, "CloudWatch::Dashboard", properties))


def with_resource(template: Template, kind: str, properties: dict[str, Any]) -> Template:
    """Give a copy of a template with one resource more."""
    document = copy.deepcopy(template.document)
    document["Resources"]["Planted"] = {"Type": f"AWS::{kind}", "Properties": properties}
    return Template(document)
