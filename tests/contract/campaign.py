"""The running API against its own document: schemathesis's requests, one caller at a time.

    contract ─► for_schemathesis ─► schemathesis, as one Caller ─► report
                                        └── hooks   mend what the document cannot say (hooks.py)
                                        └── judge   each refusal, by the document or a rule of ours

Without hooks nothing is mended: what is refused then is in the table of rules.py, or is a failure.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from documents.events.webhooks import document_31
from documents.openapi.document import API_KEY, TOKEN
from infrastructure.settings import STAGES
from orders.routes import IDEMPOTENCY_KEY, JSON, MERGE_PATCH, ROUTES
from project.checkout import ROOT
from tests.contract.judge import CALLER, DOCUMENT, MEMORY, SERVED
from tests.shared.examples import ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

FILES = ("openapi.json", "schemathesis.toml", "report.json")

_KEPT = {"HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".cache" / "hypothesis")}
"""Where Hypothesis keeps its table of all characters, which it would make anew in each folder."""

_MOST_A_SECOND = int(min(STAGES["dev"].throttle_of(route).rate for route in ROUTES))
"""What each route lets through, if all requests are for that one: a copy can answer more."""

FOREIGN_EXAMPLES, SCENARIOS = 3, 12
"""Random requests for each operation that is not the caller's, and random sequences."""

# 412 and 422 depend on what is stored, as 409 does: a valid request can meet them. So it can 413,
# for no schema says how many bytes a body has in all.
MET_BY_VALID_REQUESTS = ["2xx", "304", "401", "403", "404", "409", "412", "413", "422"]

# Only these say that a request is invalid: 409, 412 or 422 would mean that its body was taken.
REFUSALS = ["400", "401", "403", "404", "413", "415"]


@dataclass(frozen=True)
class Caller:
    """Who sends the requests: the security scheme, and the content type of its patches."""

    name: str
    scheme: str | None
    patches: str
    credential: str = ""
    serves: bool = True
    """Whether restaurants' routes admit who has such a credential."""

    def credentials(self, stack: Endpoints) -> str:
        """Write schemathesis's settings of how this caller says who it is, if at all."""
        if self.scheme is None:
            return ""
        way = "api_key" if self.scheme == API_KEY else "bearer"
        return f'auth.openapi.{self.scheme}.{way} = "{getattr(stack, self.credential)}"'

    def admitted(self, contract: dict[str, Any]) -> set[str]:
        """Name the operations that answer this caller with more than a refusal."""
        return {
            f"{method.upper()} {path}"
            for path, operations in contract["paths"].items()
            for method, operation in operations.items()
            if operation["security"] in ([], [{self.scheme: []}])
            and (self.serves or "/restaurants/" not in path)
        }


@dataclass(frozen=True, kw_only=True)
class Run:
    """How many requests are sent, and which."""

    seed: int
    """Of the random ones."""
    examples: int
    """As many of them for each operation, besides what the coverage phase enumerates."""
    hooked: bool = True
    """Whether requests are mended that only the document takes for valid."""


CALLERS = {
    caller.name: caller
    for caller in (
        Caller("partner", API_KEY, MERGE_PATCH, "partner_api_key"),
        Caller("customer", TOKEN, JSON, "customer_token", serves=False),
        Caller("operator", TOKEN, MERGE_PATCH, "operator_token", serves=False),
        Caller("restaurant", TOKEN, JSON, "restaurant_token"),
        Caller("nobody", None, JSON),
    )
}


def contract() -> dict[str, Any]:
    """Make the document that is tried: OpenAPI 3.1, which says more than 3.0, without webhooks."""
    made = document_31()
    del made["webhooks"]
    return made


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
            for name, few in {"country": ["AD", "HK", "US"], "currency": ["AED", "USD"]}.items():
                if name in schema["properties"]:
                    schema["properties"][name] = {"type": "string", "enum": few}
        elif schema["type"] == "object":
            schema["additionalProperties"] = False
    return contract


def run_schemathesis(
    caller: Caller,
    stack: Endpoints,
    folder: Path,
    contract: dict[str, Any],
    *more: str,
    run: Run,
) -> dict[str, Any]:
    """Run every phase and check of schemathesis as this caller; give its report and output.

    Args:
        caller: who sends the requests.
        stack: what they are sent to.
        folder: where documents and reports are left; what was met, beside it.
        contract: the OpenAPI document; it is changed.
        more: further options of schemathesis.
        run: how many requests, and which.
    """
    document, config, report = (folder / name for name in FILES)
    config.write_text(_settings(caller, contract, stack, hooked=run.hooked))
    document.write_text(json.dumps(for_schemathesis(contract, caller.patches)))
    memory = str(folder.parent / f"met-by-{caller.name}")
    served = json.dumps({at: _served_order(stack, at) for at in ("rest-1", "rest-2")})
    told = {CALLER: caller.name, MEMORY: memory, DOCUMENT: str(document), SERVED: served, **_KEPT}
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
    command += ["run", str(document), "--url", stack.api_url]
    command += _checks(hooked=run.hooked)
    command += ["--seed", str(run.seed), "--max-examples", str(run.examples)]
    command += ["--continue-on-failure", "--generation-database", "none", "--no-color"]
    command += ["--suppress-health-check", "all", "--rate-limit", f"{_MOST_A_SECOND}/s"]
    command += ["--report", "json", "--report-json-path", str(report), *more]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    return {**json.loads(report.read_text()), "output": done.stdout}


def _served_order(stack: Endpoints, restaurant: str) -> str:
    """Place an order as a customer, which reaches who serves the restaurant; gives its id.

    It is one for tomorrow: they can answer it for as long as a busy machine takes.
    """
    sent = {name: value for name, value in ORDER.items() if name != "customerId"}
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    placed = httpx.post(
        f"{stack.api_url}/orders",
        json={**sent, "restaurantId": restaurant, "scheduledFor": f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}"},
        headers={"Authorization": stack.other_customer_token, IDEMPOTENCY_KEY: uuid.uuid4().hex},
        timeout=60,
    )
    return str(placed.raise_for_status().json()["orderId"])


def _checks(*, hooked: bool) -> Sequence[str]:
    """Choose the checks: our judge knows better than statuses what of valid data is refused."""
    unhooked = [] if hooked else ["--exclude-checks", "positive_data_acceptance"]
    return ["--checks", "all", *unhooked]


def _settings(caller: Caller, contract: dict[str, Any], stack: Endpoints, *, hooked: bool) -> str:
    """Write schemathesis's settings: little time for what only ever answers 401 or 403."""
    foreign = sorted(operations_of(contract) - caller.admitted(contract))
    return f"""
hooks = "tests.contract.{"hooks" if hooked else "judge"}"
{caller.credentials(stack)}
checks.positive_data_acceptance.expected-statuses = {json.dumps(MET_BY_VALID_REQUESTS)}
checks.negative_data_rejection.expected-statuses = {json.dumps(REFUSALS)}
phases.stateful.generation.max-examples = {SCENARIOS}

[[operations]]
include-name = {json.dumps(foreign)}
phases.coverage.enabled = false
phases.fuzzing.generation.max-examples = {FOREIGN_EXAMPLES}
"""


def operations_of(contract: dict[str, Any]) -> set[str]:
    """Name every operation, such as `GET /orders`."""
    return {
        f"{method.upper()} {path}"
        for path, methods in contract["paths"].items()
        for method in methods
    }
