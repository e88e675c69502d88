"""What a stage's settings say of its roles and tags, in the template."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infrastructure.settings import STAGES, settings_of
from tests.infrastructure.conftest import Template
from tests.infrastructure.test_deployable import tagged
from tests.shared.templates.kept import template_of

pytestmark = pytest.mark.synthesizes
ARN = "arn:aws:iam::111122223333:policy/teams/Bounds"
OF_THE_ACCOUNT = ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":policy/Bounds"]


@pytest.mark.parametrize(
    ("named", "written"), [("Bounds", {"Fn::Join": ["", OF_THE_ACCOUNT]}), (ARN, ARN)]
)
def test_every_role_is_bounded(named: str, written: object) -> None:
    """Where an account lets nobody make a role without its boundary, each role has it."""
    prod = replace(STAGES["prod"], permission_boundary=named, tags={"team": "orders"})
    template = Template(template_of(prod))
    roles = [role for _, role in template.all("IAM::Role")]
    assert len(roles) >= 10
    assert all(role["PermissionsBoundary"] == written for role in roles)
    for name, given in tagged(template):
        pairs = given if isinstance(given, dict) else {t["Key"]: t["Value"] for t in given or []}
        assert pairs["team"] == "orders", name
        assert pairs["stage"] == "prod", name


def test_no_role_is_bounded_unless_asked(dev: Template) -> None:
    """A stage without a boundary names none."""
    roles = [role for _, role in dev.all("IAM::Role")]
    assert not [role for role in roles if "PermissionsBoundary" in role]


def test_a_preview_keeps_no_data() -> None:
    """With the stack of a pull request goes all that it has, but API Gateway's role for logs.

    That is the account's: whichever stage was deployed last has set it, and others log with it.
    """
    resources = template_of(settings_of("pr-12"))["Resources"]
    kept = {
        each["Type"] for each in resources.values() if "Retain" in each.get("DeletionPolicy", "")
    }
    versions = {"AWS::Lambda::Version"}  # which go with their function
    assert kept - versions == {"AWS::IAM::Role", "AWS::ApiGateway::Account"}
