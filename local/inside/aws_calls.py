"""What a signed request to AWS asks to be permitted: actions, resources and condition keys.

Read from the request as it was sent, so that it does not matter which client made it. AWS's rules:

* A transaction is authorized as its parts, each on its own table and with
  `dynamodb:EnclosingOperation` (DynamoDB developer guide, "Using IAM with transactions").
* A batch of SQS needs the permission of the single call (SQS developer guide, "API permissions").
* `dynamodb:Attributes` holds every top-level attribute that a request names (DynamoDB developer
  guide, "Using IAM policy conditions for fine-grained access control").
* API Gateway is permitted by method and path (its developer guide, "Control access for managing
  an API").
* A function is permitted with its version or alias, where a call names one (Lambda developer guide,
  "Fine-tuning the Resources and Conditions sections of policies").
* A schedule is permitted in its group, and whoever makes one passes its role to the scheduler
  (EventBridge Scheduler user guide, "Using identity-based policies").
* Parameter Store uses the key of a SecureString in its caller's name, with the parameter's ARN as
  encryption context (Systems Manager user guide, "KMS encryption for Parameter Store").

Runs in the emulator's process: nothing but the standard library.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Body = dict[str, Any]

Context = dict[str, str | list[str]]
"""Condition keys in lower case, with their values: a list where a key has many."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations(?:\?Qualifier=([^&]+))?")
_NAME = re.compile(r"(?<![\w.#:])(#?[A-Za-z_]\w*)(?!\w*\s*\()")
_EQUALITY = re.compile(r"(#?\w+)\s*=\s*(:\w+)")
_KEYWORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN"}
_EXPRESSIONS = (
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
    "ConditionExpression",
    "UpdateExpression",
)
_PARTS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


class Signature(NamedTuple):
    """Whose key signed a request, for which Region and service."""

    key: str
    region: str
    service: str


class Call(NamedTuple):
    """One thing to be permitted."""

    action: str
    resource: str
    context: Context


class Account(Protocol):
    """What a request does not say, and AWS knows."""

    account: str
    region: str

    def partition_key(self, table: str) -> str:
        """Name the partition key of a table."""

    def key_of(self, parameter: str) -> str:
        """Give the ARN of the KMS key of a SecureString; empty for any other parameter."""


def signature_of(headers: Mapping[str, str]) -> Signature | None:
    """Read who signed a request, or None for one that is not signed."""
    found = _CREDENTIAL.search(headers.get("authorization", ""))
    return Signature(*found.groups()) if found else None


def calls_of(
    line: tuple[str, str], headers: Mapping[str, str], body: bytes, account: Account
) -> list[Call]:
    """List what a signed request needs to be permitted.

    Args:
        line: method and path, with the query if there is one.
        headers: names in lower case.
        body: as it was sent.
        account: whose it is.

    A request of an unknown kind is one call on everything, which no role permits: it is found
    rather than overlooked.
    """
    signature = signature_of(headers)
    if signature is None:
        return []
    if signature.service == "lambda" and (asked := _INVOKE.match(line[1])):
        name = ":".join(filter(None, asked.groups()))
        return [Call("lambda:InvokeFunction", _arn(account, "lambda", f"function:{name}"), {})]
    if signature.service == "apigateway":
        method, path = line[0], line[1].partition("?")[0]
        return [Call(f"apigateway:{method}", f"arn:aws:apigateway:{account.region}::{path}", {})]
    if signature.service == "scheduler" and line[0] == "POST":
        return list(_scheduler(line[1], json.loads(body or b"{}"), account))
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    readers = {"dynamodb": _dynamodb, "ssm": _ssm, "sqs": _sqs}
    reader = readers.get(signature.service)
    if reader is None or not operation:
        return [Call(f"{signature.service}:{operation or 'Unknown'}", "*", {})]
    return list(reader(operation, json.loads(body or b"{}"), account))


