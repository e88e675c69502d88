"""A stage in this process, as the commands about what runs now ask AWS for it."""

from __future__ import annotations

import datetime as dt
import itertools
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.settings import stack_name
from ops.reach.target import Target
from project.release import Release

FUNCTIONS = {"create_order": "create", "get_order": "get"}
START = dt.datetime(2026, 11, 30, 9, tzinfo=dt.UTC)


def refused(code: str, message: str = "no") -> ClientError:
    """Make AWS's refusal of a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Lambda:
    """Functions with versions and an alias, and the conditions that AWS keeps."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.aliases: dict[str, dict[str, Any]] = {}
        self._revisions = itertools.count(1)

    def deploy(self, function: str, code: str, **variables: str) -> None:
        """Give a function code and variables, publish it, and point the alias to that."""
        self.change(function, code, **variables)
        versions = self.versions.setdefault(function, [])
        number = str(len(versions) + 1)
        versions.append({**self.functions[function], "Version": number})
        self.aliases[function] = {"FunctionVersion": number, "RevisionId": self._revision()}

    def change(self, function: str, code: str, **variables: str) -> None:
        """Change the function itself, and publish nothing."""
        self.functions[function] = {
            "FunctionName": function,
            "Version": "$LATEST",
            "CodeSha256": code,
            "LastModified": START.isoformat(),
            "Environment": {"Variables": variables},
        }

    def get_alias(self, *, FunctionName: str, Name: str) -> Any:  # noqa: N803 - AWS's own names
        assert Name == "live"
        if FunctionName not in self.aliases:
            raise refused("ResourceNotFoundException")
        return dict(self.aliases[FunctionName])

    def update_alias(
        self,
        *,
        FunctionName: str,  # noqa: N803
        Name: str,  # noqa: N803
        FunctionVersion: str,  # noqa: N803
        RoutingConfig: Any,  # noqa: N803
        RevisionId: str,  # noqa: N803
    ) -> Any:
        assert RoutingConfig == {"AdditionalVersionWeights": {}}
        if self.get_alias(FunctionName=FunctionName, Name=Name)["RevisionId"] != RevisionId:
            raise refused("PreconditionFailedException")
        moved = {"FunctionVersion": FunctionVersion, "RevisionId": self._revision()}
        self.aliases[FunctionName] = moved
        return dict(moved)

    def get_function_configuration(self, *, FunctionName: str) -> Any:  # noqa: N803
        return dict(self.functions[FunctionName])

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_versions_by_function"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, FunctionName: str) -> Any:  # noqa: N803
        """Give a page for each version, as AWS may."""
        every = [self.functions[FunctionName], *self.versions[FunctionName]]
        return ({"Versions": [dict(version)]} for version in every)

    def _revision(self) -> str:
        return f"revision-{next(self._revisions)}"


class ParameterStore:
    """One parameter, with its history."""

    class exceptions:  # noqa: N801 - as boto3 has it
        """What is caught by its class."""

        class ParameterNotFound(ClientError):
            """There is no such parameter."""

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []

    def write(self, text: str, at: dt.datetime, user: str = "a/AWSCloudFormation") -> None:
        """Write the parameter once more."""
        entry = {"Value": text, "LastModifiedDate": at, "LastModifiedUser": user}
        self.history.append({**entry, "Version": len(self.history) + 1})

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        assert Name == "/food-delivery/dev/release"
        return {"Parameter": self._found()[-1]}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_parameter_history"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, Name: str) -> Any:  # noqa: N803
        assert Name == "/food-delivery/dev/release"
        for each in self._found():
            yield {"Parameters": [each]}

    def _found(self) -> list[dict[str, Any]]:
        if not self.history:
            answer: Any = {"Error": {"Code": "ParameterNotFound"}}
            raise self.exceptions.ParameterNotFound(answer, "GetParameter")
        return self.history


