"""Every step of the workflows, run in a clone against an emulator in the place of AWS.

The tests stand in the order in which a project would meet them, and later ones need earlier ones.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import stack_name
from project.checkout import ROOT
from tests.integration import stacks
from tests.pipeline import calls, files
from tests.pipeline.clone import NOTES, TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.pipeline.clone import Clone
    from tests.pipeline.files import Step

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

STEPS = {str(step): step for step in files.steps()}

NOT_RUN = {
    "ci/check: Check": "It runs tests/infrastructure, which `make test` has among its tests.",
    "ci/test: Test, with nothing around that an earlier run has left": "It runs this very suite.",
}
"""Scripts that no test runs, and why."""

ACTIONS = {
    "actions/checkout": "GitHub's own: the clone stands in for what it makes.",
    "aws-actions/configure-aws-credentials": "It takes GitHub's token; the keys are made up.",
}
"""Actions, which run on GitHub alone, and what stands in for them here."""


def steps_of(job: str) -> Iterable[Step]:
    """Give the scripts of a job but for its set-up, which all jobs share."""
    return (step for step in STEPS.values() if step.job == job and step.run and not shared(step))


def shared(step: Step) -> bool:
    return step.name in {"Python of the functions", "Tools, as the lock files say"}


def status_of(client: Callable[[str], Any], stage: str) -> str:
    """Give the status of a stage's stack; empty without one."""
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    found = {stack["StackName"]: stack["StackStatus"] for stack in stacks}
    status = found.get(stack_name(stage), "")
    return "" if status == "DELETE_COMPLETE" else str(status)


def test_what_every_job_begins_with(clone: Clone) -> None:
    """A runner gets the functions' Python and the locked tools; where it has none, it says so."""
    python, tools = (step for step in STEPS.values() if step.job == "deploy/dev" and shared(step))
    with pytest.raises(AssertionError, match=r"no Python 3\.13 in its tool cache"):
        clone.run(python)
    folder = clone.around / "tools/Python/3.13.7/x64/bin"
    folder.mkdir(parents=True)
    (folder / "python3.13").symlink_to(shutil.which("python3.13") or shutil.which("python3") or "")
    clone.run(python)
    assert (clone.around / "path").read_text() == f"{folder}\n"
    assert "Ready." in clone.run(tools)
    clone.take_bytecode()


def test_a_tag_reaches_dev(clone: Clone, client: Callable[[str], Any]) -> None:
    """A tag is looked at by `orders doctor`, and is then deployed to dev without a question."""
    for step in steps_of("deploy/dev"):
        clone.run(step)
    assert status_of(client, "dev") in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_it_reaches_prod_once_approved(clone: Clone, client: Callable[[str], Any]) -> None:
    """The job of the environment prod, which somebody has approved, deploys the same to prod."""
    for step in steps_of("deploy/prod"):
        clone.run(step)
    assert status_of(client, "prod") in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_a_preview_comes_and_goes(clone: Clone, client: Callable[[str], Any]) -> None:
    """A labelled pull request has a stage of its own until it closes."""
    for step in steps_of("preview/deploy"):
        clone.run(step)
    assert status_of(client, "pr-12") == "CREATE_COMPLETE"
    assert "pr-12" in (clone.around / "summary").read_text()
    for step in steps_of("preview/remove"):
        clone.run(step)
    assert status_of(client, "pr-12") == ""


def test_the_night_removes_what_was_left(clone: Clone, client: Callable[[str], Any]) -> None:
    """A preview whose pull request is closed is gone by the morning; an open one's stays."""
    queue = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    for stage in ("pr-12", "pr-13"):
        stacks.make(client("cloudformation"), stack_name(stage), queue)
    clone.open("12")
    for step in steps_of("reaper/reap"):
        clone.run(step)
    assert "pr list --repo acme/orders --state open --label preview" in clone.asked()[-1]
    assert (status_of(client, "pr-12"), status_of(client, "pr-13")) == ("CREATE_COMPLETE", "")
    assert status_of(client, "dev")


def test_the_night_looks_at_prod(clone: Clone) -> None:
    """Where nothing was changed by hand, each step of the nightly look ends with 0.

    That a change is found, and fails the command, is in tests/integration/cli/live.
    """
    for step in steps_of("drift/look"):
        clone.run(step)


def test_a_tag_becomes_a_release(clone: Clone) -> None:
    """A release has notes, an assembly of each stage, lists of packages, and checksums."""
    for step in steps_of("release/release"):
        clone.run(step)
    asked = clone.asked()[-1]
    assert asked.startswith(f"release create {TAG} --repo acme/orders --verify-tag")
    notes = clone.given("notes.md")
    assert NOTES.replace("docs/", f"https://github.com/acme/orders/blob/{TAG}/docs/") in notes
    folder, stem = clone.root / "build/release/files", f"food-delivery-orders-{TAG[1:]}"
    names = {path.name for path in folder.iterdir()}
    of_stages, lists = {f"{stem}-dev.zip", f"{stem}-prod.zip"}, ("functions", "web-client")
    assert names == of_stages | {f"{stem}-{name}.cdx.json" for name in lists} | {"SHA256SUMS"}
    assert all(name in asked for name in names)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True)
    for name, package in zip(lists, ("msgspec", "preact"), strict=True):
        listed = json.loads((folder / f"{stem}-{name}.cdx.json").read_text())
        assert package in {component["name"] for component in listed["components"]}


