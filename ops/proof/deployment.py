"""Claims about CloudFormation, the CDK and IAM's pace."""

from __future__ import annotations

from ops.proof.claim import Claim

CLAIMS = (
    Claim(
        id="template-is-taken",
        says="CloudFormation makes the template of each stage, and takes an update of it.",
        said=("README.md", "docs/operations.md#deploying"),
        expected="CREATE_COMPLETE, then UPDATE_COMPLETE after a changed setting.",
        look="`make deploy` twice.",
        sources=("https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacks.html",),
    ),
)
