"""Each part is connected with its own counterpart: method, permission, function, role, table."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.functions import construct_id, names
from infrastructure.settings import STAGES, parameter_prefix
from orders.routes import ROUTES, STAGE

if TYPE_CHECKING:
    from orders.routes import Route
    from tests.infrastructure.conftest import Template

ROUTE_IDS = [f"{route.method} {route.path}" for route in ROUTES]
WAITED_FOR = ("Method", "Resource", "Model", "GatewayResponse", "RequestValidator", "Authorizer")
"""What a deployment of the API takes a picture of."""

REFERENCES = {
    "ORDERS_TABLE": "DataOrders",
    "IDEMPOTENCY_TABLE": "DataIdempotencyKeys",
    "PARTNERS_TABLE": "DataPartners",
}
TRUSTED = {
    "HeartbeatRole": "scheduler.amazonaws.com",
    "ProcessingDeadlinesRole": "scheduler.amazonaws.com",
    "Api": "apigateway.amazonaws.com",
    "ProcessingPipe": "pipes.amazonaws.com",
}
"""Which service takes a role, by how the role's id starts; all others are functions'."""


def method_of(template: Template, route: Route) -> dict[str, Any]:
    methods = (method for _, method in template.all("ApiGateway::Method"))
    (found,) = (method for method in methods if method.get("OperationName") == route.operation)
    return found


def id_of(template: Template, kind: str, start: str) -> str:
    (found,) = (name for name, _ in template.all(kind) if name.startswith(start))
    return found


def path_of(template: Template, resource: dict[str, Any]) -> str:
    """Give the path of an API's resource, such as `/orders/{orderId}`."""
    if "Ref" not in resource:
        return ""
    properties = template.document["Resources"][resource["Ref"]]["Properties"]
    return f"{path_of(template, properties['ParentId'])}/{properties['PathPart']}"


SERVING = "ProcessingRestaurantNotificationsQueue"


def named(node: Any) -> set[str]:
    """Give the ids of all resources that something refers to."""
    text = json.dumps(node)
    return {*re.findall(r'"Ref": "(\w+)"', text), *re.findall(r'"Fn::GetAtt": \["(\w+)"', text)}


@pytest.mark.parametrize("route", ROUTES, ids=ROUTE_IDS)
def test_a_route_leads_to_its_function(template: Template, route: Route) -> None:
    """Each method stands at its path and calls its function, whole, as Lambda wants it."""
    method = method_of(template, route)
    assert path_of(template, method["ResourceId"]) == route.path
    integration = method["Integration"]
    assert (integration["Type"], integration["IntegrationHttpMethod"]) == ("AWS_PROXY", "POST")
    alias = id_of(template, "Lambda::Alias", f"{construct_id(route.function)}Live")
    assert named(integration["Uri"]) == {alias}


@pytest.mark.parametrize("route", ROUTES, ids=ROUTE_IDS)
def test_a_route_may_call_its_function(template: Template, route: Route) -> None:
    """Whichever function a method calls, that one has the permission for just this method."""
    called = named(method_of(template, route)["Integration"]["Uri"])
    tail = f"/{STAGE}/{route.method}{re.sub(r'{[^}]+}', '*', route.path)}"
    (permission,) = (
        permission
        for _, permission in template.all("Lambda::Permission")
        if permission.get("SourceArn", {}).get("Fn::Join", ["", [""]])[1][-1] == tail
    )
    assert named(permission["FunctionName"]) == called
    assert permission["Action"] == "lambda:InvokeFunction"


def test_a_stage_calls_only_what_it_may_already(template: Template) -> None:
    """Where a deployment changes what methods call, no request comes before the permission."""
    permissions = {
        name
        for name, permission in template.all("Lambda::Permission")
        if permission["Principal"] == "apigateway.amazonaws.com"
    }
    assert permissions <= set(template.resource("ApiGateway::Deployment", "Api")["DependsOn"])


def test_the_gateway_never_waits_longer_than_it_can(template: Template) -> None:
    """No method asks for more than the 29 seconds of API Gateway, nor a function for more."""
    for name, method in template.all("ApiGateway::Method"):
        assert method["Integration"].get("TimeoutInMillis", 29_000) <= 29_000, name


def test_the_api_takes_text_from_everywhere(template: Template) -> None:
    """Keys come in their header, bodies as text, and from any network; authorizers decide."""
    api = template.one("ApiGateway::RestApi")
    assert api["ApiKeySourceType"] == "HEADER"
    assert not {"BinaryMediaTypes", "Policy", "Body", "BodyS3Location"} & set(api)
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


