"""The judge itself, on roles that are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.permissions.deployed import Asked, grants_of
from tests.permissions.judge import judge, unmissed

if TYPE_CHECKING:
    from pathlib import Path

ROLE = "arn:aws:iam::000000000000:role/worker"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"
INDEX = f"{TABLE}/index/by-customer"
KEY = "arn:aws:kms:us-east-1:000000000000:key/0a1b"


def allow(*actions: str, on: str = TABLE, condition: Any = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**statement, "Condition": condition} if condition else statement


def asking(action: str, on: str = TABLE, **context: str | list[str]) -> Asked:
    return Asked(ROLE, action, on, {name.replace("__", ":"): v for name, v in context.items()})


def verdict(
    interpreter: Path, statements: list[dict[str, Any]], *asked: Asked
) -> tuple[list[str], list[tuple[str, str]]]:
    found = judge(interpreter, {ROLE: [{"Statement": statements}]}, asked)
    missing = [call.action for call in found.missing]
    return missing, [(grant.action, grant.resource) for grant in found.spare]


def test_what_fits_is_found_in_order(interpreter: Path) -> None:
    """A role that may do exactly what was asked has nothing missing and nothing to spare."""
    statements = [allow("dynamodb:GetItem"), allow("dynamodb:Query", on=INDEX)]
    asked = (asking("dynamodb:GetItem"), asking("dynamodb:Query", INDEX))
    assert verdict(interpreter, statements, *asked) == ([], [])


@pytest.mark.parametrize(
    ("statements", "spare"),
    [
        ([allow("dynamodb:GetItem", "dynamodb:PutItem")], ("dynamodb:PutItem", TABLE)),
        (
            [allow("dynamodb:GetItem"), allow("dynamodb:GetItem", on=INDEX)],
            ("dynamodb:GetItem", INDEX),
        ),
    ],
)
def test_a_spare_grant_is_found(
    interpreter: Path, statements: list[dict[str, Any]], spare: tuple[str, str]
) -> None:
    """An action too many is told, and so is a resource too many."""
    assert verdict(interpreter, statements, asking("dynamodb:GetItem")) == ([], [spare])


def test_a_missing_grant_is_found(interpreter: Path) -> None:
    """A call that is not granted is told, also when only its index is not."""
    asked = (asking("dynamodb:Query", INDEX), asking("dynamodb:Query"))
    missing, _ = verdict(interpreter, [allow("dynamodb:Query")], *asked)
    assert missing == ["dynamodb:Query"]


def test_a_statement_that_denies_wins(interpreter: Path) -> None:
    """What is granted and denied is not granted."""
    deny = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": TABLE}
    missing, _ = verdict(interpreter, [allow("dynamodb:GetItem"), deny], asking("dynamodb:GetItem"))
    assert missing == ["dynamodb:GetItem"]


def test_conditions_count(interpreter: Path) -> None:
    """A key that may be used through one service is not granted through another, or directly."""
    condition = {"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}}
    statements = [allow("kms:Decrypt", on=KEY, condition=condition)]
    through = asking("kms:Decrypt", KEY, kms__viaservice="ssm.us-east-1.amazonaws.com")
    other = asking("kms:Decrypt", KEY, kms__viaservice="sqs.us-east-1.amazonaws.com")
    assert verdict(interpreter, statements, through) == ([], [])
    missing, spare = verdict(interpreter, statements, other, asking("kms:Decrypt", KEY))
    assert (missing, spare) == (["kms:Decrypt"] * 2, [("kms:Decrypt", KEY)])


def test_every_attribute_of_a_write_must_be_allowed(interpreter: Path) -> None:
    """A worker that may change some attributes may not change others with them."""
    condition = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["orderId", "status"]}}
    statements = [allow("dynamodb:UpdateItem", condition=condition)]
    fits = asking("dynamodb:UpdateItem", dynamodb__attributes=["orderId", "status"])
    more = asking("dynamodb:UpdateItem", dynamodb__attributes=["orderId", "status", "total"])
    assert verdict(interpreter, statements, fits) == ([], [])
    assert verdict(interpreter, statements, fits, more) == (["dynamodb:UpdateItem"], [])


def test_another_role_does_not_use_a_grant(interpreter: Path) -> None:
    """A grant of one role is spare although another role does the same."""
    other = asking("dynamodb:GetItem")._replace(role=f"{ROLE}-other")
    statements = {role: [{"Statement": [allow("dynamodb:GetItem")]}] for role in (ROLE, other.role)}
    found = judge(interpreter, statements, [other])
    assert [grant.role for grant in found.spare] == [ROLE]


def test_two_grants_for_one_call_are_told(interpreter: Path) -> None:
    """Where either of two grants would do, neither is missed, and both are told."""
    twice = [allow("dynamodb:GetItem"), allow("dynamodb:GetItem", on=f"{TABLE}*")]
    policies = {ROLE: [{"Statement": [*twice, allow("dynamodb:Scan")]}]}
    asked = [asking("dynamodb:GetItem"), asking("dynamodb:Scan")]
    found = unmissed(interpreter, policies, asked)
    assert [grant.resource for grant in found] == [TABLE, f"{TABLE}*"]


def test_grants_by_exclusion_are_refused() -> None:
    """A policy that says what it does not grant cannot be shown to be the least."""
    statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    with pytest.raises(ValueError, match="NotAction"):
        grants_of({ROLE: [{"Statement": [statement]}]})
