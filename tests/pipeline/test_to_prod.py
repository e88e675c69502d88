"""docs/how-to/pipeline.md, command by command, as far as a machine without GitHub and AWS goes."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from project.checkout import ROOT
from tests.integration import stacks
from tests.pipeline.clone import TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.clone import Clone

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PAGE = (ROOT / "docs/how-to/pipeline.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.replace("\\\n", " ").splitlines()
]
ELSEWHERE = {
    "gh api": "It asks GitHub.",
    "aws cloudformation": "Nobody here has AWS's own command: the stack is made by what it says.",
    ".venv/bin/orders rollback": "tests/pipeline/test_steps.py has it go back.",
}
"""Commands that are not run as they stand, and why."""


def test_the_page_s_commands_work(clone: Clone) -> None:
    """Whoever pastes a command of the page gets what it promises, and no error."""
    for command in COMMANDS:
        if not command.startswith(tuple(ELSEWHERE)):
            typed = " --yes" if " destroy " in command else ""  # a person types the stage's name
            clone.bash(command.replace("v1.0.0", TAG) + typed)
    assert all(any(c.startswith(begin) for c in COMMANDS) for begin in ELSEWHERE)


def parameters() -> dict[str, str]:
    """Read what the page's command gives the template."""
    (command,) = (line for line in COMMANDS if line.startswith("aws cloudformation deploy"))
    words = shlex.split(command)
    assert words[words.index("--template-file") + 1] == "pipeline/oidc-role.yaml"
    given = words[words.index("--parameter-overrides") + 1 :]
    return dict(word.split("=", 1) for word in given)


PROVIDER = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com"


def without_provider(text: str) -> str:
    """Leave out what the emulator refuses to read, even where a condition leaves it out."""
    left, count = re.subn(r"^  Provider:\n(    .*\n)+", "", text, flags=re.MULTILINE)
    assert count == 1
    return left.replace("!Ref Provider]", "!Ref ExistingProvider]")


def test_the_roles_can_be_made(client: Callable[[str], Any]) -> None:
    """The template makes four roles and a boundary, each with the page's own values.

    The emulator has no identity providers: the account is one that has GitHub's already.
    """
    cloudformation, iam = client("cloudformation"), client("iam")
    stack = stacks.make(
        cloudformation,
        "food-delivery-orders-pipeline",
        without_provider((ROOT / "pipeline/oidc-role.yaml").read_text()),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in {**parameters(), "ExistingProvider": PROVIDER}.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    made = {output["OutputKey"] for output in stack["Outputs"]}
    assert made == {"DeployRole", "PreviewRole", "WatchRole", "ReadRole", "StageBoundary"}
    role = iam.get_role(RoleName="food-delivery-orders-deploy-dev")["Role"]
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    assert '"repo:acme/orders:environment:dev"' in trust
    assert '"repo:acme@101/orders@202:environment:dev"' in trust


@pytest.mark.parametrize(
    "name",
    ["pipeline/oidc-role.yaml", "pipeline/oidc-role-gitlab.yaml", "pipeline/permissions.json"],
)
def test_the_page_names_its_files(name: str) -> None:
    """Each file that somebody needs on the way is linked."""
    assert f"(../../{name})" in PAGE
