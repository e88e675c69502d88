"""The conditions of permissions, and why each permission is there.

docs/security/permissions.md is made from the template and from these reasons; a test fails for a
permission without a reason, and for a reason without a permission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from orders.domain.changes import attributes_of, confirm

if TYPE_CHECKING:
    from collections.abc import Iterable

Conditions = dict[str, dict[str, str | list[str]]]
"""The conditions of a statement, by operator and key."""

IN_A_TRANSACTION: Conditions = {
    "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}
}
"""An order without the record of its Idempotency-Key, or a record without an order, is refused."""

CONFIRMING: Conditions = {
    "ForAllValues:StringEquals": {"dynamodb:Attributes": attributes_of(confirm(0))}
}
"""What confirming an order changes and looks at; the answer holds the rest, as it does for all."""


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

    For services that name no resource which is known before the role: a function's own ARN is not.
    """
    principal = f"{service}.amazonaws.com"
    here = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    return iam.ServicePrincipal(principal, conditions=here)


class Reason(NamedTuple):
    """Why a role may do something."""

    role: str
    """Shell pattern of the role's construct, such as `CreateOrder`."""
    actions: str
    """Shell patterns, separated by spaces."""
    on: str
    """Shell pattern of the resource, as the document names it."""
    why: str


REASONS = (
    Reason("CreateOrder", "dynamodb:PutItem", "*", "Places the order and its key together"),
    Reason("CreateOrder", "dynamodb:GetItem", "Data/Orders", "Answers a repetition again"),
    Reason("CreateOrder", "dynamodb:GetItem", "Data/Id*", "Knows a repetition by its key"),
    Reason("GetOrder", "dynamodb:GetItem", "Data/Orders", "Reads the order"),
    Reason("ListOrders", "dynamodb:Query", "*", "Lists a caller's own orders"),
    Reason("ListOrders", "dynamodb:Scan", "Data/Orders", "Lists all orders, for operators"),
    Reason("UpdateOrder", "dynamodb:UpdateItem", "*", "Changes the order"),
    Reason("UpdateOrder", "ssm:GetParameter", "*/flags", "Whether customers may edit orders"),
    Reason("ProcessOrder", "dynamodb:UpdateItem", "*", "Confirms the order"),
    Reason("ProcessOrder", "ssm:GetParameter", "*/flags", "Whether orders are confirmed at once"),
    Reason("NotifyPartner", "ssm:GetParameter", "*/flags", "Whether a partner gets webhooks"),
    Reason("NotifyPartner", "ssm:* kms:*", "*/partners/[*]", "Where a webhook goes; its secret"),
    Reason("NotifyPartner", "ssm:GetParameter", "*key", "Derives the secret of other partners"),
    Reason("*Partner", "kms:Decrypt", "PartnerSecrets", "Reads SecureStrings, and only its own"),
    Reason("CreateParameters", "ssm:Put*", "*", "Makes it at the first deployment"),
    Reason("CreateParameters", "ssm:Delete*", "*", "Removes it with the stack"),
    Reason("CreateParameters", "kms:Encrypt", "*", "Makes the signing key a SecureString"),
    Reason("PlaceHeartbeat", "apigateway:GET", "*", "Reads the value of its own API key"),
    Reason("PlaceHeartbeat", "dynamodb:PutItem", "*", "Says whose its own API key is"),
    Reason("Heartbeat", "lambda:InvokeFunction", "*", "Calls the heartbeat's function"),
    Reason("*", "dynamodb:GetItem", "Data/Partners", "Whose API key it is, if it is new"),
    Reason("*", "dynamodb:Scan", "Data/Partners", "Whose API keys there are, once at the start"),
    Reason("*", "sqs:ReceiveMessage", "*Queue", "Lambda takes the worker's messages"),
    Reason("*", "sqs:DeleteMessage", "*Queue", "Lambda removes what is done"),
    Reason("*", "sqs:GetQueueAttributes", "*Queue", "Lambda looks how many wait"),
    Reason("*", "sqs:ChangeMessageVisibility", "*Queue", "Postpones what failed"),
    Reason("*", "sqs:SendMessage", "*/DeadLetters", "Buries what no repetition mends"),
    Reason("*", "sqs:SendMessage", "*PipeDeadLetters", "Keeps what it could not publish"),
    Reason("*PipeRole", "dynamodb:*", "*", "Reads the changes of orders"),
    Reason("*PipeRole", "sns:Publish", "*", "Tells the topic of each change"),
    Reason("*", "logs:*", "*", "Lambda writes its log"),
    Reason("*", "xray:*", "*", "Sends its trace; X-Ray has no resources to name"),
    Reason("*", "kms:*", "CustomerKey", "What it reads and writes is under your own key"),
    Reason("Parameters/Readers", "ssm:*", "*", "What other services may know; no secret"),
)
"""The first that fits holds."""