def _dynamodb(operation: str, body: Body, account: Account) -> Iterator[Call]:
    if "TransactItems" not in body:
        yield _on_table(operation, body, account, {})
        return
    enclosing: Context = {"dynamodb:enclosingoperation": [operation]}
    for item in body["TransactItems"]:
        for name, part in item.items():
            yield _on_table(_PARTS[name], part, account, enclosing)


def _on_table(operation: str, body: Body, account: Account, enclosing: Context) -> Call:
    table = str(body.get("TableName", "*"))
    arn = _arn(account, "dynamodb", f"table/{table}")
    if index := body.get("IndexName"):
        arn = f"{arn}/index/{index}"
    context: Context = {
        **enclosing,
        "dynamodb:attributes": attributes_of(body),
        "dynamodb:leadingkeys": _leading_keys(body, account.partition_key(table)),
        "dynamodb:fulltablescan": "true" if operation == "Scan" else "",
        "dynamodb:returnvalues": body.get("ReturnValues", "NONE"),
        "dynamodb:select": [_selected(body)] if operation in _READING else [],
    }
    return Call(
        f"dynamodb:{operation}", arn, {key: value for key, value in context.items() if value}
    )


_READING = ("GetItem", "Query", "Scan")


def _selected(body: Body) -> str:
    known = "SPECIFIC_ATTRIBUTES" if "ProjectionExpression" in body else "ALL_ATTRIBUTES"
    return str(body.get("Select", known))


def attributes_of(body: Body) -> list[str]:
    """Name the top-level attributes that a DynamoDB request speaks of."""
    names: set[str] = {*body.get("Item", {}), *body.get("Key", {})}
    placeholders = body.get("ExpressionAttributeNames") or {}
    for expression in _EXPRESSIONS:
        for found in _NAME.findall(body.get(expression) or ""):
            if found.upper() not in _KEYWORDS:
                names.add(placeholders.get(found, found))
    return sorted(names)


def _leading_keys(body: Body, partition_key: str) -> list[str]:
    for place in ("Key", "Item"):
        if partition_key in body.get(place, {}):
            return list(body[place][partition_key].values())
    # The key of an index is whatever the query equals: DynamoDB takes no other condition on it.
    names = body.get("ExpressionAttributeNames") or {}
    values = body.get("ExpressionAttributeValues") or {}
    equal = _EQUALITY.findall(body.get("KeyConditionExpression") or "")
    return [
        text
        for name, value in equal
        if names.get(name, name) != "timestamp"
        for text in values[value].values()
    ]


def _scheduler(path: str, body: Body, account: Account) -> Iterator[Call]:
    name, group = path.rpartition("/")[2], body.get("GroupName", "default")
    yield Call(
        "scheduler:CreateSchedule", _arn(account, "scheduler", f"schedule/{group}/{name}"), {}
    )
    passed: Context = {"iam:passedtoservice": "scheduler.amazonaws.com"}
    yield Call("iam:PassRole", str(body.get("Target", {}).get("RoleArn", "*")), passed)


def _ssm(operation: str, body: Body, account: Account) -> Iterator[Call]:
    names = body.get("Names") or [body.get("Name", "*")]
    for name in names:
        arn = _arn(account, "ssm", f"parameter/{name.lstrip('/')}")
        yield Call(f"ssm:{operation}", arn, {})
        if body.get("WithDecryption") and (key := account.key_of(name)):
            yield _through_ssm("kms:Decrypt", key, arn, account)
        if body.get("Type") == "SecureString":
            yield _through_ssm("kms:Encrypt", body.get("KeyId", "*"), arn, account)


def _through_ssm(action: str, key: str, parameter: str, account: Account) -> Call:
    context: Context = {
        "kms:viaservice": f"ssm.{account.region}.amazonaws.com",
        "kms:encryptioncontext:parameter_arn": parameter,
    }
    return Call(action, key, context)


def _sqs(operation: str, body: Body, account: Account) -> Iterator[Call]:
    queue = body.get("QueueUrl", "*").rpartition("/")[2]
    yield Call(f"sqs:{operation.removesuffix('Batch')}", _arn(account, "sqs", queue), {})


def _arn(account: Account, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{account.region}:{account.account}:{resource}"
