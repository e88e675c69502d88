"""Encryption of the tables, by AWS's key or by the customer's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.functions import construct_id
from infrastructure.settings import FUNCTIONS, STAGES, WRITERS

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

READING = {"kms:Decrypt", "kms:DescribeKey"}
WRITING = {"kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}


@pytest.mark.parametrize("stage", STAGES)
def test_by_default_a_key_of_aws_encrypts_the_tables(
    templates: dict[str, Template], stage: str
) -> None:
    """No stage pays for a key unless its settings ask for one; the tables are encrypted anyway."""
    template = templates[stage]
    assert not list(template.all("KMS::Key"))
    for _, table in template.all("DynamoDB::GlobalTable"):
        # This is DynamoDB's way to say: with a key that AWS owns.
        assert table["SSESpecification"] == {"SSEEnabled": False}


def test_a_key_of_your_own_encrypts_every_table(hardened: Template) -> None:
    """With `customer_key` all three tables, with their indexes and streams, are under your key."""
    ((key, _),) = hardened.all("KMS::Key")
    tables = [table for _, table in hardened.all("DynamoDB::GlobalTable")]
    assert len(tables) == 3
    for table in tables:
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
        (replica,) = table["Replicas"]
        assert replica["SSESpecification"] == {"KMSMasterKeyId": {"Fn::GetAtt": [key, "Arn"]}}


def test_the_key_is_renewed_every_year(hardened: Template) -> None:
    """AWS rotates the key by itself."""
    key = hardened.one("KMS::Key")
    assert (key["EnableKeyRotation"], key["RotationPeriodInDays"]) == (True, 365)


def test_the_key_lives_as_long_as_what_it_encrypts(hardened: Template) -> None:
    """Taking the stack down leaves the key with the tables: they could not be read without it."""
    resource = hardened.resource("KMS::Key", "CustomerKey")
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["PendingWindowInDays"] == 30


def test_only_your_account_may_use_the_key(hardened: Template) -> None:
    """The key's own policy names nobody outside the account."""
    for statement in hardened.one("KMS::Key")["KeyPolicy"]["Statement"]:
        principal = str(statement["Principal"])
        assert "AWS::AccountId" in principal
        assert "*" not in principal


def key_statements(template: Template, name: str) -> list[dict[str, Any]]:
    """Give the statements of a function's role that are about keys."""
    policy = template.one("IAM::Policy", f"{construct_id(name)}Role")["PolicyDocument"]
    return [statement for statement in policy["Statement"] if "kms:" in str(statement["Action"])]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_use_the_key_through_dynamodb_only(hardened: Template, name: str) -> None:
    """A function reads with the key, or reads and writes, and can decrypt nothing by itself."""
    ((key, _),) = hardened.all("KMS::Key")
    (statement,) = key_statements(hardened, name)
    assert set(statement["Action"]) == (READING | WRITING if name in WRITERS else READING)
    assert statement["Resource"] == {"Fn::GetAtt": [key, "Arn"]}
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_without_a_key_no_function_may_use_any(prod: Template, name: str) -> None:
    """There is no permission for keys where there is no key."""
    assert not key_statements(prod, name)


def test_writers_are_those_that_write(prod: Template) -> None:
    """The functions that get the writing half of the key are those that write to a table."""
    writers = set()
    for name in FUNCTIONS:
        policy = prod.one("IAM::Policy", f"{construct_id(name)}Role")
        if "PutItem" in str(policy) or "UpdateItem" in str(policy):
            writers.add(name)
    assert writers == set(WRITERS)
