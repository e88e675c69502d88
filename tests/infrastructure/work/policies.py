"""Every policy of a template as IAM will get it, references filled in with what they become."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = "us-east-1:111122223333"
_ARNS = {
    "AWS::Cognito::UserPool": f"arn:aws:cognito-idp:{_HERE}:userpool/%s",
    "AWS::DynamoDB::GlobalTable": f"arn:aws:dynamodb:{_HERE}:table/%s",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/%s",
    "AWS::KMS::Key": f"arn:aws:kms:{_HERE}:key/%s",
    "AWS::Lambda::Alias": f"arn:aws:lambda:{_HERE}:function:function-of:%s",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_HERE}:function:%s",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_HERE}:log-group:%s:*",
    "AWS::SNS::Topic": f"arn:aws:sns:{_HERE}:%s",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_HERE}:%s",
}
_PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
_BY_ARN = ("AWS::Lambda::Alias", "AWS::SNS::Topic")
"""Types whose `Ref` is an ARN."""

_ROLE = "arn:aws:iam::111122223333:role/this-one"


class Policy(NamedTuple):
    """One policy."""

    resource: str
    """The logical id of the resource that it belongs to."""
    kind: str
    """That resource's type."""
    document: dict[str, Any]


def policies(template: Mapping[str, Any]) -> Iterator[Policy]:
    """Give every policy of a template, of whatever resource and however deep in it.

    A role's trust policy gets the role as its resource: IAM means it, and lets nobody write it.
    """
    resources = template["Resources"]
    for name, resource in resources.items():
        for document in _documents(_resolved(resource.get("Properties", {}), resources)):
            yield Policy(name, resource["Type"], _with_resource(document))


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if {"Statement", "Version"} <= set(value):
            yield value
        for member in value.values():
            yield from _documents(member)
    elif isinstance(value, list):
        for member in value:
            yield from _documents(member)
    elif isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        yield json.loads(value)


def _with_resource(document: dict[str, Any]) -> dict[str, Any]:
    statements = [
        {"Resource": _ROLE, **one} if "Principal" in one else one for one in document["Statement"]
    ]
    return {**document, "Statement": statements}


def _resolved(value: Any, resources: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolved(member, resources) for member in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        return _called(value, resources)
    return {name: _resolved(member, resources) for name, member in value.items()}


def _called(function: dict[str, Any], resources: Mapping[str, Any]) -> str:
    """Give what a function stands for; of those that stand in no policy, its own text."""
    match function:
        case {"Ref": str(name)}:
            return _PSEUDO.get(name) or _reference(name, resources)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return _attribute(name, attribute, resources)
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(str(_resolved(part, resources)) for part in parts)
    return json.dumps(function)


def _reference(name: str, resources: Mapping[str, Any]) -> str:
    """Give what `Ref` gives: a topic's or an alias's ARN, a parameter's path, of others a name."""
    kind = resources[name]["Type"] if name in resources else ""
    if kind in _BY_ARN:
        return _ARNS[kind] % name
    return f"/{name}" if kind == "AWS::SSM::Parameter" else name


def _attribute(name: str, attribute: str, resources: Mapping[str, Any]) -> str:
    arn = _ARNS.get(resources[name]["Type"], "arn:aws:other:::%s") % name
    if attribute == "StreamArn":
        return f"{arn}/stream/label"
    return arn if attribute in {"Arn", "TopicArn"} else name
