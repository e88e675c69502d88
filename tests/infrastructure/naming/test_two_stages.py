"""Two stages in one account share nothing: no name, no metric, nothing found by a beginning.

Three stages are compared, with all that settings can add: `dev`, `prod`, and `dev-eu`, whose name
begins with another's. What is compared is read from AWS's own descriptions of its types.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import parameter_prefix, stack_name
from infrastructure.synth import template_of
from orders.metrics import METRICS, NAMESPACE, dimensions_of
from tests.infrastructure.conftest import DOMAIN, VARIANTS, Template
from tests.infrastructure.naming.names import names
from tests.infrastructure.watching.test_dashboard import body_of, metrics_of
from tests.shared.templates import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infrastructure.settings import Settings

FULL = ("dev", "prod", "dev-eu")
PAIRS = [*itertools.permutations(FULL, 2)]

OF_THE_ACCOUNT = {"AWS::ApiGateway::Account"}
"""What an account has one of, whoever makes it. It stays when a stage goes, with its role."""


def settings_of(stage: str) -> Settings:
    """Give the settings of a stage that has whatever a stage can have."""
    domain = replace(DOMAIN, name=f"{stage}.orders.example.com")
    return replace(VARIANTS["prod-hardened"], stage=stage, domain=domain)


def _cost(_: Settings) -> dict[str, float]:
    """Say what a stage costs of which nothing is recorded: no name hangs on it."""
    return {"all": 30.0}


@pytest.fixture(scope="module")
def full(templates: dict[str, Template]) -> dict[str, Template]:
    """The stages' templates, by their names."""
    others = (stage for stage in FULL if stage != "prod")
    made = {stage: Template(_template(settings_of(stage))) for stage in others}
    return {**made, "prod": templates["prod-hardened"]}


