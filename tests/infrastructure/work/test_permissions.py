"""Who may do what to what in AWS, in every variant of the template."""

from __future__ import annotations

import inspect
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from documents import permissions
from documents.permissions import (
    DOCUMENT,
    DOCUMENTED,
    Matrix,
    Row,
    document,
    explained,
    folded,
    listed,
)
from infrastructure.functions import construct_id
from infrastructure.synth import compose_without_code
from orders.routes import ROUTES, STAGE
from tests.infrastructure.conftest import VARIANTS
from tests.permissions.at_run_time import MANAGED_BY_AWS
from tests.shared.templates import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infrastructure.service import Service
    from infrastructure.settings import Settings
    from tests.infrastructure.conftest import Services, Template

WITHOUT_RESOURCES = {
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
UNCONDITIONAL_TRUST = {"Api/RestApi/CloudWatchRole"}  # API Gateway's docs name no condition for it


@pytest.fixture(scope="session")
def matrices(services: Services, templates: dict[str, Template]) -> dict[str, Matrix]:
    return {
        name: Matrix(templates[name].document, told(settings, partial(services.__getitem__, name)))
        for name, settings in VARIANTS.items()
    }


def told(settings: Settings, service: Callable[[], Service]) -> dict[str, Any]:
    """Give what only the constructs of some settings know; it is kept."""
    what = f"explained {inspect.getsource(permissions)}"
    found: dict[str, Any] = kept.made(what, settings, lambda: explained(service()))
    return found


@pytest.fixture
def matrix(
    template: Template, templates: dict[str, Template], matrices: dict[str, Matrix]
) -> Matrix:
    """Each variant's in turn."""
    return next(matrices[name] for name, found in templates.items() if found is template)


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every statement of every policy on what a role may do."""
    for kind in ("IAM::Policy", "IAM::ManagedPolicy"):
        for name, properties in template.all(kind):
            for statement in properties["PolicyDocument"]["Statement"]:
                yield name, statement


def test_every_permission_has_a_reason(matrix: Matrix) -> None:
    """No role may do anything of which nobody has said what for."""
    assert not [row for row in matrix.of_roles() if not matrix.reasons.get(row)]


def test_every_reason_is_one_for_a_permission(matrix: Matrix) -> None:
    """A permission that goes takes its reason with it."""
    assert matrix.reasons
    assert not set(matrix.reasons) - set(matrix.of_roles())


def test_no_action_is_a_pattern(template: Template) -> None:
    """Every action is written out, and nothing is granted by saying what is not."""
    for name, statement in statements(template):
        assert statement["Effect"] == "Allow", name
        assert not {"NotAction", "NotResource"} & set(statement), name
        assert not [action for action in listed(statement["Action"]) if "*" in action], name


def test_only_what_has_no_resource_is_allowed_on_all(template: Template) -> None:
    """`Resource: *` stands where AWS knows no resource; two prefixes are the service's own.

    The gate's is a function's versions and aliases, whatever their numbers will be.
    """
    for name, statement in statements(template):
        for resource in listed(statement["Resource"]):
            text = json.dumps(resource)
            if resource == "*":
                assert set(listed(statement["Action"])) <= WITHOUT_RESOURCES, name
            elif "*" in text:
                gates = name.startswith("ReleaseGate") and text.endswith('Arn"]}, ":*"]]}')
                assert "/partners/*" in text or "-deadlines/*" in text or gates, name


def test_no_role_has_a_policy_of_aws_but_the_one_that_must(template: Template) -> None:
    """AWS's managed policies are wide; the one that API Gateway asks for has a reason."""
    for name, role in template.all("IAM::Role"):
        for policy in role.get("ManagedPolicyArns", []):
            assert any(known in json.dumps(policy) for known in MANAGED_BY_AWS), name


def is_service(row: Row) -> bool:
    return row.principal.endswith(".amazonaws.com")


def test_no_service_is_trusted_for_another_account(matrix: Matrix) -> None:
    """Whatever service may take a role does so for this account only."""
    for row in matrix.of_resources():
        if row.action == "sts:AssumeRole" and row.resource not in UNCONDITIONAL_TRUST:
            assert is_service(row), row
            assert "aws:SourceAccount = ACCOUNT" in row.condition, row


def test_no_service_is_let_in_for_another_resource(matrix: Matrix) -> None:
    """A resource that lets a service in names the one resource of ours that it comes for."""
    for row in matrix.of_resources():
        if is_service(row) and row.action != "sts:AssumeRole":
            assert "aws:sourcearn" in row.condition.lower(), row


def test_functions_are_called_by_their_own_methods_only(matrix: Matrix) -> None:
    """Of all that could call a function, its own methods of the API may: no test button either.

    Cognito calls the one that it asks before it makes tokens, and only of this pool.
    """
    methods = {
        (f"{construct_id(route.function)}/Live", f"{route.method}{_pattern(route.path)}")
        for route in ROUTES
    }
    called = {
        (row.resource, row.condition.partition(f"/{STAGE}/")[2])
        for row in matrix.of_resources()
        if (row.action, row.principal) == ("lambda:InvokeFunction", "apigateway.amazonaws.com")
    }
    assert called == methods
    others = {
        (row.principal, row.resource, row.condition)
        for row in matrix.of_resources()
        if row.action == "lambda:InvokeFunction" and row.principal != "apigateway.amazonaws.com"
    }
    pool = "aws:SourceArn like Identity/UserPool"
    assert others <= {("cognito-idp.amazonaws.com", "CheckSecondFactor", pool)}


def _pattern(path: str) -> str:
    return path.replace("{orderId}", "*").replace("{restaurantId}", "*")


def test_queues_are_filled_by_their_topic_only(matrix: Matrix) -> None:
    """A queue's own policy lets in nobody but our topic; the pipe's dead letters nobody at all."""
    let_in = [
        row for row in matrix.of_resources() if "sqs:" in row.action and row.effect == "Allow"
    ]
    assert {row.resource for row in let_in} == {
        f"Processing/{queue}/{kind}"
        for queue in ("OrderProcessing", "PartnerNotifications", "RestaurantNotifications")
        for kind in ("Queue", "DeadLetters")
    }
    for row in let_in:
        assert (row.principal, row.action) == ("sns.amazonaws.com", "sqs:SendMessage")
        assert row.condition == "aws:SourceArn = Processing/OrderChanges"


def test_order_changes_are_told_by_the_pipe_only(matrix: Matrix) -> None:
    """The topic lets nobody in by itself, and of all roles only the pipe's may publish to it."""
    topic = "Processing/OrderChanges"
    assert not [r for r in matrix.of_resources() if r.resource == topic and r.effect == "Allow"]
    publishers = [
        row.principal
        for row in matrix.of_roles()
        if (row.action, row.resource) == ("sns:Publish", topic)
    ]
    assert publishers == ["Processing/PipeRole"]


def test_there_are_no_buckets(template: Template) -> None:
    """There is nothing in S3 to protect, but the web client's files, which anybody may read."""
    names = [name for name, _ in template.all("S3::Bucket")]
    assert all(name.startswith("WebHostingFiles") for name in names), names
    assert len(names) == len(list(template.all("CloudFront::Distribution")))


def test_keys_are_used_through_a_service_and_for_its_own_data(matrix: Matrix) -> None:
    """No role can use a key by itself, nor for anything but the data that is its business."""
    for row in matrix.of_roles():
        if row.action.startswith("kms:"):
            assert "kms:ViaService = " in row.condition, row
            # Looking at a key is no use of it, and has no encryption context.
            assert ("kms:EncryptionContext:" in row.condition) == (row.action != "kms:DescribeKey")


def conditions(template: Template, start: str, action: str) -> list[Any]:
    """Give the conditions under which a function may do something."""
    policy = template.one("IAM::Policy", start)["PolicyDocument"]
    found = [s for s in policy["Statement"] if action in listed(s["Action"])]
    return [statement.get("Condition") for statement in found]


def test_an_order_is_placed_with_its_key_or_not_at_all(template: Template) -> None:
    """Even a bug could not store an order without the record that makes it repeatable."""
    (found,) = conditions(template, "CreateOrderRole", "dynamodb:PutItem")
    enclosing = {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}
    assert found == {"ForAnyValue:StringEquals": enclosing}


def test_the_worker_can_confirm_and_change_nothing_else(template: Template) -> None:
    """It can neither raise a price nor move an order to another customer or address."""
    (found,) = conditions(template, "ProcessOrderRole", "dynamodb:UpdateItem")
    attributes = set(found["ForAllValues:StringEquals"]["dynamodb:Attributes"])
    assert {"orderId", "timestamp", "status", "version", "history"} <= attributes
    assert not attributes & {"total", "items", "charges", "customerId", "partnerId", "currency"}


def test_a_row_for_several_names_each_of_them() -> None:
    """Whoever looks for a role or a queue in the document finds it, though rows were joined."""
    rows = [
        ("Get", "GetItem", "Orders"),
        ("List", "GetItem", "Orders"),
        ("List", "Scan", "Orders"),
        ("Update", "GetItem", "Orders"),
    ]
    assert folded(folded(rows, 1), 0) == [
        ("Get, Update", "GetItem", "Orders"),
        ("List", "GetItem, Scan", "Orders"),
    ]


def test_the_document_is_made_from_the_template(tmp_path: Path) -> None:
    """What docs/security/permissions.md tells is what is deployed; `make docs` writes it."""
    knows = told(DOCUMENTED, lambda: compose_without_code(DOCUMENTED, tmp_path))
    assert DOCUMENT.read_text() == document(Matrix(kept.template_of(DOCUMENTED), knows))
