"""CloudFormation: what it refuses in a template, and what it cannot take over."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.refused_resources import ALARM, REFUSED_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable


def placeholders() -> None:
    """Take whatever ministack refuses in a template, and AWS makes, as if it had been made.

    Not for the local run, which leaves it out and says so: for trying `make deploy` itself, which
    sends the whole template.
    """
    handlers = ministack.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    made: dict[str, Callable[..., Any]] = {
        "create": lambda logical_id, _, stack: (f"{stack}-{logical_id}", {}),
        "update": lambda physical_id, *_, **__: (physical_id, {}),
        "delete": lambda *_, **__: None,
    }
    for kind in REFUSED_TYPES:
        handlers.setdefault(kind, made)
    alarms = handlers[ALARM]
    for step, wanted in (("create", 1), ("update", 2), ("delete", 1)):
        alarms[step] = _unless_computed(alarms[step], made[step], wanted)


def adopted_tables() -> None:
    """Take an existing table into a stack as AWS::DynamoDB::GlobalTable, as AWS does.

    ministack imports AWS::DynamoDB::Table alone. For trying `orders deploy --adopt`.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html
    """
    table, global_table = "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"
    handlers = ministack.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    handlers[global_table].setdefault("import", handlers[table]["import"])
    lookups = ministack.module("services.cloudformation.changesets")._IMPORT_LOOKUPS
    lookups.setdefault(global_table, lookups[table])


def updated_tables() -> None:
    """Change an AWS::DynamoDB::GlobalTable in place, with what is in it, where AWS does.

    ministack takes one that the template does not name for another table, and makes it anew, empty.
    """
    table = "AWS::DynamoDB::GlobalTable"
    handler = ministack.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS[table]
    update = handler["update"]

    def in_place(physical_id: str, old: Any, new: Any, *more: Any, **options: Any) -> Any:
        named = "TableName" in old or "TableName" in new
        if not named and old["KeySchema"] == new["KeySchema"]:
            old, new = ({**each, "TableName": physical_id} for each in (old, new))
        return update(physical_id, old, new, *more, **options)

    handler["update"] = in_place


def known_replacements() -> None:
    """Say of types that ministack does not know which properties replace them, as AWS does.

    It says of all others that any change may replace them. For trying `orders deploy`, which asks
    before what holds data is replaced. "Update requires: Replacement" stands at these properties:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-stage.html
    """
    known = ministack.module("services.cloudformation.provisioners")._REPLACING_PROPERTIES
    gateway = "AWS::ApiGateway::"
    known.setdefault(f"{gateway}RestApi", ())
    known.setdefault(f"{gateway}Stage", ("RestApiId", "StageName"))
    known.setdefault(f"{gateway}UsagePlan", ())


def _unless_computed(
    do: Callable[..., Any], pretend: Callable[..., Any], properties: int
) -> Callable[..., Any]:
    """Do something with an alarm, or pretend to with one whose metric is computed."""

    def either(*arguments: Any, **options: Any) -> Any:
        computed = "Metrics" in arguments[properties]
        return (pretend if computed else do)(*arguments, **options)

    return either
