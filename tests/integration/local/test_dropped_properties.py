"""What the emulator drops from templates, and that the mending puts it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import settings_of
from local.copy.dropped_properties import Mending
from ops.reach.clients import clients
from tests.integration import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

STACK = "mending"
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
                "Replicas": [
                    {
                        "Region": "us-east-1",
                        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    }
                ],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": "def handler(event, context): pass"},
                "Handler": "index.handler",
                "ReservedConcurrentExecutions": 7,
                "Role": "arn:aws:iam::000000000000:role/mending",
                "Runtime": "python3.13",
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TracingConfig": "Active"}},
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "mending"}},
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestParameters": True},
        },
        "Method": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "AuthorizationType": "NONE",
                "HttpMethod": "GET",
                "Integration": {"Type": "MOCK"},
                "RequestValidatorId": {"Ref": "Validator"},
                "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "RestApiId": {"Ref": "Api"},
            },
        },
    }
}

MENDED = {
    "recovery": "ENABLED",
    "time to live": ("ENABLED", "expiresAt"),
    "concurrency": 7,
    "validators": [(False, True)],
    "attached": True,
    "tracing": "Active",
}


@pytest.fixture(scope="module")
def client(stack: Endpoints) -> Callable[[str], Any]:
    return clients(stack.aws_endpoint_url)


@pytest.fixture(scope="module")
def ids(client: Callable[[str], Any]) -> Iterator[dict[str, str]]:
    """The ids of a small stack of its own that holds one of each."""
    cloudformation = client("cloudformation")
    stacks.make(cloudformation, STACK, json.dumps(TEMPLATE))
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    yield {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}
    stacks.end(cloudformation, STACK)


def found(client: Callable[[str], Any], ids: dict[str, str]) -> dict[str, Any]:
    """Ask the emulator for everything that the mending is about."""
    dynamodb, gateway = client("dynamodb"), client("apigateway")
    backups = dynamodb.describe_continuous_backups(TableName=ids["Table"])
    expiry = dynamodb.describe_time_to_live(TableName=ids["Table"])["TimeToLiveDescription"]
    function = client("lambda").get_function_concurrency(FunctionName=ids["Function"])
    validators = gateway.get_request_validators(restApiId=ids["Api"])["items"]
    root = gateway.get_rest_api(restApiId=ids["Api"])["rootResourceId"]
    method = gateway.get_method(restApiId=ids["Api"], resourceId=root, httpMethod="GET")
    topic = client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    return {
        "recovery": backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"][
            "PointInTimeRecoveryStatus"
        ],
        "time to live": (expiry["TimeToLiveStatus"], expiry.get("AttributeName")),
        "concurrency": function.get("ReservedConcurrentExecutions"),
        "validators": [
            (item["validateRequestBody"], item["validateRequestParameters"]) for item in validators
        ],
        "attached": method.get("requestValidatorId") in {item["id"] for item in validators},
        "tracing": topic.get("TracingConfig"),
    }


def test_each_is_dropped_and_put_back(client: Callable[[str], Any], ids: dict[str, str]) -> None:
    """What the template says holds after the mending; before it, nothing of it does.

    The first half fails once ministack drops less: then mend less.
    """
    dropped = found(client, ids)
    assert not [name for name, value in MENDED.items() if dropped[name] == value]
    Mending(client, TEMPLATE, ids).mend()
    assert found(client, ids) == MENDED


def test_again(client: Callable[[str], Any], ids: dict[str, str]) -> None:
    """A second mending changes nothing, and one after a change of flags leaves no old validator."""
    for _ in range(2):
        Mending(client, TEMPLATE, ids).mend()
        assert found(client, ids) == MENDED
    changed = json.loads(json.dumps(TEMPLATE))
    changed["Resources"]["Validator"]["Properties"]["ValidateRequestBody"] = True
    Mending(client, changed, ids).mend()
    assert found(client, ids) == {**MENDED, "validators": [(True, True)]}


def test_the_service_is_mended(stack: Endpoints, client: Callable[[str], Any]) -> None:
    """The running service has its recovery, its expiry and its reservation, as on AWS."""
    for table in stack.tables.values():
        backups = client("dynamodb").describe_continuous_backups(TableName=table)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    name = stack.functions["create_order"]
    reserved = client("lambda").get_function_concurrency(FunctionName=name)
    wanted = settings_of("dev").reserved_concurrency["create_order"]
    assert reserved["ReservedConcurrentExecutions"] == wanted
