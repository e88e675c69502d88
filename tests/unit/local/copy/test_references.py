"""References of a template are resolved as the running stack resolves them."""

from __future__ import annotations

from typing import Any

import pytest

from local.copy.references import Resolver, UnresolvedError

TEMPLATE = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Log": {"Type": "AWS::Logs::LogGroup"},
    }
}
IDS = {
    "Queue": "http://127.0.0.1/1/orders",
    "Topic": "arn:aws:sns:us-east-1:1:changes",
    "Log": "/log",
}
RESOLVER = Resolver(TEMPLATE, IDS, "dev")


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Log"}, "/log"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "orders"),
        ({"Fn::GetAtt": ["Topic", "TopicName"]}, "changes"),
        ({"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "x"]]}, "dev-x"),
        ({"Fn::Sub": "${AWS::StackName}:${Queue.QueueName}"}, "dev:orders"),
        ([{"Name": {"Ref": "Log"}}, 3, None], [{"Name": "/log"}, 3, None]),
    ],
)
def test_references_are_resolved(value: Any, resolved: Any) -> None:
    """They mean what they mean in the running stack."""
    assert RESOLVER.resolve(value) == resolved


@pytest.mark.parametrize(
    "value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Log", "Arn"]}, {"Fn::ImportValue": "x"}]
)
def test_other_references_are_said(value: Any) -> None:
    """Nothing is made up."""
    with pytest.raises(UnresolvedError):
        RESOLVER.resolve(value)
