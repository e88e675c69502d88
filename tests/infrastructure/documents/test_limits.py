"""The templates stay clear of AWS's limits."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from documents.limits import DOCUMENT, INLINE_BODY, SHARE, document, uses
from infrastructure.settings import STAGES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infrastructure.conftest import Template


def test_no_limit_is_near(template: Template) -> None:
    """Of every limit that AWS has for a template a fifth is free, in each variant."""
    near = [use for use in uses(template.document) if use.share > SHARE]
    assert {use.limit for use in near} <= {INLINE_BODY}, near


def test_each_limit_counts_something(template: Template) -> None:
    """No limit is kept only because nothing is counted."""
    for use in uses(template.document):
        assert use.used > 0, use


@pytest.mark.synthesizes
def test_the_longest_stage_name_deploys(longest: Path) -> None:
    """A stage may have the longest name that the settings take: no other name becomes too long."""
    template = json.loads(longest.read_text())  # CDK's limits: release/test_cdk_validation.py
    over = [use for use in uses(template) if use.share > 1]
    assert {use.limit for use in over} == {INLINE_BODY}, over


@pytest.mark.synthesizes
def test_the_document_is_current(templates: dict[str, Template]) -> None:
    """docs/limits.md shows the templates of today."""
    stages = {stage: templates[stage].document for stage in STAGES}
    assert DOCUMENT.read_text() == document(stages), "run: make docs"


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        ("CreateOrderRoleDefaultPolicy", "policies within one role, characters"),
        ("ParametersReaders", "managed policy, characters"),
        ("ProcessingOrderProcessingQueuePolicy", "policy of one queue, bytes"),
    ],
)
def test_a_policy_that_grows_is_seen(prod: Template, start: str, limit: str) -> None:
    """A policy counts with its references resolved, and all its statements."""
    grown = copy.deepcopy(prod.document)
    (name,) = (name for name in grown["Resources"] if name.startswith(start))
    statements = grown["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]
    before = {use.limit: use.used for use in uses(prod.document)}[limit]
    statements.extend(copy.deepcopy(statements) * 9)
    assert {use.limit: use.used for use in uses(grown)}[limit] > 4 * before
