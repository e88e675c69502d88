"""Permissions: each given with the reason why, and the conditions under which.

docs/security/permissions.md is made from the template and from these reasons; a test fails for a
permission without a reason, and for a reason without a permission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam

from orders.domain.changes import attributes_of, confirm, expire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import Construct

Conditions = dict[str, dict[str, str | list[str]]]
"""The conditions of a statement, by operator and key."""

IN_A_TRANSACTION: Conditions = {
    "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}
}
"""An order without the record of its Idempotency-Key, or a record without an order, is refused."""

CONFIRMING: Conditions = {
    "ForAllValues:StringEquals": {
        "dynamodb:Attributes": sorted({*attributes_of(confirm(0)), *attributes_of(expire(0))})
    }
}
"""What confirming an order, and rejecting one in the service's name, changes and looks at; the
answer holds the rest, as it does for all."""


def to_service(service: str) -> Conditions:
    """Let a role be passed to a service alone, such as `scheduler`."""
    return {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}


def of_items(keys: Iterable[str]) -> Conditions:
    """Let a table be used only for the items of some partition keys."""
    return {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(keys)}}


def through(service: str) -> Conditions:
    """Let a key be used only by way of a service, such as `sqs`, in this Region."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{Aws.REGION}.amazonaws.com"}}


def of_tables(names: Iterable[str]) -> Conditions:
    """Let a key be used only for the data of some tables, by way of DynamoDB.

    https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
    """
    return _for("dynamodb", "aws:dynamodb:tableName", names)


def of_queues(arns: Iterable[str]) -> Conditions:
    """Let a key be used only for the messages of some queues, by way of SQS.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
    """
    return _for("sqs", "aws:sqs:arn", arns)


def of_topic(arn: str) -> Conditions:
    """Let a key be used only for the messages of a topic, by way of SNS.

    https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
    """
    return _for("sns", "aws:sns:topicArn", [arn])


def of_parameters(arn: str) -> Conditions:
    """Let a key be used only for some parameters, by way of Parameter Store.

    https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    """
    return {**through("ssm"), "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": arn}}


def _for(service: str, key: str, values: Iterable[str]) -> Conditions:
    context: dict[str, str | list[str]] = {f"kms:EncryptionContext:{key}": list(values)}
    return {"StringEquals": {**through(service)["StringEquals"], **context}}


def of_this_account(service: str) -> iam.ServicePrincipal:
    """Trust a service when it acts for this account.

    For services that name no resource which is known before the role: the ARN of a function or a
    pipe is not. Those who pass a role to a service need iam:PassRole on it:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    principal = f"{service}.amazonaws.com"
    here = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    return iam.ServicePrincipal(principal, conditions=here)


def by_schedules_of(group: str) -> iam.ServicePrincipal:
    """Trust EventBridge Scheduler for the schedules of a group of this account.

    AWS compares with the schedule's group, and not with the schedule:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    groups = f"arn:{Aws.PARTITION}:scheduler:{Aws.REGION}:{Aws.ACCOUNT_ID}:schedule-group"
    ours = {"aws:SourceAccount": Aws.ACCOUNT_ID, "aws:SourceArn": f"{groups}/{group}"}
    return iam.ServicePrincipal("scheduler.amazonaws.com", conditions={"StringEquals": ours})


class Reason(NamedTuple):
    """Why a role may do something."""

    path: str
    """Where the role, or the policy that is for others, stands in the tree of its stack."""
    statement: iam.PolicyStatement
    why: str


_PLACES: WeakKeyDictionary[Construct, tuple[Stack, str]] = WeakKeyDictionary()
"""The stack of each role and policy, and where it stands there: CDK is slow to tell."""

_REASONS: WeakKeyDictionary[Stack, list[Reason]] = WeakKeyDictionary()
"""By stack, not by construct: CDK gives back the same Python object only while one is kept."""


def reasons_of(stack: Stack) -> list[Reason]:
    """Give the reasons of all that a stack's roles may do, in the order in which they were said."""
    return _REASONS.get(stack, [])


def allow(
    grantee: iam.Role | iam.ManagedPolicy,
    *actions: str,
    on: str,
    why: str,
    conditions: Conditions | None = None,
    policy: iam.Policy | None = None,
) -> None:
    """Let a role, or whoever gets a policy, do some actions on one resource.

    Args:
        grantee: the role or policy.
        actions: such as `dynamodb:GetItem`.
        on: the resource's ARN.
        why: what for, in the document's words; no template has it.
        conditions: when it may.
        policy: one of the role's for this alone; None for that which the role is made with.
    """
    statement = _statement(actions, on, conditions)
    if policy is None and isinstance(grantee, iam.Role):
        grantee.add_to_policy(statement)  # a message to Node.js, where its principal takes four
    elif policy is None:
        grantee.grant_principal.add_to_principal_policy(statement)
    else:
        policy.add_statements(statement)
    _keep(grantee, statement, why)


def explain(role: iam.Role, *actions: str, on: str, why: str) -> None:
    """Say why a role may do what CDK lets it do by itself; arguments as of allow."""
    _keep(role, _statement(actions, on), why)


def _statement(
    actions: Iterable[str], on: str, conditions: Conditions | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[on], conditions=conditions)


def _keep(construct: Construct, statement: iam.PolicyStatement, why: str) -> None:
    if construct not in _PLACES:
        _PLACES[construct] = Stack.of(construct), construct.node.path.partition("/")[2]
    stack, path = _PLACES[construct]
    _REASONS.setdefault(stack, []).append(Reason(path, statement, why))
