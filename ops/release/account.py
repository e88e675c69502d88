"""The AWS account that a stage goes to: whose it is, and whether the stage fits in."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - no connection to AWS, not Python's own
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from infrastructure.settings import KEPT_UNRESERVED, stack_name
from ops.reach.aws_errors import SIGN_IN
from ops.reach.errors import Obstacle, OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.config import Config

    from infrastructure.settings import Settings

_QUALIFIER = "hnb659fds"

DEPLOYS, PUBLISHES, EXECUTES = "deploy-role", "file-publishing-role", "cfn-exec-role"
"""The roles of the bootstrap: who asks CloudFormation, who fills the bucket of assets, and as whom
CloudFormation makes things."""

BOOTSTRAP_VERSION = f"/cdk-bootstrap/{_QUALIFIER}/version"
"""Where `cdk bootstrap` leaves the version of what it has made."""

_OLDEST_BOOTSTRAP = 21
"""Before it, whoever made the account's bucket of assets anew, had it been deleted, got our
templates and code to change: https://github.com/aws/aws-cdk/issues/31885."""

_ONE_AT_A_TIME = threading.Lock()  # a session cannot make two clients at once


@dataclass(frozen=True)
class Account:
    """An account and a Region in it, with the session that reaches them."""

    account_id: str
    region: str
    caller: str
    session: boto3.Session
    config: Config | None = None
    """Time-outs and retries of its clients; None for boto3's own."""

    def client(self, service: str) -> Any:
        """Make a client of an AWS service."""
        factory: Any = self.session.client  # its stubs want the name as a literal
        with _ONE_AT_A_TIME:
            return factory(service, config=self.config)


@dataclass(frozen=True)
class Place:
    """A stage's settings, and the account that it goes to."""

    settings: Settings
    account: Account

    @property
    def stack(self) -> str:
        """The stack's name."""
        return stack_name(self.settings.stage)

    @functools.cached_property
    def owned(self) -> set[str]:
        """The names of what belongs to the stack already."""
        return {name for _, name in resources_of(self.account, self.stack)}

    def client(self, service: str) -> Any:
        """Make a client of an AWS service."""
        return self.account.client(service)

    def as_role(self, role: str, service: str) -> Any:
        """Make a client of an AWS service that asks as a role of the bootstrap, as the CDK does.

        Whoever may not take the role asks as itself: AWS then says what is missing.

        Args:
            role: DEPLOYS or PUBLISHES.
            service: the service's name.
        """
        arn = role_arn(self.account, role)
        try:
            taken = self.account.client("sts").assume_role(
                RoleArn=arn, RoleSessionName=f"orders-{self.settings.stage}"
            )["Credentials"]
        except ClientError:
            return self.client(service)
        session = boto3.Session(
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
            region_name=self.account.region,
        )
        return replace(self.account, session=session).client(service)


def role_arn(account: Account, role: str) -> str:
    """Name a role of the bootstrap."""
    partition = account.caller.split(":")[1]
    return (
        f"arn:{partition}:iam::{account.account_id}:role/"
        f"cdk-{_QUALIFIER}-{role}-{account.account_id}-{account.region}"
    )


def bucket_of_assets(account: Account) -> str:
    """Name the bucket of the bootstrap, which has code and templates."""
    return f"cdk-{_QUALIFIER}-assets-{account.account_id}-{account.region}"


def sign_in(region: str, config: Config | None = None) -> Account:
    """Find out whose credentials these are.

    Args:
        region: where the account is asked.
        config: time-outs and retries; None for boto3's own.

    Raises:
        Obstacle: when there are none, or AWS refuses them.
        OperatorError: when AWS cannot be reached.
    """
    try:
        session = boto3.Session(region_name=region)
        identity = session.client("sts", config=config).get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError):
        raise Obstacle("There are no AWS credentials.", SIGN_IN) from None
    except ProfileNotFound as error:
        raise Obstacle(f"{error}.", SIGN_IN) from None
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise Obstacle(f"AWS refuses the credentials: {message}", SIGN_IN) from None
    except (ConnectionError, HTTPClientError) as error:
        raise OperatorError(f"AWS cannot be reached: {error}") from None
    except BotoCoreError as error:  # a sign-in that has expired, as a rule
        raise Obstacle(f"AWS cannot be asked: {error}.", SIGN_IN) from None
    return Account(identity["Account"], region, identity["Arn"], session, config)