@pytest.mark.parametrize("stage", STAGES)
def test_health_can_be_asked_by_the_stage_s_pages(
    templates: dict[str, Template], stage: str
) -> None:
    """The health answer names the stage's own origin."""
    methods = (method for _, method in templates[stage].all("ApiGateway::Method"))
    (health,) = (method for method in methods if method.get("OperationName") == "health")
    (answer,) = health["Integration"]["IntegrationResponses"]
    origin = answer["ResponseParameters"]["method.response.header.Access-Control-Allow-Origin"]
    assert origin == f"'{STAGES[stage].origins[0]}'"


def test_the_stage_serves_a_deployment_of_the_whole_api(template: Template) -> None:
    """The deployment is made when all methods, models and errors are there; the stage serves it."""
    (deployment,) = (name for name, _ in template.all("ApiGateway::Deployment"))
    waits = set(template.document["Resources"][deployment]["DependsOn"])
    for kind in WAITED_FOR:
        assert {name for name, _ in template.all(f"ApiGateway::{kind}")} <= waits, kind
    assert template.one("ApiGateway::Stage").get("DeploymentId") == {"Ref": deployment}


def test_no_answer_is_kept_for_somebody_else(template: Template) -> None:
    """API Gateway caches nothing: whoever asks is answered by the function, as who they are."""
    stage = template.one("ApiGateway::Stage")
    assert not stage.get("CacheClusterEnabled")
    assert not any(setting.get("CachingEnabled") for setting in stage["MethodSettings"])


def test_access_logs_can_be_written(template: Template) -> None:
    """API Gateway has the role that it writes logs with before there is a stage with logs."""
    account, properties = next(template.all("ApiGateway::Account"))
    assert named(properties) == {id_of(template, "IAM::Role", "ApiRestApiCloudWatchRole")}
    assert account in template.resource("ApiGateway::Stage", "ApiRestApi")["DependsOn"]


def test_every_plan_is_for_this_stage(template: Template) -> None:
    """A key of either plan opens this API's stage."""
    stage, properties = next(template.all("ApiGateway::Stage"))
    for _, plan in template.all("ApiGateway::UsagePlan"):
        assert [(part["ApiId"], part["Stage"]) for part in plan["ApiStages"]] == [
            (properties["RestApiId"], {"Ref": stage})
        ]


def functions_of(template: Template) -> list[str]:
    """Give the functions that a stage has; not every stage has a heartbeat."""
    there = [name for name, _ in template.all("Lambda::Function")]
    return [
        name
        for name in names()
        if any(one.startswith(f"{construct_id(name)}Function") for one in there)
    ]


