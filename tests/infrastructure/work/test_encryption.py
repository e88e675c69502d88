"""Encryption of the tables, by AWS's key or by the customer's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from documents.permissions import listed
from infrastructure.functions import (
    BY_NAME,
    FUNCTIONS,
    NOTIFYING,
    QUEUES,
    Caller,
    construct_id,
    names,
)
from infrastructure.settings import STAGES

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

READING = {"kms:Decrypt"}
WRITING = {"kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}


@pytest.mark.parametrize("stage", STAGES)
def test_by_default_a_key_of_aws_encrypts_the_tables(
    templates: dict[str, Template], stage: str
) -> None:
    """No stage pays for a key unless its settings ask for one; the tables are encrypted anyway."""
    template = templates[stage]
    assert not [key for key, _ in template.all("KMS::Key") if key.startswith("CustomerKey")]
    for _, table in template.all("DynamoDB::GlobalTable"):
        # This is DynamoDB's way to say: with a key that AWS owns.
        assert table["SSESpecification"] == {"SSEEnabled": False}


def customer_key(template: Template) -> str:
    """Give the logical id of the customer's key."""
    (key,) = (key for key, _ in template.all("KMS::Key") if key.startswith("CustomerKey"))
    return key


def test_a_key_of_your_own_encrypts_every_table(hardened: Template) -> None:
    """With `customer_key` all three tables, with their indexes and streams, are under your key."""
    key = customer_key(hardened)
    tables = [table for _, table in hardened.all("DynamoDB::GlobalTable")]
    assert len(tables) == 3
    for table in tables:
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
        (replica,) = table["Replicas"]
        assert replica["SSESpecification"] == {"KMSMasterKeyId": {"Fn::GetAtt": [key, "Arn"]}}


def test_the_key_is_renewed_every_year(hardened: Template) -> None:
    """AWS rotates the key by itself."""
    key = hardened.one("KMS::Key", "CustomerKey")
    assert (key["EnableKeyRotation"], key["RotationPeriodInDays"]) == (True, 365)


def test_the_key_lives_as_long_as_what_it_encrypts(hardened: Template) -> None:
    """Taking the stack down leaves the key with the tables: they could not be read without it."""
    resource = hardened.resource("KMS::Key", "CustomerKey")
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["PendingWindowInDays"] == 30


def test_only_your_account_may_use_the_key(hardened: Template) -> None:
    """The key's own policy names nobody outside the account, but SNS for our own topic."""
    for statement in hardened.one("KMS::Key", "CustomerKey")["KeyPolicy"]["Statement"]:
        principal = str(statement["Principal"])
        assert "*" not in principal
        if "Service" in principal:
            assert "aws:SourceArn" in str(statement["Condition"])
        else:
            assert "AWS::AccountId" in principal


def key_statements(template: Template, name: str) -> list[dict[str, Any]]:
    """Give the statements of a function's role that are about keys of tables and queues."""
    policy = template.one("IAM::Policy", f"{construct_id(name)}Role")["PolicyDocument"]
    about_keys = [item for item in policy["Statement"] if "kms:" in str(item["Action"])]
    return [item for item in about_keys if "PartnerSecrets" not in str(item["Resource"])]


def through(statement: dict[str, Any]) -> str:
    """Name the service by way of which a statement lets a key be used."""
    parts = statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Join"][1]
    return str(parts[0]).rstrip(".")


def queues_of(statement: dict[str, Any]) -> list[str]:
    """Name the queues of a worker for whose messages a statement lets a key be used."""
    queues = statement["Condition"]["StringEquals"]["kms:EncryptionContext:aws:sqs:arn"]
    names = [str(queue["Fn::GetAtt"][0]) for queue in listed(queues)]
    kinds = ("DeadLetters", "Retries", "Queue")
    return [next(kind for kind in kinds if kind in name) for name in names]


@pytest.mark.parametrize("name", names(Caller.QUEUE))
def test_workers_use_the_key_for_messages_through_sqs_only(hardened: Template, name: str) -> None:
    """A worker reads its queue and writes its dead letters with the key, and only by way of SQS.

    Whoever sends webhooks does both with their retries.
    """
    of_queues = [s for s in key_statements(hardened, name) if through(s) == "sqs"]
    retries = ["Retries"] if name == NOTIFYING else []
    fed = sum(queue.feeds == name for queue in QUEUES)
    assert {s["Action"]: queues_of(s) for s in of_queues} == {
        "kms:Decrypt": ["Queue"] * fed + ["DeadLetters"] * fed + retries,
        "kms:GenerateDataKey": ["DeadLetters"] * fed + retries,
    }
    for statement in of_queues:
        assert statement["Resource"] == {"Fn::GetAtt": [customer_key(hardened), "Arn"]}


def tables_of(template: Template, name: str) -> set[str]:
    """List the tables that a function's role may use, by logical id."""
    policy = json.dumps(template.one("IAM::Policy", f"{construct_id(name)}Role")["PolicyDocument"])
    tables = {table for table, _ in template.all("DynamoDB::GlobalTable")}
    return {table for table in tables if f'["{table}", "Arn"]' in policy}


@pytest.mark.parametrize("name", [*names(Caller.API), "process_order"])
def test_functions_use_the_key_through_dynamodb_only(hardened: Template, name: str) -> None:
    """A function reads with the key, or reads and writes, and can decrypt nothing by itself."""
    key = customer_key(hardened)
    granted = [s for s in key_statements(hardened, name) if through(s) == "dynamodb"]
    (looking,) = (s for s in granted if s["Action"] == "kms:DescribeKey")
    (using,) = (s for s in granted if s != looking)
    assert set(listed(using["Action"])) == (READING | WRITING if BY_NAME[name].writes else READING)
    tables = using["Condition"]["StringEquals"]["kms:EncryptionContext:aws:dynamodb:tableName"]
    where = "infrastructure/functions.py (tables) and infrastructure/service.py (_grant) differ"
    assert {table["Ref"] for table in tables} == tables_of(hardened, name), where
    for statement in granted:
        assert statement["Resource"] == {"Fn::GetAtt": [key, "Arn"]}


@pytest.mark.parametrize("name", names())
def test_without_a_key_no_function_may_use_any(prod: Template, name: str) -> None:
    """There is no permission for keys where there is no key."""
    assert not key_statements(prod, name)


def test_writers_are_those_that_write(prod: Template) -> None:
    """The functions that get the writing half of the key are those that write to a table."""
    writers = set()
    for name in names():
        policy = prod.one("IAM::Policy", f"{construct_id(name)}Role")
        if "PutItem" in str(policy) or "UpdateItem" in str(policy):
            writers.add(name)
    where = "infrastructure/functions.py (writes) and infrastructure/service.py (_grant) differ"
    assert writers == {row.name for row in FUNCTIONS if row.writes}, where
