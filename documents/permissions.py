"""Who may do what to what in AWS, as Markdown made from a template: docs/security/permissions.md.

`python -m documents.permissions` writes it.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import STAGES
from infrastructure.synth import compose_without_code, write
from infrastructure.work.permissions import reasons_of
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infrastructure.service import Service

DOCUMENT = ROOT / "docs/security/permissions.md"
DOCUMENTED = replace(STAGES["prod"], customer_key=True)
"""The stage that it is about."""

_OF_RESOURCES = {
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket"),
    "AWS::KMS::Key": ("KeyPolicy", ""),
    "AWS::IAM::Role": ("AssumeRolePolicyDocument", ""),
}
"""Where a resource has a policy, and what the policy is for: if empty, the resource itself."""


Cells = tuple[str, ...]
"""A row of a table."""


class Row(NamedTuple):
    """One permission."""

    principal: str
    action: str
    resource: str
    condition: str
    effect: str = "Allow"


class Matrix:
    """The permissions of one template, and the reasons that were given for them."""

    def __init__(self, template: Mapping[str, Any], explained: Mapping[str, Any]) -> None:
        """Read a template.

        Args:
            template: as synthesized.
            explained: what it was synthesized from knows: see `explained`.
        """
        self._resources: dict[str, dict[str, Any]] = template["Resources"]
        self._paths: dict[str, str] = explained["paths"]
        self.reasons = dict(self._explained(explained["reasons"]))

    def of_roles(self) -> list[Row]:
        """Say what each role may do, and what the policies may that are for others."""
        return sorted(row for name in self._resources for row in self._identity_rows(name))

    def of_resources(self) -> list[Row]:
        """Say whom each resource lets in by itself, services and roles' trust included."""
        rows = [row for name in self._resources for row in self._resource_rows(name)]
        return sorted(rows, key=lambda row: (row.resource, row))

    def _explained(self, reasons: Iterable[tuple[str, Any, str]]) -> Iterator[tuple[Row, str]]:
        """Give each reason with its permission, as the template has that."""
        for principal, statement, why in reasons:
            for row in self._rows(principal, {"Statement": [statement]}):
                yield row, why

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
    roles: list[Cells] = [
        (row.principal, row.action, _own(row), row.condition, matrix.reasons.get(row, ""))
        for row in matrix.of_roles()
    ]
    for column in (1, 2, 0):  # what is done, on what, and by whom
        roles = folded(roles, column)
    conditions = [
        (row.resource, row.effect, row.principal, row.action, *row.condition.rpartition(" ")[::2])
        for row in matrix.of_resources()
    ]
    resources = folded(
        [(*cells, f"{key} {value}".strip()) for *cells, key, value in folded(conditions, 5)], 0
    )
    return "\n".join(
        [
            _HEAD,
            *_table(("who", "may", "on what", "only if", "why"), roles),
            _RESOURCES,
            *_table(("what", "effect", "whom", "to do", "only if"), resources),
            "",
        ]
    )


def _own(row: Row) -> str:
    """Name what a permission is on; each function's log alike, so that their rows are one."""
    return "its own log" if row.resource == f"{row.principal}/Logs" else row.resource


def folded(rows: Iterable[Cells], column: int) -> list[Cells]:
    """Make one row of those that differ in one column only, which lists what they have there."""
    alike: dict[Cells, list[str]] = {}
    for row in rows:
        alike.setdefault(row[:column] + row[column + 1 :], []).append(row[column])
    return [(*rest[:column], ", ".join(values), *rest[column:]) for rest, values in alike.items()]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') or '–' for cell in row)} |"


_HEAD = """\
# What may be done in AWS, and why

Made by `make docs` from the template of stage prod with a key of your own (`customer_key`).
Without that key there are no rows on `CustomerKey`. The reasons stand in `infrastructure/`, where
the permissions are given.

Every row is used: the integration tests record what the functions ask of AWS
(`tests/permissions`). A call too many fails, and so does a grant too many. What AWS itself does at
run time is in `tests/permissions/at_run_time.py`, with its documentation.

* `*` stands where AWS has no resource to name: [X-Ray's two
  actions](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html).
  In a key's own policy it means that key.
* `dynamodb:LeadingKeys` is not used: one role of a function serves every caller. Whose order it is
  stands in the condition of each request.
* A function's trust names the account, for the function's name is made after the role. That of API
  Gateway's log role has no condition: AWS documents none.
* Only the pipe's role may publish to the topic. Operators who redrive the pipe's dead letters need
  a permission of their own.

## What each role may do
"""

_RESOURCES = """
## Whom each resource lets in by itself
"""


def explained(service: Service) -> dict[str, Any]:
    """Give what only the constructs know of a template, as JSON can hold it.

    Returns:
        `paths`, where each resource stands in the tree of constructs, by logical id, and
        `reasons`, the principal, the statement and the reason of each permission that was given.
    """
    reasons = reasons_of(service)
    statements = service.resolve([one.statement.to_statement_json() for one in reasons])
    return {
        "paths": _paths_of(service),
        "reasons": [
            (reason.path.removesuffix("/Role"), statement, reason.why)
            for reason, statement in zip(reasons, statements, strict=True)
        ],
    }


def _paths_of(service: Service) -> dict[str, str]:
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
    with tempfile.TemporaryDirectory() as folder:
        service = compose_without_code(DOCUMENTED, Path(folder))
        template = json.loads(write(service).read_text())
    DOCUMENT.write_text(document(Matrix(template, explained(service))))


if __name__ == "__main__":
    main()