def check_account(place: Place) -> None:
    """Check that the credentials are of the account that the stage belongs to.

    Raises:
        Obstacle: when its settings name another.
    """
    wanted, found = place.settings.account, place.account.account_id
    if wanted is not None and found != wanted:
        raise Obstacle(
            f"Stage {place.settings.stage} belongs to account {wanted}, and these credentials are "
            f"of account {found}.",
            "Set AWS_PROFILE to a profile of the former, or mend `account` in "
            "infrastructure/settings.py.",
        )


def check_bootstrap(account: Account, command: str) -> None:
    """Check that the CDK has what it needs in the account.

    Args:
        account: where to look.
        command: what bootstraps it.

    Raises:
        Obstacle: when it was never bootstrapped, or too long ago.
    """
    where = f"Account {account.account_id} in {account.region}"
    ssm = account.client("ssm")
    try:
        version = int(ssm.get_parameter(Name=BOOTSTRAP_VERSION)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        raise Obstacle(f"{where} is not prepared for the CDK.", f"Once:\n  {command}") from None
    if version < _OLDEST_BOOTSTRAP:
        raise Obstacle(
            f"{where} was prepared by an older CDK (bootstrap version {version}, not "
            f"{_OLDEST_BOOTSTRAP}), which is not safe: code would go to a stranger's bucket that "
            "has the name of ours.",
            f"Once more:\n  {command}",
        )


@dataclass(frozen=True)
class Concurrency:
    """How many executions the account's functions can have at once."""

    quota: int
    """All of them together."""
    available: int
    """What a stage can share among its own, with what it has reserved already."""

    @property
    def reservable(self) -> int:
        """What of it the stage can reserve."""
        return max(self.available - KEPT_UNRESERVED, 0)


def concurrency_of(account: Account, stack: str) -> Concurrency:
    """Ask for the quota; what a stack has reserved already does not count twice."""
    limits = account.client("lambda").get_account_settings()["AccountLimit"]
    unreserved = limits["UnreservedConcurrentExecutions"]
    return Concurrency(limits["ConcurrentExecutions"], unreserved + _reserved_by(account, stack))


def check_concurrency(account: Account, stack: str, reserved: Mapping[str, int | None]) -> None:
    """Check that the account's quota leaves room for what a stage reserves.

    Args:
        account: where the quota holds.
        stack: the stack's name.
        reserved: concurrent executions by function.

    Raises:
        Obstacle: when Lambda would refuse the reservation in the middle of the deployment.
    """
    wanted = sum(units or 0 for units in reserved.values())
    room = concurrency_of(account, stack)
    if wanted > room.reservable:
        raise Obstacle(
            f"The stage reserves {wanted} concurrent executions, but of this account's "
            f"{room.quota} only {room.reservable} can be reserved: Lambda keeps "
            f"{KEPT_UNRESERVED} for all.",
            "Have the quota raised (Service Quotas, AWS Lambda, Concurrent executions) or lower "
            "`reserved_concurrency` in infrastructure/settings.py.",
        )


def resources_of(account: Account, stack: str) -> list[tuple[str, str]]:
    """List the type and name of everything in a stack; nothing when there is no such stack."""
    try:
        pages = account.client("cloudformation").get_paginator("list_stack_resources")
        return [
            (item["ResourceType"], item.get("PhysicalResourceId", ""))
            for page in pages.paginate(StackName=stack)
            for item in page["StackResourceSummaries"]
        ]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return []
        raise


def _reserved_by(account: Account, stack: str) -> int:
    """Add up what the functions of a stack reserve now; none when there is no such stack."""
    functions = [
        name for kind, name in resources_of(account, stack) if kind == "AWS::Lambda::Function"
    ]
    return sum(_reserved_for(account, name) for name in functions if name)


def _reserved_for(account: Account, function: str) -> int:
    lambda_ = account.client("lambda")
    try:
        answer = lambda_.get_function_concurrency(FunctionName=function)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":  # deleted by hand
            return 0
        raise
    return int(answer.get("ReservedConcurrentExecutions", 0))
