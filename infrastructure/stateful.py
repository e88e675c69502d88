"""What holds data: by type, what is lost with it; and what somebody means to lose.

Two look at it: `make check` compares templates (documents/stateful_changes.py), and `orders deploy`
looks at what CloudFormation would do (ops/release/change_set.py).
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "infrastructure/released"
"""The last release's templates, and what may be lost on the way to the next."""

BEFORE = FOLDER / "before"
"""Those of the release before the last: a stage that has them is updated, too."""

DECLARED = FOLDER / "declared.toml"
"""What somebody means to lose."""

HOLDS = {
    "AWS::ApiGateway::DomainName": "the name that the domain's DNS record points to",
    "AWS::ApiGateway::RestApi": "the API's id, which is in every client's address",
    "AWS::ApiGateway::Stage": "the stage's name, which is in every client's address",
    "AWS::ApiGateway::UsagePlan": "the partners' keys on the plan, and what they used of it today",
    "AWS::Cognito::UserPool": "all customers and operators",
    "AWS::Cognito::UserPoolClient": "the client's id, which every page has",
    "AWS::Cognito::UserPoolGroup": "who is an operator",
    "AWS::DynamoDB::GlobalTable": "the table's items, and those of its stream that nobody read yet",
    "AWS::IAM::ManagedPolicy": "the policy's ARN, which other services attached",
    "AWS::KMS::Key": "the key, and with it whatever it encrypts",
    "AWS::Logs::LogGroup": "a week of logs",
    "AWS::Pipes::Pipe": "where in the stream the pipe was",
    "AWS::SNS::Topic": "the subscriptions of other teams",
    "AWS::SQS::Queue": "the messages that wait, and the dead letters",
    "AWS::SSM::Parameter": "the value's history, and its value if somebody changed it",
    "Custom::CreatedParameters": "the flags, and the key that signs webhooks",
}
"""What is lost with a resource of each type."""

FIXED_BESIDES = {
    # Cognito: "Updates are not allowed for property"; no schema says so.
    "AWS::Cognito::UserPool": ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration"),
    # A stream that is switched off takes what is in it along, and its pipe never reads again.
    "AWS::DynamoDB::GlobalTable": ("StreamSpecification",),
    # KMS refuses to change what a key is.
    "AWS::KMS::Key": ("KeySpec", "KeyUsage", "MultiRegion", "Origin"),
    # Ours: the function deletes what has another name, and makes it anew.
    "Custom::CreatedParameters": ("Flags", "SigningKey", "ServiceToken"),
}
"""Properties that cannot be changed in place, beside those that AWS's schemas name."""

REMOVED = "removed"
"""What is declared of a thing that leaves the template."""


def declared(stage: str, file: Path = DECLARED) -> dict[tuple[str, str], str]:
    """Read what somebody means to lose in a stage: (logical id, what), with the reason."""
    changes = tomllib.loads(file.read_text()).get("change", [])
    return {(c["resource"], c["what"]): c["reason"] for c in changes if c["stage"] == stage}
