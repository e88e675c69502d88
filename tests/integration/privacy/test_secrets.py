"""Secrets stay where they belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.conftest import wait_until_saved
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

KEPT_BY = {"ssm.json", "apigateway_v1.json", "cognito.json"}
"""The emulator's files of what it stands for: Parameter Store, API Gateway's keys, users."""


def secrets(stack: Endpoints) -> set[str]:
    """Collect every secret that the run has made."""
    ssm = aws(stack, "ssm")
    pages = ssm.get_paginator("get_parameters_by_path")
    found = {stack.partner_api_key, stack.other_partner_api_key}
    for page in pages.paginate(Path="/food-delivery", Recursive=True, WithDecryption=True):
        for parameter in page["Parameters"]:
            if parameter["Type"] == "SecureString":
                found |= set(_words(parameter["Value"]))
    return {secret.removeprefix("whsec_") for secret in found}


def _words(value: str) -> list[str]:
    try:
        words: list[str] = json.loads(value)["secrets"]
    except ValueError:
        return [value]
    return words


def places(stack: Endpoints) -> Iterator[tuple[str, str]]:
    """Give all that the run has written, by where it stands."""
    cloudformation = aws(stack, "cloudformation")
    template = cloudformation.get_template(StackName=stack.stack_name)["TemplateBody"]
    yield "template", json.dumps(template, default=str)
    events = cloudformation.describe_stack_events(StackName=stack.stack_name)["StackEvents"]
    yield "events", json.dumps(events, default=str)
    for name, function in stack.functions.items():
        known = aws(stack, "lambda").get_function_configuration(FunctionName=function)
        yield f"environment of {name}", json.dumps(known, default=str)
    for name, group in stack.log_groups.items():
        for page in (
            aws(stack, "logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        ):
            yield f"log of {name}", json.dumps(page["events"])
    home = Path(stack.server_pem).parent
    yield "emulator's log", (home / "emulator.log").read_text()
    for path in (home / "state").glob("*.json"):
        if path.name not in KEPT_BY:
            yield path.name, path.read_text()


def test_no_secret_of_a_run_stands_where_it_does_not_belong(
    stack: Endpoints, acme: Partner
) -> None:
    """No template, event, environment, log or state holds a key, a secret or the signing key."""
    placed = acme.place()
    acme.patch(placed["orderId"], {"status": "CONFIRMED"})
    wait_until_saved(stack, acme.place()["orderId"])
    known = secrets(stack)
    assert len(known) >= 5
    found: dict[str, Any] = {
        where: secret[:6] for where, text in places(stack) for secret in known if secret in text
    }
    assert not found
