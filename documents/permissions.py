"""Who may do what to what in AWS, as Markdown made from a template: docs/security/permissions.md.

`python -m documents.permissions` writes it.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import STAGES
from infrastructure.synth import compose, write
from infrastructure.work.permissions import REASONS
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infrastructure.work.permissions import Reason

DOCUMENT = ROOT / "docs/security/permissions.md"

_OF_RESOURCES = {
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::KMS::Key": ("KeyPolicy", ""),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", ""),
}
"""Where a resource has a policy, and what the policy is for: if empty, the resource itself."""


class Row(NamedTuple):
    """One permission."""

    principal: str
    action: str
    resource: str
    condition: str
    effect: str = "Allow"

    @property
    def reason(self) -> Reason | None:
        """Why it is there, if anybody has said so."""
        return next((reason for reason in REASONS if self._fits(reason)), None)

    def _fits(self, reason: Reason) -> bool:
        return (
            fnmatchcase(self.principal, reason.role)
            and any(fnmatchcase(self.action, one) for one in reason.actions.split())
            and fnmatchcase(self.resource, reason.on)
        )


class Matrix:
    """The permissions of one template."""

    def __init__(self, template: Mapping[str, Any], paths: Mapping[str, str]) -> None:
        """Read a template.

        Args:
            template: as synthesized.
            paths: where each of its resources stands in the tree of constructs, by logical id.
        """
        self._resources: dict[str, dict[str, Any]] = template["Resources"]
        self._paths = paths

    def of_roles(self) -> list[Row]:
        """Say what each role may do, and what the policies may that are for others."""
        return sorted(row for name in self._resources for row in self._identity_rows(name))

    def of_resources(self) -> list[Row]:
        """Say whom each resource lets in by itself, services and roles' trust included."""
        rows = [row for name in self._resources for row in self._resource_rows(name)]
        return sorted(rows, key=lambda row: (row.resource, row))

    def _identity_rows(self, name: str) -> Iterator[Row]:
        resource = self._resources[name]
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                principal = self.name_of(role).removesuffix("/Role")
                yield from self._rows(principal, properties["PolicyDocument"])
        elif resource["Type"] == "AWS::IAM::ManagedPolicy":
            yield from self._rows(self._paths[name], properties["PolicyDocument"])
        elif resource["Type"] == "AWS::IAM::Role":
            for policy in properties.get("Policies", []):
                yield from self._rows(self._paths[name], policy["PolicyDocument"])

    def _rows(self, principal: str, document: dict[str, Any]) -> Iterator[Row]:
        for statement in document["Statement"]:
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield Row(
                        principal,
                        action,
                        self.name_of(resource),
                        self._condition(statement),
                        statement["Effect"],
                    )

    def _resource_rows(self, name: str) -> Iterator[Row]:
        resource = self._resources[name]
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Permission":
            condition = f"aws:SourceArn like {self.name_of(properties.get('SourceArn', '*'))}"
            on = self.name_of(properties["FunctionName"])
            yield Row(properties["Principal"], properties["Action"], on, condition)
            return
        place, target = _OF_RESOURCES.get(resource["Type"], ("", ""))
        for statement in properties.get(place, {}).get("Statement", []):
            targets: list[Any] = listed(properties[target]) if target else [{"Ref": name}]
            principals = statement["Principal"]
            whom = principals if isinstance(principals, str) else next(iter(principals.values()))
            for on in targets:
                yield Row(
                    self.name_of(whom),
                    ", ".join(listed(statement["Action"])),
                    self.name_of(on),
                    self._condition(statement),
                    statement["Effect"],
                )

    def _condition(self, statement: dict[str, Any]) -> str:
        return "; ".join(
            f"{key} {_OPERATORS.get(operator, operator)} {self._values(values)}"
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )

    def _values(self, values: Any) -> str:
        return ", ".join(self.name_of(value) for value in listed(values))

    def name_of(self, value: Any) -> str:
        """Name what a template's value refers to, such as `Data/Orders/index/by-partner`."""
        text = str(self._plain(value))
        _, found, parameter = text.partition(":parameter")
        return parameter if found else text

    def _plain(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)}:
                return _PSEUDO.get(name) or self._place(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                suffix = "/stream" if attribute == "StreamArn" else ""
                return f"{self._place(name)}{suffix}"
            case {"Fn::Join": [_, parts]}:
                return "".join(str(self._plain(part)) for part in parts)
            case _:
                return value

    def _place(self, name: str) -> str:
        if name not in self._paths:
            return name
        return self._paths[name].removesuffix("/Function").removesuffix("/Key")


_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "REGION", "AWS::AccountId": "ACCOUNT"}

