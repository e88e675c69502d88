"""The running API keeps what its OpenAPI document says, whatever schemathesis thinks of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.campaign import CALLERS, Run, contract, operations_of, run_schemathesis

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

RUN = Run(seed=20261122, examples=12)
"""A small part of `make contract`, always the same."""


def accepted_operations(report: dict[str, Any]) -> set[str]:
    """Name the operations of which some valid request was carried out."""
    return {
        operation
        for operation, phases in report["valid_rates"].items()
        if any(phase["accepted"] for phase in phases.values())
    }


@pytest.mark.parametrize("name", CALLERS)
def test_the_api_keeps_its_contract(stack: Endpoints, tmp_path: Path, name: str) -> None:
    """No 5xx, no answer that the document does not describe, no invalid request accepted.

    As a partner, as a customer and with no credentials; and each can do what it is admitted to,
    and nothing else.
    """
    caller, made = CALLERS[name], contract()
    report = run_schemathesis(caller, stack, tmp_path, made, run=RUN)
    assert report["exit_code"] == 0, report["output"]
    operations = report["operations"]
    assert operations["tested"] == operations["total"] == len(operations_of(made))
    assert report["failures"] == report["errors"] == []
    assert accepted_operations(report) == caller.admitted(made)


def test_a_broken_contract_would_be_noticed(stack: Endpoints, tmp_path: Path) -> None:
    """Were the API to take or answer something else than documented, the test above would fail."""
    made = contract()
    schemas = made["components"]["schemas"]
    schemas["NewPartnerOrder"]["required"].append("note")  # the API takes orders without
    schemas["Order"]["required"].remove("total")
    schemas["Order"]["properties"].pop("total")  # the API answers with it
    del made["paths"]["/partner/orders"]["post"]["responses"]["400"]
    only = ["--phases", "coverage", "--include-operation-id", "partner_create_order"]
    report = run_schemathesis(CALLERS["partner"], stack, tmp_path, made, *only, run=RUN)
    noticed = {found["type"] for found in report["failures"]}
    expected = {"AcceptedNegativeData", "JsonSchemaError", "UndefinedStatusCode"}
    assert noticed == expected, report["output"]


def test_without_hooks_a_valid_request_is_refused_for_a_rule_alone(
    stack: Endpoints, tmp_path: Path
) -> None:
    """What OpenAPI 3.1 takes is refused only for what stands in docs/api/beyond-openapi.md."""
    made, unhooked = contract(), replace(RUN, hooked=False)
    only = ["--phases", "examples,fuzzing,stateful"]
    report = run_schemathesis(CALLERS["customer"], stack, tmp_path, made, *only, run=unhooked)
    assert report["exit_code"] == 0, report["output"]
    assert report["failures"] == report["errors"] == []


def test_a_refusal_that_has_no_rule_would_be_noticed(stack: Endpoints, tmp_path: Path) -> None:
    """Were the document to take what the API refuses, without hooks nothing hides it."""
    made, unhooked = contract(), replace(RUN, hooked=False)
    made["components"]["schemas"]["LineItem"]["properties"]["quantity"]["maximum"] = 100
    only = ["--phases", "coverage", "--mode", "positive", "--include-operation-id", "create_order"]
    report = run_schemathesis(CALLERS["customer"], stack, tmp_path, made, *only, run=unhooked)
    assert "invalid-body: no rule is broken at #/items/0/quantity" in report["output"]
