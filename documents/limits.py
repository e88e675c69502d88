"""docs/limits.md, made from the templates: how far each stage is from what AWS takes.

`python -m documents.limits` writes it; `make docs` does so too. References in policies and
variables count as long as AWS's longest answer to them here, so what is shown is an upper bound.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import STAGES
from infrastructure.synth import template_of
from ops.costs.report import expected
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCUMENT = ROOT / "docs/limits.md"
"""The document that is made."""

SHARE = 0.8
"""How much of a limit may be used before a test fails: raising one, or splitting, takes time."""

INLINE_BODY = "template handed over directly, bytes"
"""The only limit that may be exceeded: the CDK CLI hands larger templates over through a bucket."""

_REFERENCE = "r" * 120
"""Stands for a reference: no ARN, address or name of ours is longer."""

_PSEUDO = {"AWS::AccountId": "1" * 12, "AWS::Partition": "aws", "AWS::Region": "us-east-1"}

_NAMES = {
    "AWS::ApiGateway::Authorizer": ("Name", 128),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Pipes::Pipe": ("Name", 64),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::SSM::Parameter": ("Name", 1_011),
    "AWS::XRay::SamplingRule": ("SamplingRule.RuleName", 32),
}
"""The names that the template itself gives, and how long AWS takes them."""


class Use(NamedTuple):
    """How much of a limit a template uses."""

    limit: str
    """What is limited, and in which unit."""
    used: int
    most: int
    source: str
    """Where AWS says so."""

    @property
    def share(self) -> float:
        """The part that is used."""
        return self.used / self.most


def uses(template: dict[str, Any]) -> list[Use]:
    """List how much a template uses of each limit."""
    return [
        *_of_the_stack(template),
        *_of_policies(template),
        *_of_functions(template),
        *_of_the_api(template),
        *_of_names(template),
    ]


def _of_the_stack(template: dict[str, Any]) -> Iterator[Use]:
    source = "CloudFormation quotas"
    body = len(json.dumps(template, indent=1).encode())
    ids = [len(name) for name in template["Resources"]]
    tags = [len(given) for given in _every(template, "Tags")]
    yield Use("resources in the stack", len(ids), 500, source)
    yield Use("outputs", len(template.get("Outputs", {})), 200, source)
    yield Use("parameters", len(template.get("Parameters", {})), 200, source)
    yield Use("template, bytes", body, 1_000_000, source)
    yield Use(INLINE_BODY, body, 51_200, source)
    yield Use("logical id, characters", max(ids), 255, source)
    yield Use("tags of one resource", max(tags, default=0), 50, "AWS tagging")


def _every(template: dict[str, Any], name: str) -> Iterator[Any]:
    for resource in template["Resources"].values():
        if name in resource.get("Properties", {}):
            yield resource["Properties"][name]


def _of(template: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _of_policies(template: dict[str, Any]) -> Iterator[Use]:
    roles: Counter[str] = Counter()
    for _, policy in _of(template, "AWS::IAM::Policy"):
        for role in policy["Roles"]:
            roles[role["Ref"]] += _size(policy["PolicyDocument"])
    for name, role in _of(template, "AWS::IAM::Role"):
        roles[name] += sum(_size(item["PolicyDocument"]) for item in role.get("Policies", []))
    trust = _largest(template, "AWS::IAM::Role", "AssumeRolePolicyDocument")
    managed = _largest(template, "AWS::IAM::ManagedPolicy", "PolicyDocument")
    queue = _largest(template, "AWS::SQS::QueuePolicy", "PolicyDocument")
    topic = _largest(template, "AWS::SNS::TopicPolicy", "PolicyDocument")
    key = _largest(template, "AWS::KMS::Key", "KeyPolicy")
    yield Use("policies within one role, characters", max(roles.values()), 10_240, "IAM quotas")
    yield Use("trust policy of one role, characters", trust, 2_048, "IAM quotas")
    yield Use("managed policy, characters", managed, 6_144, "IAM quotas")
    yield Use("policy of one queue, bytes", queue, 8_192, "SQS quotas")
    yield Use("policy of one topic, bytes", topic, 30_720, "SNS quotas")
    yield Use("policy of one key, bytes", key, 32_768, "KMS quotas")


def _largest(template: dict[str, Any], kind: str, document: str) -> int:
    return max((_size(item.get(document, {})) for _, item in _of(template, kind)), default=0)


def _size(document: Any) -> int:
    """Measure a document as AWS does: without spaces, and with its references resolved."""
    return len(json.dumps(_resolved(document), separators=(",", ":")).encode())


def _resolved(node: Any) -> Any:
    if isinstance(node, list):
        return [_resolved(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "Fn::Join" in node:
        separator, parts = node["Fn::Join"]
        return separator.join(str(_resolved(part)) for part in parts)
    if set(node) & {"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::ImportValue"}:
        return _PSEUDO.get(str(node.get("Ref")), _REFERENCE)
    return {key: _resolved(value) for key, value in node.items()}


def _of_functions(template: dict[str, Any]) -> Iterator[Use]:
    permissions: Counter[str] = Counter()
    for name, permission in _of(template, "AWS::Lambda::Permission"):
        # Lambda makes a statement of it, with an id and the function's ARN.
        permissions[json.dumps(permission["FunctionName"])] += _size({**permission, "Sid": name})
    environments = [
        sum(_size({key: value}) - 5 for key, value in item["Environment"]["Variables"].items())
        for _, item in _of(template, "AWS::Lambda::Function")
        if "Environment" in item
    ]
    policy, environment = max(permissions.values()), max(environments)
    yield Use("permissions of one function, bytes", policy, 20_480, "Lambda quotas")
    yield Use("variables of one function, bytes", environment, 4_096, "Lambda quotas")
    values = [len(str(_resolved(p["Value"]))) for _, p in _of(template, "AWS::SSM::Parameter")]
    yield Use("one parameter's value, bytes", max(values), 4_096, "Systems Manager quotas")


def _of_the_api(template: dict[str, Any]) -> Iterator[Use]:
    source = "API Gateway quotas"
    for what, kind, most in (
        ("paths of the API", "Resource", 300),
        ("stages of the API", "Stage", 10),
        ("authorizers of the API", "Authorizer", 10),
    ):
        yield Use(what, len(list(_of(template, f"AWS::ApiGateway::{kind}"))), most, source)
    model = _largest(template, "AWS::ApiGateway::Model", "Schema")
    stages = [stage for _, stage in _of(template, "AWS::ApiGateway::Stage")]
    formats = [len(stage.get("AccessLogSetting", {}).get("Format", "")) for stage in stages]
    yield Use("one model, bytes", model, 409_600, source)
    yield Use("access log's format, bytes", max(formats), 3_072, source)
    tables = [table for _, table in _of(template, "AWS::DynamoDB::GlobalTable")]
    indexes = max(len(table.get("GlobalSecondaryIndexes", [])) for table in tables)
    yield Use("indexes of one table", indexes, 20, "DynamoDB quotas")


def _of_names(template: dict[str, Any]) -> Iterator[Use]:
    for kind, (path, most) in _NAMES.items():
        given = []
        for _, properties in _of(template, kind):
            name: Any = properties
            for part in path.split("."):
                name = name.get(part) if isinstance(name, dict) else None
            if name is not None:
                given.append(len(str(_resolved(name))))
        if given:
            yield Use(f"name of {kind}, characters", max(given), most, kind.split("::")[1])


_HEAD = f"""# The templates' limits

