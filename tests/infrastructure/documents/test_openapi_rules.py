"""redocly's rules over the OpenAPI document: what its readers and their tools trip over."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from documents.events.webhooks import document_31
from documents.openapi.document import document
from tests.shared.node import PROGRAM, packages, variables

if TYPE_CHECKING:
    from collections.abc import Callable

    Fault = Callable[[dict[str, Any]], None]

RULES = Path(__file__).with_name("redocly.yaml")
ALONE = """data:text/javascript,
import net from "node:net";
net.Socket.prototype.connect = () => { console.error("it connects"); process.exit(99); };
"""
"""A module for Node: whoever opens a connection ends the program."""


def run(
    contract: dict[str, Any], folder: Path, *, telemetry: str = "off"
) -> subprocess.CompletedProcess[str]:
    """Ask redocly, which may ask nobody."""
    place = folder / "openapi.json"
    place.write_text(json.dumps(contract))
    cli = packages() / "@redocly/cli/bin/cli.js"
    command = [str(PROGRAM), "--import", ALONE, str(cli), "lint", str(place)]
    own = {"REDOCLY_TELEMETRY": telemetry, "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    return subprocess.run(
        [*command, "--config", str(RULES), "--format", "json"],
        env={**variables(), **own},
        capture_output=True,
        text=True,
        check=False,
    )


def lint(contract: dict[str, Any], folder: Path) -> list[str]:
    """Give the rules that are broken, and where."""
    done = run(contract, folder)
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)["problems"]
    return [f"{one['ruleId']}: {one['message']} {one['location'][0]['pointer']}" for one in found]


@pytest.mark.parametrize("made", [document, document_31], ids=["3.0", "3.1"])
def test_redocly_is_content(made: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    """No rule is broken, but those that redocly.yaml switches off with a reason."""
    assert lint(made(), tmp_path) == []


def test_a_check_that_tells_somebody_fails(tmp_path: Path) -> None:
    """Nobody hears of your document: were redocly's telemetry on, the check would end there."""
    assert run(document(), tmp_path, telemetry="on").returncode == 99


def of(contract: dict[str, Any], path: str = "/orders", method: str = "post") -> Any:
    """Give an operation."""
    return contract["paths"][path][method]


def no_license(contract: dict[str, Any]) -> None:
    del contract["info"]["license"]


def no_contact(contract: dict[str, Any]) -> None:
    del contract["info"]["contact"]


def two_of_a_name(contract: dict[str, Any]) -> None:
    of(contract)["operationId"] = of(contract, method="get")["operationId"]


def an_open_door(contract: dict[str, Any]) -> None:
    del of(contract)["security"]


def a_reference_to_nothing(contract: dict[str, Any]) -> None:
    of(contract)["responses"]["400"] = {"$ref": "#/components/responses/Gone"}


def an_example_that_does_not_fit(contract: dict[str, Any]) -> None:
    media = of(contract)["requestBody"]["content"]["application/json"]
    media["example"] = {**media["example"], "tip": "a little"}


def a_parameter_of_no_path(contract: dict[str, Any]) -> None:
    contract["paths"]["/orders/{id}"] = contract["paths"].pop("/orders/{orderId}")


def an_error_of_another_form(contract: dict[str, Any]) -> None:
    problem = contract["components"]["responses"]["MoveNotAllowed"]
    problem["content"] = {"text/html": problem["content"].popitem()[1]}


def a_schema_that_nobody_uses(contract: dict[str, Any]) -> None:
    contract["components"]["schemas"]["Leftover"] = {"type": "string", "minLength": 1}


FAULTS: dict[Fault, str] = {
    no_license: "info-license",
    no_contact: "info-contact",
    two_of_a_name: "operation-operationId-unique",
    an_open_door: "security-defined",
    a_reference_to_nothing: "no-unresolved-refs",
    an_example_that_does_not_fit: "no-invalid-media-type-examples",
    a_parameter_of_no_path: "path-parameters-defined",
    an_error_of_another_form: "response-mime-type",
    a_schema_that_nobody_uses: "no-unused-components",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    """Whoever breaks the document hears which rule, before a partner does."""
    contract = document()
    fault(contract)
    broken = [problem.partition(":")[0] for problem in lint(contract, tmp_path)]
    assert FAULTS[fault] in broken, broken
