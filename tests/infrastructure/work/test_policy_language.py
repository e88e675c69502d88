"""Every policy, of roles and of resources, read by parliament as IAM would read it."""

from __future__ import annotations

import copy
import json
import warnings
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.infrastructure.work.policies import policies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.infrastructure.conftest import Template

WITH_POLICIES = {
    *("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"),
    *("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::KMS::Key"),
    "AWS::XRay::ResourcePolicy",
}

ACKNOWLEDGED = {
    # In a key's own policy the only resource is the key, and is written so.
    # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
    ("AWS::KMS::Key", "RESOURCE_STAR", "*"),
    # It is granted on no stream, but AWS's own example of a pipe's role names it with the stream.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html
    ("AWS::IAM::Policy", "RESOURCE_MISMATCH", "dynamodb:ListStreams"),
    # The bucket's ARN is a reference, which cannot be read before there is a bucket.
    ("AWS::S3::BucketPolicy", "RESOURCE_MISMATCH", "s3:GetObject"),
}


@cache
def parliament() -> ModuleType:
    """Give the library, which takes long to import: each process imports this module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for pkg_resources, which tells that it is old
        return import_module("parliament")


class Finding(NamedTuple):
    """What parliament holds against a policy."""

    resource: str
    kind: str
    issue: str
    about: str
    """The action that it is about; `*` where it lists many."""


def findings(template: dict[str, Any]) -> Iterator[Finding]:
    """Ask parliament about every policy."""
    for policy in policies(template):
        text = json.dumps(policy.document)
        read = parliament().analyze_policy_string(text, ignore_private_auditors=True)
        for found in read.findings:
            for about in _actions_in(found.detail):
                yield Finding(policy.resource, policy.kind, found.issue, about)


def _actions_in(detail: Any) -> list[str]:
    if isinstance(detail, list) and all(isinstance(one, dict) for one in detail):
        return [one["action"] for one in detail]
    return ["*"] if isinstance(detail, list) else [str(detail)]


def test_parliament_is_content(template: Template) -> None:
    """No action, resource, condition or word of a policy is one that IAM does not know."""
    found = findings(template.document)
    assert not [one for one in found if (one.kind, one.issue, one.about) not in ACKNOWLEDGED]


def test_every_acknowledgement_answers_a_finding(hardened: Template) -> None:
    """No acknowledgement is left over from what has been mended since."""
    found = findings(hardened.document)
    assert {(one.kind, one.issue, one.about) for one in found} == ACKNOWLEDGED


def test_no_policy_is_passed_over(prod: Template) -> None:
    """Policies of roles, queues, topics, keys and X-Ray are all read."""
    assert {policy.kind for policy in policies(prod.document)} == WITH_POLICIES


def statement_of(template: Template, kind: str, start: str, index: int = 0) -> dict[str, Any]:
    """Give a statement of the template itself, to be changed."""
    properties = template.one(kind, start)
    document = properties.get("PolicyDocument") or properties["AssumeRolePolicyDocument"]
    statement: dict[str, Any] = document["Statement"][index]
    return statement


def reading(template: Template) -> dict[str, Any]:
    return statement_of(template, "IAM::Policy", "GetOrderRole")


def queueing(template: Template) -> dict[str, Any]:
    return statement_of(template, "SQS::QueuePolicy", "ProcessingOrderProcessingQueue")


def trusting(template: Template) -> dict[str, Any]:
    return statement_of(template, "IAM::Role", "GetOrderRole")


FAULTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "UNKNOWN_ACTION": (reading, {"Action": "dynamodb:GetItm"}),
    "UNKNOWN_PREFIX": (reading, {"Action": "dynamdb:GetItem"}),
    "RESOURCE_MISMATCH": (reading, {"Action": "sqs:SendMessage"}),
    "RESOURCE_STAR": (reading, {"Action": "dynamodb:GetItem", "Resource": "*"}),
    "INVALID_ARN": (reading, {"Resource": "arn:aws:dynamodb:us-east-1:table/Orders"}),
    "INVALID_SID": (reading, {"Sid": "Reads one"}),
    "MALFORMED": (reading, {"Conditions": {}}),
    "UNKNOWN_CONDITION_FOR_ACTION": (
        trusting,
        {"Condition": {"StringEquals": {"aws:SourceAcount": "111122223333"}}},
    ),
    "UNKNOWN_OPERATOR": (
        queueing,
        {"Condition": {"ArnEqual": {"aws:SourceArn": "arn:aws:sns:::"}}},
    ),
    "MISMATCHED_TYPE": (queueing, {"Condition": {"ArnEquals": {"aws:SourceArn": "the topic"}}}),
}


@pytest.mark.parametrize("issue", FAULTS)
def test_a_planted_fault_is_found(prod: Template, issue: str) -> None:
    """Whoever writes what IAM does not know, or means otherwise, hears of it before deploying."""
    planted = type(prod)(copy.deepcopy(prod.document))
    place, changes = FAULTS[issue]
    place(planted).update(changes)
    before = set(findings(prod.document))
    assert issue in {found.issue for found in set(findings(planted.document)) - before}
