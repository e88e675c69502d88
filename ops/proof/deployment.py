"""Claims about CloudFormation, the CDK and IAM's pace."""

from __future__ import annotations

from ops.proof.claim import Claim

_GUIDE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide"

CLAIMS = (
    Claim(
        id="template-is-taken",
        says="CloudFormation makes the template of each stage, and takes an update of it.",
        said=("README.md", "docs/operations.md#deploying"),
        expected="CREATE_COMPLETE, then UPDATE_COMPLETE after a changed setting.",
        look="`make deploy` twice.",
        sources=(f"{_GUIDE}/stacks.html",),
    ),
    Claim(
        id="shown-is-executed",
        says="What the change set shows is what is executed, replacements included.",
        said=("docs/operations.md#deploying", "ops/release/change_set.py"),
        expected="A replacement is asked about before it happens, and only then happens.",
        look="Rename a table in a copy of the settings, deploy, say no.",
        sources=(f"{_GUIDE}/using-cfn-updating-stacks-changesets.html",),
    ),
    Claim(
        id="one-logging-role",
        says="API Gateway has one logging role in an account and Region; the last one set is used.",
        said=("ops/release/checks_on_aws.py#logging_role",),
        expected="Access logs of two stages in one account are written.",
        look="Deploy both, ask both.",
        sources=(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
        ),
    ),
)
