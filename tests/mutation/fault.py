"""What a fault is, and how its plants find their place in a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infrastructure.conftest import Template

Properties = dict[str, Any]


class Fault(NamedTuple):
    """One thing that can be wrong in a template."""

    name: str
    breaks: str
    """What it breaks, in one sentence."""
    area: str
    """The module that has it."""
    variant: str
    """The variant in whose template it is planted."""
    plant: Callable[[Template], None]


TAKE_TAGS = (
    *("ApiGateway::ApiKey", "CloudWatch::Alarm", "CloudWatch::Dashboard", "S3::Bucket"),
    *("SNS::Topic", "SQS::Queue", "SSM::Parameter"),
)
"""Types of what is added that take tags."""

REGISTERED: list[Fault] = []
"""All faults, in the order of their modules."""


def fault(plant: Callable[[Template], None]) -> Callable[[Template], None]:
    """Register a fault that is planted in prod's template; its docstring says what it breaks."""
    return fault_in("prod")(plant)


def fault_in(
    variant: str,
) -> Callable[[Callable[[Template], None]], Callable[[Template], None]]:
    """Register a fault that is planted in another variant's template."""

    def register(plant: Callable[[Template], None]) -> Callable[[Template], None]:
        area = plant.__module__.rpartition(".")[2]
        breaks = " ".join((plant.__doc__ or "").split())
        REGISTERED.append(Fault(plant.__name__, breaks, area, variant, plant))
        return plant

    return register


def table(template: Template, name: str) -> Properties:
    """Give a table's properties."""
    return template.one("DynamoDB::GlobalTable", f"Data{name}")


def function(template: Template, name: str) -> Properties:
    """Give a function's properties."""
    return template.one("Lambda::Function", f"{name}Function")


def variables(template: Template, name: str) -> Properties:
    """Give the environment variables of a function."""
    found: Properties = function(template, name)["Environment"]["Variables"]
    return found


def queue(template: Template, name: str) -> Properties:
    """Give a queue's properties."""
    return template.one("SQS::Queue", f"Processing{name}")


def method(template: Template, operation: str) -> Properties:
    """Give the properties of the method of an operation."""
    methods = (method for _, method in template.all("ApiGateway::Method"))
    (found,) = (method for method in methods if method.get("OperationName") == operation)
    return found


def id_of(template: Template, kind: str, start: str = "") -> str:
    """Give the logical id of the only resource of a type whose id starts so."""
    (found,) = (name for name, _ in template.all(kind) if name.startswith(start))
    return found


def arn(template: Template, kind: str, start: str = "") -> Properties:
    """Refer to a resource by its ARN."""
    return {"Fn::GetAtt": [id_of(template, kind, start), "Arn"]}


def statements(template: Template, start: str) -> list[Properties]:
    """Give what a role may do, by what the role's id starts with."""
    policy = template.one("IAM::Policy", f"{start}Role")["PolicyDocument"]
    found: list[Properties] = policy["Statement"]
    return found


def statement(template: Template, start: str, action: str) -> Properties:
    """Give the first statement of a role that names an action."""
    return next(s for s in statements(template, start) if action in s["Action"])


def allow(template: Template, start: str, action: str, resource: Any) -> None:
    """Let a role do something more."""
    granted = {"Effect": "Allow", "Action": action, "Resource": resource}
    statements(template, start).append(granted)


def resource_policy(template: Template, kind: str, start: str) -> list[Properties]:
    """Give the statements of the resource policy whose id starts so."""
    found: list[Properties] = template.one(kind, start)["PolicyDocument"]["Statement"]
    return found


def add(template: Template, name: str, kind: str, properties: Properties) -> None:
    """Add a resource, with the tags that everything of prod has, for they are not the fault."""
    given = tags("prod")
    if kind in TAKE_TAGS:
        listed = [{"Key": key, "Value": value} for key, value in given.items()]
        properties = {**properties, "Tags": given if kind == "SSM::Parameter" else listed}
    template.document["Resources"][name] = {"Type": f"AWS::{kind}", "Properties": properties}


def remove(template: Template, kind: str, start: str = "") -> None:
    """Remove a resource, and what waits for it."""
    gone = id_of(template, kind, start)
    del template.document["Resources"][gone]
    for resource in template.document["Resources"].values():
        waits = resource.get("DependsOn", [])
        if gone in waits:
            resource["DependsOn"] = [name for name in waits if name != gone]