_OPERATORS = {
    "StringEquals": "=",
    "ArnEquals": "=",
    "StringLike": "like",
    "ArnLike": "like",
    "Bool": "=",
    "ForAllValues:StringEquals": "all of",
    "ForAnyValue:StringEquals": "any of",
}


def listed(value: Any) -> list[Any]:
    """Give what a policy says once or as a list, as a list."""
    return value if isinstance(value, list) else [value]


def document(matrix: Matrix) -> str:
    """Write the document."""
    roles: dict[tuple[str, str, str, str], list[str]] = {}
    for row in matrix.of_roles():
        why = row.reason.why if row.reason else ""
        roles.setdefault((row.principal, row.resource, row.condition, why), []).append(row.action)
    resources = [
        [row.resource, row.effect, row.principal, row.action, row.condition]
        for row in matrix.of_resources()
    ]
    return "\n".join(
        [
            _HEAD,
            *_table(
                ("who", "may", "on what", "only if", "why"),
                ([who, ", ".join(may), *rest] for (who, *rest), may in roles.items()),
            ),
            _RESOURCES,
            *_table(("what", "effect", "whom", "to do", "only if"), resources),
            "",
        ]
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') or '–' for cell in row)} |"


_HEAD = """\
# What may be done in AWS, and why

Made from the template of stage prod with a key of your own (`customer_key`) by
`python -m documents.permissions`; the reasons stand in
`infrastructure/work/permissions.py`. Without such a key there are no rows on `CustomerKey`.

Every row is used: all that the functions ask of AWS is recorded while the integration tests run,
and compared with what is granted. A call too many fails, and so does a grant too many
(`tests/permissions`). What only AWS itself does at run time is in
`tests/permissions/at_run_time.py`, with the page of AWS's documentation that says so.

* `*` stands where AWS has no resource to name: X-Ray's two actions, and a key's own policy, in
  which it means that key
  (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>).
* `dynamodb:LeadingKeys` is not used: a function serves every caller under one role, so no key of
  an item is the role's own. Whose order it is, is a condition of each request instead.
* A function's trust names the account and not the function, whose name is made after the role.
  That of API Gateway's log role has no condition: AWS documents none for it.
* The topic lets nobody in by itself; of the stack's roles only the pipe's may publish. An operator
  who redrives the pipe's dead letters publishes with a permission of their own.

## What each role may do
"""

_RESOURCES = """
## Whom each resource lets in by itself
"""


def matrix_of_documented(out: Path) -> Matrix:
    """Synthesize what the document shows into a folder."""
    asset = out / "asset"
    asset.mkdir()
    (asset / "code.py").write_text("")
    settings = replace(STAGES["prod"], customer_key=True)
    service = compose(settings, asset=asset, out=out / "out", validates=False)
    template = json.loads(write(service).read_text())
    return Matrix(template, paths_of(service))


def paths_of(service: Any) -> dict[str, str]:
    """Give where each resource stands in a stack's tree of constructs, by logical id."""
    found = {}
    for construct in service.node.find_all():
        logical_id = getattr(construct, "logical_id", None)
        if logical_id is not None:
            path = construct.node.path.partition("/")[2].removesuffix("/Resource")
            found[str(service.resolve(logical_id))] = path
    return found


def main() -> None:
    """Write the document."""
    with tempfile.TemporaryDirectory() as out:
        DOCUMENT.write_text(document(matrix_of_documented(Path(out))))


if __name__ == "__main__":
    main()
