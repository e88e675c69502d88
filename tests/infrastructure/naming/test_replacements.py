"""Whatever may have to be replaced can be: CloudFormation makes the new one beside the old one.

it has a name of its own   and   what cannot be changed in place follows something else
────────────────────────────────────────────────────────────────────────────────────────
the change fails: "CloudFormation cannot update a stack when a custom-named resource requires
replacing"
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from documents.stateful_changes import fixed_properties
from orders.routes import JSON
from tests.infrastructure.conftest import Template
from tests.infrastructure.naming.names import at, identifying, names, owners, refers

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER_CHANGES = {
    ("AWS::XRay::SamplingRule", "SamplingRule.Version"): 1,  # the only one that there is
    ("AWS::ApiGateway::Model", "ContentType"): JSON,
}
"""Properties that cannot be changed in place beside a fixed name, with the value they have."""


def stuck(template: Template) -> Iterator[str]:
    """Say which resources with a name of their own have something that can change in no way."""
    resources = template.document["Resources"]
    for name in names(template):
        if not name.kind.startswith("AWS::"):
            continue  # an export; or our own function's, which can do as it likes
        properties, own = resources[name.resource]["Properties"], name.path.split(" ")
        for path in fixed_properties(name.kind):
            value = at(properties, path)
            if value is None or path in {*own, *identifying(name.kind), *owners(name.kind)}:
                continue
            never = NEVER_CHANGES.get((name.kind, path))
            if never != value or refers(value, resources):
                yield f"{name.resource}: {path} beside {name.path}"


def test_nothing_with_a_name_of_its_own_must_be_replaced(template: Template) -> None:
    """Whichever setting changes, and whatever else is replaced, the next deployment succeeds."""
    assert list(stuck(template)) == []


def test_exceptions_are_needed(hardened: Template) -> None:
    """No exception is left of what is no more."""
    kinds = {resource["Type"] for resource in hardened.document["Resources"].values()}
    assert {kind for kind, _ in NEVER_CHANGES} <= kinds
    assert all(path in fixed_properties(kind) for kind, path in NEVER_CHANGES)


def _named_budget(template: Template) -> None:
    template.one("Budgets::Budget")["Budget"]["BudgetName"] = "food-delivery-orders-prod"


def _named_pipe(template: Template) -> None:
    template.one("Pipes::Pipe")["Name"] = "food-delivery-orders-prod-order-changes"


def _named_table(template: Template) -> None:
    template.one("DynamoDB::GlobalTable", "DataOrders")["TableName"] = "orders"


def _named_by_account(template: Template) -> None:
    """Give it a name that differs from account to account, and is fixed all the same."""
    name = {"Fn::Join": ["-", ["orders", {"Ref": "AWS::AccountId"}]]}
    template.one("Pipes::Pipe")["Name"] = name


def _other_content(template: Template) -> None:
    template.one("ApiGateway::Model", "ApiRestApiOrderPatch")["ContentType"] = "text/plain"


def _named_role(template: Template) -> None:
    role = template.one("IAM::Role", "GetOrderRole")
    role["RoleName"], role["Path"] = "get-order", "/orders/"


def _another_version_of_a_rule(template: Template) -> None:
    template.one("XRay::SamplingRule", "TracingRule")["SamplingRule"]["Version"] = 2


def _named_stream(template: Template) -> None:
    """Define something that has no place in the stack today."""
    properties = {"Name": "orders", "KinesisConfiguration": {"KinesisStreamArn": "x"}}
    properties |= {"DeliveryStreamName": "orders", "DeliveryStreamType": "DirectPut"}
    resources = template.document["Resources"]
    resources["Planted"] = {"Type": "AWS::KinesisFirehose::DeliveryStream"}
    resources["Planted"]["Properties"] = properties


FAULTS = (
    *(_named_budget, _named_pipe, _named_table, _named_by_account, _named_role),
    *(_other_content, _another_version_of_a_rule, _named_stream),
)


@pytest.mark.parametrize("plant", FAULTS)
def test_what_could_not_be_replaced_is_found(hardened: Template, plant: Any) -> None:
    """The budget, the pipe and whatever else: a name beside what moves does not pass."""
    planted = Template(copy.deepcopy(hardened.document))
    plant(planted)
    assert list(stuck(planted)), plant


def test_a_name_that_follows_what_moves_is_well(hardened: Template) -> None:
    """A name made of the table's own, which is new when its stream is, is no fixed one."""
    planted = Template(copy.deepcopy(hardened.document))
    (table,) = (n for n, _ in planted.all("DynamoDB::GlobalTable") if n.startswith("DataOrders"))
    planted.one("Pipes::Pipe")["Name"] = {"Fn::Join": ["-", [{"Ref": table}, "changes"]]}
    assert not list(stuck(planted)), json.dumps(planted.one("Pipes::Pipe"))