def test_what_gitlab_runs(clone: Clone) -> None:
    """GitLab's jobs run the same commands, and what is their own works: the token, the release."""
    token = clone.around / "kept" / "token"
    own = {
        "AWS_ID_TOKEN": "a.b.c",
        "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/r",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
    }
    said = {step.run.strip() for step in STEPS.values()}
    lines = {line for _, line in files.gitlab_lines()}
    assert lines - said == {
        "pipeline/web-identity",
        '.venv/bin/orders diff --stage "$STAGE"',
        '.venv/bin/python -m ops.pipeline.release_files "$CI_COMMIT_TAG"',
    }
    clone.bash("pipeline/web-identity", **own)
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("a.b.c", 0o600)
    with pytest.raises(AssertionError, match="no variable for the role"):
        clone.bash("pipeline/web-identity", **{**own, "AWS_ROLE_ARN": ""})
    unchanged = clone.bash('.venv/bin/orders diff --stage "$STAGE"', STAGE="prod")
    assert "Number of stacks with differences: 0" in unchanged
    clone.bash('.venv/bin/python -m ops.pipeline.release_files "$CI_COMMIT_TAG"', CI_COMMIT_TAG=TAG)


# Here the checkout changes: what was synthesized of it above stands until now.


def test_by_hand(clone: Clone, client: Callable[[str], Any]) -> None:
    """Somebody deploys a tag to a stage, or has it go back to the release before."""
    deploy, back = steps_of("deploy/by-hand")
    assert "Nothing has changed" in clone.run(deploy)
    with another_release(clone):
        clone.run(deploy)
        assert "9.8.8" in release_of(client, "dev")
    clone.run(back)
    assert TAG[1:] in release_of(client, "dev")


@contextlib.contextmanager
def another_release(clone: Clone) -> Iterator[None]:
    """Let the clone be the next release for a while."""
    pyproject = clone.root / "pyproject.toml"
    before = pyproject.read_text()
    pyproject.write_text(before.replace(TAG[1:], "9.8.8", 1))
    yield
    pyproject.write_text(before)


def release_of(client: Callable[[str], Any], stage: str) -> str:
    """Read which release a stage says that it runs."""
    (stack,) = client("cloudformation").describe_stacks(StackName=stack_name(stage))["Stacks"]
    told = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return str(told["Release"])


def test_a_pull_request_hears_what_it_changes(clone: Clone) -> None:
    """The difference to prod becomes one comment, in which nothing of it is Markdown."""
    settings = clone.root / "infrastructure/settings.py"
    before = settings.read_text()
    settings.write_text(before.replace("            heartbeat_minutes=5,", ""))
    (compare,) = steps_of("diff/compare")
    clone.run(compare)
    settings.write_text(before)
    (write,) = steps_of("diff/comment")
    clone.run(write)
    assert "pr comment 12 --repo acme/orders --body-file" in clone.asked()[-1]
    comment = clone.given("comment.md")
    assert comment.startswith("### What this changes in prod\n\n```text\n")
    assert "AWS::Scheduler::Schedule" in comment
    assert "000000000000" not in comment


def uses(step: Step) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Give a script with the variables that it reads: what makes two steps the same."""
    return step.run, tuple(sorted((k, v) for k, v in step.env.items() if f"${k}" in step.run))


def test_every_step_was_run(clone: Clone) -> None:
    """Who adds a step adds its test, or says in the list above why there is none."""
    ran = {uses(STEPS[name]) for name in clone.ran}
    left = {name for name, step in STEPS.items() if step.run and uses(step) not in ran}
    assert left == set(NOT_RUN)
    actions = {step.uses.partition("@")[0] for step in STEPS.values() if step.uses}
    assert actions == set(ACTIONS)


ROLE_OF = {"diff": "read", "drift": "watch"}
"""Whose permissions the jobs of a workflow have; those of all others deploy."""


_RENEWS = "Only after a way back, on a stage where somebody serves a restaurant."

UNSEEN = {
    "watch": {
        "cloudformation:BatchDescribeTypeConfigurations": "CloudFormation asks, in our name.",
        "cloudformation:DetectStackResourceDrift": "AWS asks for it where a stack is looked at.",
    },
    "deploy": {
        "cloudformation:CancelUpdateStack": "Only to go back while a deployment goes on.",
        "cognito-idp:AdminGetUser": "Only a stage with operators.",
        "cognito-idp:ListUsersInGroup": "Only a stage that keeps data, once it is there.",
        "lambda:DeleteFunction": "Only where a function has more versions than are kept.",
        "lambda:PublishVersion": _RENEWS,
        "lambda:UpdateFunctionConfiguration": _RENEWS,
        "lambda:UpdateAlias": "Only to go back to other code: both releases here have the same.",
        "s3:DeleteObject": "Only a stage that hosts the web client.",
        "s3:ListBucket": "Only a stage that hosts the web client.",
        "s3:PutObject": "Only a stage that hosts the web client.",
    },
}
"""What no step asks here, and when it is asked."""


def granted(role: str) -> set[str]:
    """Name what a role of pipeline/permissions.json may do."""
    policy = json.loads((ROOT / "pipeline/permissions.json").read_text())[role]
    return {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("role", ["read", "watch", "deploy"])
def test_permissions_are_what_the_commands_ask(clone: Clone, role: str) -> None:
    """What a step asks of AWS in its own role, that role may; and no role may what none asks."""
    asked = {
        call.action
        for call in calls.heard(clone.environment)
        if call.own and ROLE_OF.get(call.step.partition("/")[0], "deploy") == role
    } - {"sts:GetCallerIdentity"}  # which nobody can be denied
    assert asked - granted(role) == set(), "asked, but not granted"
    assert granted(role) - asked == UNSEEN.get(role, {}).keys(), "granted, but not asked"