Made from the templates by `make docs`. `make check` fails above {SHARE:.0%} of a limit. A reference
to another resource counts as {len(_REFERENCE)} characters, more than it will have. Names that
CloudFormation makes are not listed: it keeps to their limits.
"""

_FOOT = f"""
Only "{INLINE_BODY}" is exceeded, which does no harm: the CDK's command line
hands templates over through a bucket.
"""


def document(templates: Mapping[str, dict[str, Any]]) -> str:
    """Render the document of each stage's template."""
    by_stage = {
        stage: {use.limit: use for use in uses(template)} for stage, template in templates.items()
    }
    limits = {use.limit: use for found in by_stage.values() for use in found.values()}
    lines = [_HEAD, f"| what | limit | {' | '.join(STAGES)} | where AWS says so |"]
    lines.append("|---" * (3 + len(STAGES)) + "|")
    for name, use in limits.items():
        cells = [_cell(found.get(name)) for found in by_stage.values()]
        lines.append(f"| {name} | {use.most:,} | {' | '.join(cells)} | {use.source} |")
    return "\n".join([*lines, _FOOT])


def _cell(use: Use | None) -> str:
    return "–" if use is None else f"{use.used:,} ({use.share:.0%})"


if __name__ == "__main__":
    DOCUMENT.write_text(
        document({stage: template_of(of, model=expected) for stage, of in STAGES.items()})
    )
