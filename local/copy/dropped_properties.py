"""Puts back, over AWS's own APIs, what the emulator drops from the template without a word.

ministack 1.5.33 creates request validators, TTL, point-in-time recovery, reserved concurrency,
access logs and a topic's tracing in name only. Everything here is read from the template, and a
repetition changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.copy.references import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TABLES = ("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table")


class Mending:
    """One round of mending of a deployed template."""

    def __init__(
        self,
        client: Callable[[str], Any],
        template: dict[str, Any],
        physical_ids: dict[str, str],
    ) -> None:
        """Take a template and the ids that its resources have been given."""
        self._client = client
        self._resources = template["Resources"]
        self._ids = physical_ids

    def mend(self) -> None:
        """Put everything back."""
        validators = self._request_validators()
        self._attach(validators)
        for name, properties in self._of_type(*_TABLES):
            self._time_to_live(self._ids[name], properties)
            self._recovery(self._ids[name], properties)
        for name, properties in self._of_type("AWS::Lambda::Function"):
            self._concurrency(self._ids[name], properties)
        for name, properties in self._of_type("AWS::SNS::Topic"):
            self._tracing(self._ids[name], properties)
        for name, properties in self._of_type("AWS::ApiGateway::Stage"):
            self._access_log(self._ids[name], properties)

    def _of_type(self, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self._resources.items():
            if resource["Type"] in types:
                yield name, resource.get("Properties", {})

    def _resolve(self, value: Any) -> str:
        """Resolve a property that names another resource."""
        return self._ids[value["Ref"]] if isinstance(value, dict) else str(value)

    def _request_validators(self) -> dict[str, str]:
        """Create the validators that are not there; give the ids of all, by name in the template.

        CloudFormation's name for a validator is optional, so they are told apart by a name of ours.
        """
        gateway = self._client("apigateway")
        ids: dict[str, str] = {}
        for name, properties in self._of_type("AWS::ApiGateway::RequestValidator"):
            api = self._resolve(properties["RestApiId"])
            wanted = {
                "validateRequestBody": bool(properties.get("ValidateRequestBody")),
                "validateRequestParameters": bool(properties.get("ValidateRequestParameters")),
            }
            existing = gateway.get_request_validators(restApiId=api, limit=500)["items"]
            found = next((item for item in existing if item.get("name") == name), None)
            if found and any(found[flag] != value for flag, value in wanted.items()):
                gateway.delete_request_validator(restApiId=api, requestValidatorId=found["id"])
                found = None
            if found is None:
                found = gateway.create_request_validator(restApiId=api, name=name, **wanted)
            ids[name] = found["id"]
        return ids

    def _attach(self, validators: dict[str, str]) -> None:
        gateway = self._client("apigateway")
        for _, properties in self._of_type("AWS::ApiGateway::Method"):
            validator = properties.get("RequestValidatorId")
            if not isinstance(validator, dict):
                continue
            method = {
                "restApiId": self._resolve(properties["RestApiId"]),
                "resourceId": self._resource_id(properties["ResourceId"]),
                "httpMethod": properties["HttpMethod"],
            }
            wanted = validators[validator["Ref"]]
            if gateway.get_method(**method).get("requestValidatorId") != wanted:
                change = {"op": "replace", "path": "/requestValidatorId", "value": wanted}
                gateway.update_method(**method, patchOperations=[change])

    def _resource_id(self, value: dict[str, Any]) -> str:
        """Resolve a method's resource, which may be the root: an attribute of the API."""
        if "Ref" in value:
            return self._ids[value["Ref"]]
        api = self._ids[value["Fn::GetAtt"][0]]
        return str(self._client("apigateway").get_rest_api(restApiId=api)["rootResourceId"])

    def _time_to_live(self, table: str, properties: dict[str, Any]) -> None:
        wanted = properties.get("TimeToLiveSpecification")
        if not wanted:
            return
        dynamodb = self._client("dynamodb")
        now = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if (now["TimeToLiveStatus"] in ("ENABLED", "ENABLING")) != wanted["Enabled"]:
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)

    def _recovery(self, table: str, properties: dict[str, Any]) -> None:
        # A global table says it for each of its replicas; here there is one.
        places = [properties, *properties.get("Replicas", [])]
        found = [
            place["PointInTimeRecoverySpecification"]
            for place in places
            if "PointInTimeRecoverySpecification" in place
        ]
        if found:
            self._client("dynamodb").update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification=found[0]
            )

    def _concurrency(self, function: str, properties: dict[str, Any]) -> None:
        wanted = properties.get("ReservedConcurrentExecutions")
        if wanted is not None:
            self._client("lambda").put_function_concurrency(
                FunctionName=function, ReservedConcurrentExecutions=int(wanted)
            )

    def _tracing(self, topic: str, properties: dict[str, Any]) -> None:
        wanted = properties.get("TracingConfig")
        if wanted is not None:
            self._client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="TracingConfig", AttributeValue=wanted
            )

    def _access_log(self, stage: str, properties: dict[str, Any]) -> None:
        """Set the log's group and format; that each request writes a line is a patch."""
        wanted = properties.get("AccessLogSetting")
        if not wanted:
            return
        destination = Resolver({"Resources": self._resources}, self._ids).resolve(
            wanted["DestinationArn"]
        )
        given = {"destinationArn": destination, "format": wanted["Format"]}
        self._client("apigateway").update_stage(
            restApiId=self._resolve(properties["RestApiId"]),
            stageName=stage,
            patchOperations=[
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
                for name, value in given.items()
            ],
        )