def _template(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = kept.made(
        f"template at {_cost(settings)}", settings, lambda: template_of(settings, model=_cost)
    )
    return found


# --- What two templates have in common


def shared(one: Template, other: Template) -> list[str]:
    """Say what two stages have in common that each must have for itself."""
    theirs = {(name.kind, name.path, name.value) for name in names(other) if not name.owned}
    common = [
        f"{name.resource}: {name.path} is {name.value}"
        for name in names(one)
        if not name.owned and (name.kind, name.path, name.value) in theirs
    ]
    metrics = set(measured(one)) & set(measured(other))
    return [*common, *(f"the metric {metric}" for metric in sorted(metrics))]


def measured(template: Template) -> Iterator[str]:
    """Give all metrics that a stage writes, watches or shows, as CloudWatch tells them apart."""
    own = f"{stack_name(template.stage)}-"
    for metric in METRICS:
        yield _identity(NAMESPACE, metric.name, dimensions_of(template.stage))
    for _, board in template.all("CloudWatch::Dashboard"):
        body = body_of(Template({"Resources": {"B": _resource("CloudWatch::Dashboard", board)}}))
        for namespace, name, dimensions in metrics_of(body):
            named = {key: value.replace("${", own) for key, value in dimensions.items()}
            yield _identity(namespace, name, named)
    for node in nodes(qualified(template)):
        within = node.get("Namespace") or node.get("MetricNamespace")
        if within and "MetricName" in node:
            yield _identity(within, node["MetricName"], _dimensions(node))
    for _, acl in template.all("WAFv2::WebACL"):
        whole, *rules = (
            part["VisibilityConfig"]["MetricName"] for part in (acl, *acl.get("Rules", []))
        )
        for rule in ("ALL", *rules):
            yield _identity("AWS/WAFV2", "BlockedRequests", {"WebACL": whole, "Rule": rule})


def _identity(namespace: str, name: str, dimensions: dict[str, Any]) -> str:
    return json.dumps([namespace, name, dimensions], sort_keys=True)


def _dimensions(node: dict[str, Any]) -> dict[str, Any]:
    given = node.get("Dimensions", [])
    pairs = [(pair.get("Name") or pair.get("Key"), pair["Value"]) for pair in given]
    return dict(pairs)


def _resource(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Give all objects within something."""
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            yield from nodes(value)


def qualified(template: Template) -> Any:
    """Give a template's resources, with what AWS will name in it as it does: after the stack."""
    resources, stack = template.document["Resources"], stack_name(template.stage)
    return _qualified(resources, set(resources), stack)


def _qualified(node: Any, ids: set[str], stack: str) -> Any:
    match node:
        case {"Ref": str(name)}:
            return f"{stack}-{name}" if name in ids else name
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{stack}-{name}.{attribute}"
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(str(_qualified(part, ids, stack)) for part in parts)
        case dict():
            return {key: _qualified(value, ids, stack) for key, value in node.items()}
        case list():
            return [_qualified(value, ids, stack) for value in node]
    return node


@pytest.mark.synthesizes
@pytest.mark.parametrize(("stage", "other"), PAIRS)
def test_two_stages_share_no_name_and_no_metric(
    full: dict[str, Template], stage: str, other: str
) -> None:
    """Whatever happens in one stage, no alarm, budget, list or command of another notices."""
    assert shared(full[stage], full[other]) == []


def test_dev_and_prod_share_no_name_and_no_metric(templates: dict[str, Template]) -> None:
    """The same of the stages that there are, as they are."""
    assert shared(templates["dev"], templates["prod"]) == []


@pytest.mark.synthesizes
def test_as_much_is_compared_as_there_is(full: dict[str, Template]) -> None:
    """Alarms, dashboard, parameters, plans and the like are all looked at, under their names."""
    found = {(name.kind.removeprefix("AWS::"), name.path) for name in names(full["dev-eu"])}
    assert found >= {
        ("ApiGateway::ApiKey", "Name"),
        ("ApiGateway::RestApi", "Name"),
        ("ApiGateway::UsagePlan", "UsagePlanName"),
        ("CloudWatch::Alarm", "AlarmName"),
        ("CloudWatch::Dashboard", "DashboardName"),
        ("CloudWatch::InsightRule", "RuleName"),
        ("Logs::LogGroup", "LogGroupName"),
        ("Logs::QueryDefinition", "Name"),
        ("SNS::Topic", "TopicName"),
        ("SSM::Parameter", "Name"),
        ("Scheduler::Schedule", "Name"),
        ("Scheduler::ScheduleGroup", "Name"),
        ("XRay::ResourcePolicy", "PolicyName"),
        ("XRay::SamplingRule", "SamplingRule.RuleName"),
        ("Custom::CreatedParameters", "Flags"),
    }
    assert len({*measured(full["dev-eu"])}) > 100


@pytest.mark.parametrize("variant", ["dev", "prod"])
def test_what_an_account_has_one_of_outlives_a_stage(
    templates: dict[str, Template], variant: str
) -> None:
    """Whoever removes a stage takes nothing away from another: the account's setting stays."""
    resources = templates[variant].document["Resources"]
    kept = [item for item in resources.values() if item["Type"] in OF_THE_ACCOUNT]
    roles = [resources[item["Properties"]["CloudWatchRoleArn"]["Fn::GetAtt"][0]] for item in kept]
    assert len(kept) == 1
    assert {item["DeletionPolicy"] for item in (*kept, *roles)} == {"Retain"}


def meetings(template: Template) -> list[str]:
    """Say which two names of one type are the same for some two stages, whatever those are called.

    `orders-dev-sns` is what `orders-` makes of a stage `dev-sns`, and what `orders-…-sns` makes of
    `dev`.
    """
    found = [
        (name.kind, *name.value.split(template.stage, 1))
        for name in names(template)
        if not name.owned and template.stage in name.value
    ]
    return [
        f"{kind}: {before}…{after} and {begin}…{end}"
        for kind, before, after in found
        for other, begin, end in found
        if kind == other
        and (
            (before == begin and _in_a_stage_s_name(after.removesuffix(end), after))
            or (after == end and _in_a_stage_s_name(before.removeprefix(begin), before))
        )
    ]


def _in_a_stage_s_name(more: str, whole: str) -> bool:
    """Tell whether what one name has more than another could be a part of a stage's name."""
    return more != whole and bool(re.fullmatch("[a-z0-9-]+", more))


@pytest.mark.synthesizes
def test_no_two_stages_meet_whatever_they_are_called(full: dict[str, Template]) -> None:
    """Nobody has to think of the names that there are when a stage gets its own."""
    assert meetings(full["dev-eu"]) == []


@pytest.mark.synthesizes
@pytest.mark.parametrize("name", ["orders-dev-eu-sns", "orders-changes-dev-eu"])
def test_a_name_that_could_be_another_stage_s_is_found(
    full: dict[str, Template], name: str
) -> None:
    """What stands behind or before a stage's name may be taken for a part of it."""
    one = Template(copy.deepcopy(full["dev-eu"].document))
    one.one("XRay::SamplingRule", "TracingChanges")["SamplingRule"]["RuleName"] = name
    assert meetings(one)


# --- What finds too much


def strangers(template: Template, other: Template) -> list[str]:
    """Give the patterns in a stage's policies that hold for something of the other stage."""
    theirs = {text.replace("*", "x") for text in own_texts(other)}
    patterns = {text for text in own_texts(template) if "*" in text}
    return sorted(
        f"{pattern} holds for {text}"
        for pattern in patterns
        for text in theirs
        if fnmatchcase(text, pattern)
    )


def own_texts(template: Template) -> set[str]:
    """Give whatever names the stage in policies and names, from where it names it."""
    own = (stack_name(template.stage), parameter_prefix(template.stage))
    texts = [name.value.strip('[]"') for name in names(template)]
    for node in nodes(qualified(template)):
        if "Effect" in node:
            texts += _texts([node.get("Resource", []), node.get("Condition", {})])
    return {text[text.index(part) :] for text in texts for part in own if part in text}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _texts(value)


@pytest.mark.synthesizes
@pytest.mark.parametrize(("stage", "other"), PAIRS)
def test_no_permission_reaches_another_stage(
    full: dict[str, Template], stage: str, other: str
) -> None:
    """What dev may do to whatever begins so, it may not do to what is dev-eu's."""
    assert strangers(full[stage], full[other]) == []


def mentions(template: Template, stage: str) -> bool:
    """Tell whether a template names another stage's stack or parameters."""
    text, own, theirs = json.dumps(template.document), template.stage, stack_name(stage)
    if not theirs.startswith(stack_name(own)):
        text = text.replace(stack_name(own), "")
    return theirs in text or f"{parameter_prefix(stage)}/" in text


@pytest.mark.synthesizes
@pytest.mark.parametrize(("stage", "other"), PAIRS)
def test_a_stage_names_nothing_of_another(
    full: dict[str, Template], stage: str, other: str
) -> None:
    """What is dev's stays out of prod: no address, no expression, no text names it."""
    assert not mentions(full[stage], other)


def test_dev_and_prod_name_nothing_of_each_other(templates: dict[str, Template]) -> None:
    """The same of the stages that there are, as they are."""
    assert not mentions(templates["dev"], "prod")
    assert not mentions(templates["prod"], "dev")


# --- The checks find what they are for


def _same_alarm(template: Template) -> None:
    template.one("CloudWatch::Alarm", "AlarmsApiSlow")["AlarmName"] = "api-slow"


def _same_topic(template: Template) -> None:
    template.one("SNS::Topic", "Processing")["TopicName"] = "order-changes"


def _same_dashboard(template: Template) -> None:
    template.one("CloudWatch::Dashboard")["DashboardName"] = "orders"


def _same_parameter(template: Template) -> None:
    template.one("SSM::Parameter", "ParametersApiUrl")["Name"] = "/food-delivery/api/url"


def _same_made_parameter(template: Template) -> None:
    for resource in template.document["Resources"].values():
        if resource["Type"].startswith("Custom::"):
            resource["Properties"]["Flags"] = "/food-delivery/flags"


def _same_log_group(template: Template) -> None:
    group = template.one("Logs::LogGroup", "ProcessingPipeLogs")
    group["LogGroupName"] = "/aws/vendedlogs/pipes/orders"


def _same_key(template: Template) -> None:
    template.one("ApiGateway::ApiKey")["Name"] = "heartbeat"


def _same_plan(template: Template) -> None:
    template.one("ApiGateway::UsagePlan", "ApiRestApiPlanstandard")["UsagePlanName"] = "standard"


def _same_query(template: Template) -> None:
    template.one("Logs::QueryDefinition", "QueriesSlowRequests")["Name"] = "orders/slow requests"


def _same_budget(template: Template) -> None:
    template.one("Budgets::Budget")["Budget"]["BudgetName"] = "orders"


def _same_rule(template: Template) -> None:
    template.one("XRay::SamplingRule", "TracingRule")["SamplingRule"]["RuleName"] = "orders"


def _same_name_for_each_account(template: Template) -> None:
    name = {"Fn::Join": ["-", ["orders", {"Ref": "AWS::AccountId"}, {"Ref": "AWS::Region"}]]}
    template.one("SQS::Queue", "ProcessingPipeDeadLetters")["QueueName"] = name


def _same_export(template: Template) -> None:
    template.document["Outputs"]["ApiUrl"]["Export"] = {"Name": "orders-api-url"}


def _same_firewall_s_metric(template: Template) -> None:
    template.one("WAFv2::WebACL")["VisibilityConfig"]["MetricName"] = "Firewall"


def _same_metric(template: Template) -> None:
    """Watch what both stages count."""
    for query in template.one("CloudWatch::Alarm", "AlarmsPipeSilent")["Metrics"]:
        metric = query.get("MetricStat", {}).get("Metric", {})
        if metric.get("Namespace") == NAMESPACE:
            metric["Dimensions"] = [{"Name": "service", "Value": "orders"}]


def _same_metric_of_a_filter(template: Template) -> None:
    transformation = {"MetricNamespace": "Orders", "MetricName": "Errors", "MetricValue": "1"}
    named = {"LogGroupName": "x", "FilterPattern": "", "FilterName": template.stage}
    _add(template, "Logs::MetricFilter", {**named, "MetricTransformations": [transformation]})


def _same_bucket(template: Template) -> None:
    """Make what has no place in the stack today."""
    _add(template, "S3::Bucket", {"BucketName": "orders"})


def _same_state_machine(template: Template) -> None:
    """Make what goes by a name that its identifier does not hold."""
    _add(template, "StepFunctions::StateMachine", {"StateMachineName": "orders", "RoleArn": "x"})


def _add(template: Template, kind: str, properties: dict[str, Any]) -> None:
    template.document["Resources"]["Planted"] = _resource(kind, properties)


COMMON = (
    *(_same_alarm, _same_topic, _same_dashboard, _same_parameter, _same_made_parameter),
    *(_same_log_group, _same_key, _same_plan, _same_query, _same_budget, _same_rule),
    *(_same_name_for_each_account, _same_export, _same_firewall_s_metric, _same_metric),
    *(_same_metric_of_a_filter, _same_bucket, _same_state_machine),
)


@pytest.mark.synthesizes
@pytest.mark.parametrize("plant", COMMON)
def test_what_stages_share_is_found(
    full: dict[str, Template], plant: Callable[[Template], None]
) -> None:
    """One name or one metric for two stages does not pass, whatever it is of."""
    one, other = (Template(copy.deepcopy(full[stage].document)) for stage in ("dev", "dev-eu"))
    plant(one)
    plant(other)
    assert shared(one, other)


@pytest.mark.synthesizes
@pytest.mark.parametrize(
    "resource", ["parameter/food-delivery/dev*", "table/food-delivery-orders-dev-*"]
)
def test_a_permission_by_a_beginning_is_found(full: dict[str, Template], resource: str) -> None:
    """Dev may not read whatever begins with its name: that is dev-eu's, too."""
    one = Template(copy.deepcopy(full["dev"].document))
    statement = {"Effect": "Allow", "Action": "x", "Resource": f"arn:*:{resource}"}
    _add(one, "IAM::ManagedPolicy", {"PolicyDocument": {"Statement": [statement]}})
    assert strangers(one, full["dev-eu"])


@pytest.mark.synthesizes
@pytest.mark.parametrize("text", [stack_name("dev-eu"), f"{parameter_prefix('dev-eu')}/flags"])
def test_a_mention_is_found(full: dict[str, Template], text: str) -> None:
    """Neither a stack nor a parameter of the other stage passes, wherever it is named."""
    one = Template(copy.deepcopy(full["dev"].document))
    one.document["Outputs"]["ApiUrl"]["Description"] = f"see {text}"
    assert mentions(one, "dev-eu")
    other = Template(copy.deepcopy(full["dev-eu"].document))
    other.document["Outputs"]["ApiUrl"]["Description"] = f"see {text.replace('-eu', '')}"
    assert mentions(other, "dev")
