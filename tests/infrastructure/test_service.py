"""The template as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infrastructure.settings import STAGES
from project.release import version

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def test_the_region_is_us_east_1() -> None:
    """Unless a stage says otherwise, everything is in us-east-1."""
    assert {STAGES[name].region for name in ("dev", "prod")} == {"us-east-1"}


def test_the_template_holds_no_account_and_no_key(template: Template) -> None:
    """A template can be shown to anybody: no account number and no key's value is in it."""
    assert not [name for name, key in template.all("ApiGateway::ApiKey") if "Value" in key]
    assert "AKIA" not in json.dumps(template.document)


def test_everything_with_tags_names_service_and_stage(prod: Template) -> None:
    """The bill can be split by service and by stage; the version that is there is seen."""
    for _, function in prod.all("Lambda::Function"):
        tags = {tag["Key"]: tag["Value"] for tag in function["Tags"]}
        wanted = {"service": "food-delivery-orders", "stage": "prod", "version": version()}
        assert tags == wanted


@pytest.mark.synthesizes
def test_a_synthesis_can_be_repeated(dev: Template, dev_again: Template) -> None:
    """The same sources give the same template, so that a diff shows what somebody changed."""
    assert dev_again.document == dev.document


def test_the_template_is_far_from_cloudformation_s_limits(template: Template) -> None:
    """Resources stay below two thirds of the 500 that a stack can have, and the text below 1 MB."""
    assert len(template.document["Resources"]) < 333
    assert len(json.dumps(template.document)) < 500_000
