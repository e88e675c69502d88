"""The running API keeps what its OpenAPI document says, whatever schemathesis thinks of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from documents.openapi.document import API_KEY, TOKEN, document
from orders.routes import JSON, MERGE_PATCH
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

SEED = 20261122
EXAMPLES, FOREIGN_EXAMPLES, SCENARIOS = 12, 3, 5
"""Random requests for each operation besides what the coverage phase enumerates, those for each
that is not the caller's, and random sequences of requests."""
FILES = ("openapi.json", "schemathesis.toml", "report.json")

# 412 and 422 depend on what is stored, as 409 does: a valid request can meet them. So it can 413,
# for no schema says how many bytes a body has in all.
MET_BY_VALID_REQUESTS = ["2xx", "304", "401", "403", "404", "409", "412", "413", "422"]

# Only these say that a request is invalid: 409, 412 or 422 would mean that its body was taken.
REFUSALS = ["400", "401", "403", "404", "413", "415"]


@dataclass(frozen=True)
class Caller:
    """Who sends the requests: the security scheme, and the content type of its patches."""

    scheme: str | None
    patches: str

    def credentials(self, stack: Endpoints) -> str:
        """Write schemathesis's settings of how this caller says who it is, if at all."""
        given = {
            API_KEY: f'auth.openapi.{API_KEY}.api_key = "{stack.partner_api_key}"',
            TOKEN: f'auth.openapi.{TOKEN}.bearer = "{stack.customer_token}"',
        }
        return given[self.scheme] if self.scheme else ""

    def admitted(self, contract: dict[str, Any]) -> set[str]:
        """Name the operations that answer this caller with more than a refusal."""
        return {
            f"{method.upper()} {path}"
            for path, operations in contract["paths"].items()
            for method, operation in operations.items()
            if operation["security"] in ([], [{self.scheme: []}])
        }


CALLERS = {
    "partner": Caller(API_KEY, MERGE_PATCH),
    "customer": Caller(TOKEN, JSON),
    "nobody": Caller(None, JSON),
}


def for_schemathesis(contract: dict[str, Any], patches: str) -> dict[str, Any]:
    """Make the document stricter than it is for clients, and quicker to try.

    An answer may have no field that is not named, and a request's countries and currencies are a
    few: schemathesis would try all of them in every place. A patch has the same schema in both its
    content types: each caller tries one of them.
    """
    for operations in contract["paths"].values():
        if "patch" in operations:
            content = operations["patch"]["requestBody"]["content"]
            operations["patch"]["requestBody"]["content"] = {patches: content[patches]}
    for schema in contract["components"]["schemas"].values():
        if "additionalProperties" in schema:
            for name, few in {"country": ["AD", "US"], "currency": ["AED", "USD"]}.items():
                if name in schema["properties"]:
                    schema["properties"][name] = {"type": "string", "enum": few}
        elif schema["type"] == "object":
            schema["additionalProperties"] = False
    return contract


def settings_for(caller: Caller, contract: dict[str, Any], stack: Endpoints) -> str:
    """Write schemathesis's settings: little time for what only ever answers 401 or 403."""
    foreign = sorted(operations_of(contract) - caller.admitted(contract))
    return f"""
hooks = "tests.integration.laboratories.contract_hooks"
{caller.credentials(stack)}
checks.positive_data_acceptance.expected-statuses = {json.dumps(MET_BY_VALID_REQUESTS)}
checks.negative_data_rejection.expected-statuses = {json.dumps(REFUSALS)}
phases.stateful.generation.max-examples = {SCENARIOS}

[[operations]]
include-name = {json.dumps(foreign)}
phases.coverage.enabled = false
phases.fuzzing.generation.max-examples = {FOREIGN_EXAMPLES}
"""


def run_schemathesis(
    caller: Caller, stack: Endpoints, folder: Path, contract: dict[str, Any], *more: str
) -> dict[str, Any]:
    """Run every phase and check of schemathesis as this caller; give its report and output."""
    document, config, report = (folder / name for name in FILES)
    config.write_text(settings_for(caller, contract, stack))
    document.write_text(json.dumps(for_schemathesis(contract, caller.patches)))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
    command += ["run", str(document), "--url", stack.api_url]
    command += ["--checks", "all"]
    command += ["--seed", str(SEED), "--max-examples", str(EXAMPLES), "--continue-on-failure"]
    command += ["--generation-database", "none", "--suppress-health-check", "all", "--no-color"]
    command += ["--report", "json", "--report-json-path", str(report), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    return {**json.loads(report.read_text()), "output": done.stdout}


def operations_of(contract: dict[str, Any]) -> set[str]:
    """Name every operation, such as `GET /orders`."""
    return {
        f"{method.upper()} {path}"
        for path, methods in contract["paths"].items()
        for method in methods
    }


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
    caller, contract = CALLERS[name], document()
    report = run_schemathesis(caller, stack, tmp_path, contract)
    assert report["exit_code"] == 0, report["output"]
    operations = report["operations"]
    assert operations["tested"] == operations["total"] == len(operations_of(contract))
    assert report["failures"] == report["errors"] == []
    assert accepted_operations(report) == caller.admitted(contract)


def test_a_broken_contract_would_be_noticed(stack: Endpoints, tmp_path: Path) -> None:
    """Were the API to take or answer something else than documented, the test above would fail."""
    contract = document()
    schemas = contract["components"]["schemas"]
    schemas["NewPartnerOrder"]["required"].append("note")  # the API takes orders without
    schemas["Order"]["required"].remove("total")
    schemas["Order"]["properties"].pop("total")  # the API answers with it
    del contract["paths"]["/partner/orders"]["post"]["responses"]["400"]
    only = ["--phases", "coverage", "--include-operation-id", "partner_create_order"]
    report = run_schemathesis(CALLERS["partner"], stack, tmp_path, contract, *only)
    noticed = {found["type"] for found in report["failures"]}
    expected = {"AcceptedNegativeData", "JsonSchemaError", "UndefinedStatusCode"}
    assert noticed == expected, report["output"]
