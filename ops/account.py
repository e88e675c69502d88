"""The AWS account that a stage goes to: whose it is, and whether the stage fits in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from ops.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping

BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
"""Where `cdk bootstrap` leaves the version of what it has made."""

_OLDEST_BOOTSTRAP = 6
_KEPT_UNRESERVED = 100  # Lambda refuses a reservation that leaves less (Lambda quotas)
_SIGN_IN = "Sign in (`aws sso login`, `aws configure`) or set AWS_PROFILE, then try again."


@dataclass(frozen=True)
class Account:
    """An account and a Region in it, with the session that reaches them."""

    account_id: str
    region: str
    caller: str
    session: boto3.Session

    def client(self, service: str) -> Any:
        """Make a client of an AWS service."""
        factory: Any = self.session.client  # its stubs want the name as a literal
        return factory(service)


def sign_in(region: str) -> Account:
    """Find out whose credentials these are.

    Raises:
        OperatorError: when there are none, or AWS refuses them.
    """
    try:
        session = boto3.Session(region_name=region)
        identity = session.client("sts").get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError):
        raise OperatorError(f"There are no AWS credentials. {_SIGN_IN}") from None
    except ProfileNotFound as error:
        raise OperatorError(f"{error}. {_SIGN_IN}") from None
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise OperatorError(f"AWS refuses the credentials: {message} {_SIGN_IN}") from None
    except BotoCoreError as error:
        raise OperatorError(f"AWS cannot be reached: {error}") from None
    return Account(identity["Account"], region, identity["Arn"], session)


def check_bootstrap(account: Account, command: str) -> None:
    """Check that the CDK has what it needs in the account.

    Args:
        account: where to look.
        command: what bootstraps it.

    Raises:
        OperatorError: when it was never bootstrapped, or too long ago.
    """
    where = f"Account {account.account_id} in {account.region}"
    ssm = account.client("ssm")
    try:
        version = int(ssm.get_parameter(Name=BOOTSTRAP_VERSION)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        raise OperatorError(f"{where} is not prepared for the CDK. Once:\n  {command}") from None
    if version < _OLDEST_BOOTSTRAP:
        raise OperatorError(f"{where} was prepared for an older CDK. Once more:\n  {command}")


def check_concurrency(account: Account, stack: str, reserved: Mapping[str, int | None]) -> None:
    """Check that the account's quota leaves room for what a stage reserves.

    Args:
        account: where the quota holds.
        stack: the stack's name; what it has reserved already does not count twice.
        reserved: concurrent executions by function.

    Raises:
        OperatorError: when Lambda would refuse the reservation in the middle of the deployment.
    """
    wanted = sum(units or 0 for units in reserved.values())
    limits = account.client("lambda").get_account_settings()["AccountLimit"]
    quota, unreserved = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    available = unreserved + _reserved_by(account, stack) - _KEPT_UNRESERVED
    if wanted > available:
        raise OperatorError(
            f"The stage reserves {wanted} concurrent executions, but of this account's {quota} "
            f"only {max(available, 0)} can be reserved: Lambda keeps {_KEPT_UNRESERVED} for all. "
            "Have the quota raised (Service Quotas, AWS Lambda, Concurrent executions) or lower "
            "`reserved_concurrency` in infrastructure/settings.py."
        )


def _reserved_by(account: Account, stack: str) -> int:
    """Add up what the functions of a stack reserve now; none when there is no such stack."""
    lambda_ = account.client("lambda")
    try:
        pages = account.client("cloudformation").get_paginator("list_stack_resources")
        resources = [
            item
            for page in pages.paginate(StackName=stack)
            for item in page["StackResourceSummaries"]
            if item["ResourceType"] == "AWS::Lambda::Function" and item.get("PhysicalResourceId")
        ]
        answers = [
            lambda_.get_function_concurrency(FunctionName=item["PhysicalResourceId"])
            for item in resources
        ]
    except ClientError:
        return 0
    return sum(answer.get("ReservedConcurrentExecutions", 0) for answer in answers)
