"""ministack's policy engine, run in the emulator's own environment: JSON in, JSON out.

Of the engines at hand it is the one that evaluates conditions, multi-valued ones included; moto's
ignores them. The project's environment has no ministack: this runs as a script in the emulator's.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Answer each question: is this call allowed by these statements?"""
    iam: Any = import_module("ministack.core.iam_evaluator")
    asked = json.load(sys.stdin)
    policies = [
        iam.parse_policy_document({"Statement": statements}) for statements in asked["policies"]
    ]
    calls = [_context(iam, call) for call in asked["calls"]]
    answers = [
        iam.evaluate(calls[call], [policies[policy]]).decision == "Allow"
        for call, policy in asked["questions"]
    ]
    json.dump(answers, sys.stdout)


def _context(iam: Any, call: dict[str, Any]) -> Any:
    account, region = call["role"].split(":")[4], "us-east-1"
    return iam.EvalContext(
        principal_arn=call["role"],
        principal_type="AssumedRole",
        principal_account=account,
        action=call["action"],
        resource_arn=call["resource"],
        region=region,
        secure_transport=True,
        service_context=call["context"],
    )


if __name__ == "__main__":
    main()
