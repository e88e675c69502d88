"""An AWS account that answers what it is told to, as the checks of `orders doctor` ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import Stubber

from infrastructure.settings import settings_of
from ops.release.account import Account, Place
from ops.release.before.checks_on_aws import ON_AWS

if TYPE_CHECKING:
    from ops.release.before.findings import Finding

STACK = "food-delivery-orders-prod"
CHECKS = {check.name: check for check in ON_AWS}


class Aws:
    """AWS, answering what a test has told it to, with boto3 checking the forms of it."""

    def __init__(self) -> None:
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.session: Any = session
        self.stubs: dict[str, Stubber] = {}
        caller = "arn:aws:iam::111122223333:user/me"
        real = Account("111122223333", "us-east-1", caller, session)
        self.account = replace(real)
        object.__setattr__(self.account, "client", self.client)

    def client(self, service: str) -> Any:
        """Give the one stubbed client of a service."""
        return self.stub(service).client

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            self.stubs[service] = Stubber(self.session.client(service))
            self.stubs[service].activate()
        return self.stubs[service]

    def answers(self, service: str, operation: str, **answer: Any) -> None:
        self.stub(service).add_response(operation, answer)

    def refuses(self, service: str, operation: str, code: str, message: str = "no") -> None:
        self.stub(service).add_client_error(operation, code, message)

    def finds(self, check: str, stage: str = "prod", **changes: Any) -> Finding:
        """Run a check of a stage with some settings changed."""
        return CHECKS[check].run(Place(replace(settings_of(stage), **changes), self.account))

    def has(self, *resources: tuple[str, str]) -> None:
        """Have a stack of these resources."""
        summaries = [
            {
                "ResourceType": kind,
                "PhysicalResourceId": name,
                "LogicalResourceId": "X",
                "ResourceStatus": "CREATE_COMPLETE",
                "LastUpdatedTimestamp": 0,
            }
            for kind, name in resources
        ]
        self.answers("cloudformation", "list_stack_resources", StackResourceSummaries=summaries)

    def has_no_stack(self, operation: str = "list_stack_resources") -> None:
        message = f"Stack with id {STACK} does not exist"
        self.refuses("cloudformation", operation, "ValidationError", message)