class CloudFormation:
    """The stack, its template, and what a drift detection finds of it."""

    def __init__(self, functions: Lambda) -> None:
        self._functions = functions
        self.wanted: dict[str, str] = {}
        self.statuses: dict[str, str] = {}
        self.stack: dict[str, Any] = {
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/dev/1",
            "StackStatus": "UPDATE_COMPLETE",
            "LastUpdatedTime": START,
        }
        self.drifts: list[dict[str, Any]] = []
        self.detection = ["DETECTION_IN_PROGRESS", "DETECTION_COMPLETE"]
        self.refuses: ClientError | None = None

    def describe_stacks(self, **_: Any) -> Any:
        return {"Stacks": [self.stack]}

    def get_template(self, **_: Any) -> Any:
        resources: dict[str, Any] = {"Release": {"Type": "AWS::SSM::Parameter", "Properties": {}}}
        for name in self.wanted:
            bucket = {"Fn::Sub": "assets-${AWS::AccountId}-${AWS::Region}"}
            code = {"S3Bucket": bucket, "S3Key": "asset.zip"}
            resources[name] = {"Type": "AWS::Lambda::Function", "Properties": {"Code": code}}
            resources[f"{name}Live"] = {
                "Type": "AWS::Lambda::Alias",
                "Properties": {
                    "Name": "live",
                    "FunctionName": {"Ref": name},
                    "FunctionVersion": {"Fn::GetAtt": [f"{name}Version", "Version"]},
                },
            }
        return {"TemplateBody": {"Resources": resources}}

    def detect_stack_drift(self, **_: Any) -> Any:
        if self.refuses:
            raise self.refuses
        return {"StackDriftDetectionId": "detection"}

    def describe_stack_drift_detection_status(self, *, StackDriftDetectionId: str) -> Any:  # noqa: N803
        assert StackDriftDetectionId == "detection"
        status = self.detection.pop(0) if len(self.detection) > 1 else self.detection[0]
        return {"DetectionStatus": status, "DetectionStatusReason": "no right to read"}

    def describe_stack_resource_drifts(self, **asked: Any) -> Any:
        """Give a page for each."""
        at = int(asked.get("NextToken", "0"))
        wanted = asked["StackResourceDriftStatusFilters"]
        found = [each for each in self.drifts if each["StackResourceDriftStatus"] in wanted]
        following = {"NextToken": str(at + 1)} if at + 1 < len(found) else {}
        return {"StackResourceDrifts": found[at : at + 1], **following}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_stack_resources"
        return SimpleNamespace(paginate=lambda **_: self._pages())

    def _pages(self) -> Any:
        names = {"Table": ("AWS::DynamoDB::GlobalTable", "orders")}
        for name, version in self.wanted.items():
            arn = f"arn:aws:lambda:us-east-1:111122223333:function:{name}"
            names[name] = ("AWS::Lambda::Function", name)
            names[f"{name}Version"] = ("AWS::Lambda::Version", f"{arn}:{version}")
            names[f"{name}Live"] = ("AWS::Lambda::Alias", f"{arn}:live")
        for logical, (kind, physical) in names.items():
            checked = "NOT_CHECKED" if kind.endswith("Table") else "IN_SYNC"
            item = {
                "LogicalResourceId": logical,
                "ResourceType": kind,
                "PhysicalResourceId": physical,
                "ResourceStatus": self.statuses.get(logical, "UPDATE_COMPLETE"),
                "LastUpdatedTimestamp": START + dt.timedelta(minutes=1),
                "DriftInformation": {"StackResourceDriftStatus": checked},
            }
            yield {"StackResourceSummaries": [item]}


class CloudWatch:
    """Alarms that are on."""

    def __init__(self) -> None:
        self.metric: list[str] = []
        self.composite: list[str] = []

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_alarms"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, AlarmNamePrefix: str, StateValue: str, **_: Any) -> Any:  # noqa: N803
        assert StateValue == "ALARM"
        kinds = (("MetricAlarms", self.metric), ("CompositeAlarms", self.composite))
        for kind, names in kinds:
            yield {kind: [{"AlarmName": f"{AlarmNamePrefix}{name}"} for name in names]}


class Stage:
    """All services of a stage that has releases."""

    def __init__(self) -> None:
        self.functions, self.parameters = Lambda(), ParameterStore()
        self.stack, self.alarms = CloudFormation(self.functions), CloudWatch()
        services: dict[str, Any] = {
            "lambda": self.functions,
            "ssm": self.parameters,
            "cloudformation": self.stack,
            "cloudwatch": self.alarms,
        }
        named = {outputs.function(name): real for name, real in FUNCTIONS.items()}
        self.outputs: dict[str, str] = named
        stack = stack_name("dev")
        self.target = Target("stage dev", stack, services.__getitem__, self.outputs, "make deploy")

    def deploy(self, number: int) -> None:
        """Deploy a release: code, versions, alias, template, output and parameter."""
        for function in FUNCTIONS.values():
            self.functions.deploy(function, f"code-{number}", LOG_LEVEL="INFO")
            self.stack.wanted[function] = self.functions.aliases[function]["FunctionVersion"]
        release = Release(f"1.0.{number}", f"{number:x}" * 40, dirty=False)
        self.outputs[outputs.RELEASE] = release.text()
        versions = {name: self.stack.wanted[real] for name, real in FUNCTIONS.items()}
        self.parameters.write(release.text(versions), START + dt.timedelta(hours=number))