def test_variables_name_what_they_say(template: Template) -> None:
    """Each function looks for orders in the table of orders, and buries in its own queue."""
    for name in functions_of(template):
        function = template.one("Lambda::Function", f"{construct_id(name)}Function")
        variables = function["Environment"]["Variables"]
        for variable, start in REFERENCES.items():
            if variable in variables:
                table = id_of(template, "DynamoDB::GlobalTable", start)
                assert variables[variable] == {"Ref": table}
        if "DEAD_LETTER_QUEUE" in variables:
            for live in fed_by(template, name):
                redrive = live["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
                assert named(redrive) == named(variables[dead_letters_of(template, live)])


def dead_letters_of(template: Template, queue: dict[str, Any]) -> str:
    """Name the variable that says where a queue's dead letters lie."""
    serving = queue["Properties"] == template.one("SQS::Queue", SERVING)
    return "RESTAURANTS_DEAD_LETTERS" if serving else "DEAD_LETTER_QUEUE"


def fed_by(template: Template, name: str) -> list[dict[str, Any]]:
    """Give the queues that feed a function: at least one."""
    mappings = [
        mapping
        for start, mapping in template.all("Lambda::EventSourceMapping")
        if start.startswith(construct_id(name))
    ]
    assert mappings
    resources = template.document["Resources"]
    return [resources[mapping["EventSourceArn"]["Fn::GetAtt"][0]] for mapping in mappings]


@pytest.mark.parametrize("stage", STAGES)
def test_variables_have_the_stage_s_values(templates: dict[str, Template], stage: str) -> None:
    """Numbers are numbers, and the names of parameters are those of the stage itself."""
    for _, function in templates[stage].all("Lambda::Function"):
        variables = function["Environment"]["Variables"]
        for name in {"IDEMPOTENCY_HOURS", "RETRY_SECONDS"} & set(variables):
            assert int(variables[name]) >= 1, name
        assert variables.get("STAGE", stage) == stage
        for name in {"FLAGS_PARAMETER", "SIGNING_KEY_PARAMETER", "PARTNERS_PREFIX"} & set(
            variables
        ):
            assert variables[name].startswith(f"{parameter_prefix(stage)}/"), name


def test_parameters_are_made_where_functions_look(template: Template) -> None:
    """The function that makes flags and key is asked, and makes them under the readers' names."""
    resources = template.document["Resources"].values()
    (made,) = (r["Properties"] for r in resources if r["Type"] == "Custom::CreatedParameters")
    maker = id_of(template, "Lambda::Function", "CreateParametersFunction")
    assert made["ServiceToken"] == {"Fn::GetAtt": [maker, "Arn"]}
    reader = template.one("Lambda::Function", "NotifyPartnerFunction")["Environment"]["Variables"]
    assert made["Flags"] == reader["FLAGS_PARAMETER"]
    assert made["SigningKey"] == reader["SIGNING_KEY_PARAMETER"]


def test_every_policy_is_of_one_role(template: Template) -> None:
    """A role has the one policy that was written for it, and nothing beside it.

    What names the pool that names the function has a second one, or each would wait for the other.
    """
    held = []
    for name, policy in template.all("IAM::Policy"):
        (role,) = policy["Roles"]
        owner = role["Ref"][:-8]  # without the hash
        if name.startswith("CheckSecondFactorPeople"):
            assert owner == "CheckSecondFactorRole"
            continue
        assert name.startswith(owner), name
        held.append(role["Ref"])
    assert len(held) == len(set(held))
    for name, role in template.all("IAM::Role"):
        assert "Policies" not in role, name
        assert name.startswith("Api") or name in held, name


def test_every_role_is_of_one_service(template: Template) -> None:
    """No account and no person takes a role: each is for the one service that works with it."""
    for name, role in template.all("IAM::Role"):
        expected = next((of for start, of in TRUSTED.items() if name.startswith(start)), None)
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": expected or "lambda.amazonaws.com"}, name
        assert (trust["Effect"], trust["Action"]) == ("Allow", "sts:AssumeRole"), name


def test_a_function_is_made_after_its_permissions(template: Template) -> None:
    """Nothing calls a function whose role has no policy yet, not even the deployment itself."""
    for start in map(construct_id, functions_of(template)):
        policy = id_of(template, "IAM::Policy", f"{start}Role")
        assert policy in template.resource("Lambda::Function", f"{start}Function")["DependsOn"]


def test_what_aws_checks_a_role_for_comes_late(template: Template) -> None:
    """A first deployment does not fail where IAM spreads a new role's policy only after seconds."""
    resources: dict[str, dict[str, Any]] = template.document["Resources"]
    (created,) = (n for n, r in resources.items() if r["Type"] == "Custom::CreatedParameters")
    mappings = {name for name, _ in template.all("Lambda::EventSourceMapping")}
    late = ("Lambda::EventSourceMapping", "Pipes::Pipe", "Scheduler::Schedule")
    for kind in (*late, "ApiGateway::Account"):
        for name, _ in template.all(kind):
            assert created in resources[name]["DependsOn"], name
    assert mappings < set(template.resource("Pipes::Pipe", "Processing")["DependsOn"])


def test_functions_run_the_asset(template: Template) -> None:
    """Their code comes from the bucket of the account's own bootstrap, all from one file."""
    codes = {json.dumps(function["Code"]) for _, function in template.all("Lambda::Function")}
    (code,) = map(json.loads, codes)
    assert set(code) == {"S3Bucket", "S3Key"}
    assert code["S3Bucket"]["Fn::Sub"].startswith("cdk-")
    assert "-assets-${AWS::AccountId}-" in code["S3Bucket"]["Fn::Sub"]


def test_outputs_name_what_they_say(template: Template) -> None:
    """Operators' commands act on the table that they mean."""
    outputs = {name: output["Value"] for name, output in template.document["Outputs"].items()}
    for name in ("Orders", "Partners"):
        assert outputs[f"{name}Table"] == {
            "Ref": id_of(template, "DynamoDB::GlobalTable", f"Data{name}")
        }
    keys = id_of(template, "DynamoDB::GlobalTable", "DataIdempotencyKeys")
    assert outputs["IdempotencyTable"] == {"Ref": keys}
    for name in functions_of(template):
        function = f"{construct_id(name)}Function"
        assert outputs[function] == {"Ref": id_of(template, "Lambda::Function", function)}
    assert outputs["UserPoolId"] == {"Ref": id_of(template, "Cognito::UserPool", "Identity")}


def test_facts_name_what_they_say(template: Template) -> None:
    """Other services find the topic where the topic is promised, and each table at its name."""
    facts = {p["Name"].split("/", 3)[3]: p["Value"] for _, p in template.all("SSM::Parameter")}
    kinds = {"tables": "DynamoDB::GlobalTable", "queues": "SQS::Queue", "topics": "SNS::Topic"}
    for name, value in facts.items():
        kind = kinds.get(name.partition("/")[0])
        if kind is not None:
            assert value["Ref"] in {found for found, _ in template.all(kind)}, name
    tables = {name: value for name, value in facts.items() if name.startswith("tables/")}
    for name, value in tables.items():
        words = name.removeprefix("tables/").split("-")
        assert value["Ref"].startswith("Data" + "".join(w.capitalize() for w in words)), name
