"""What the pipeline's files promise by themselves, without a runner and without AWS."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infrastructure.settings import STAGES
from project.checkout import ROOT
from tests.pipeline import files
from tests.pipeline.expressions import UnknownError, evaluated, holds_any
from tests.shared.templates.kept import template_of

_ON: Any = True  # the key `on` of a workflow is a boolean in YAML 1.1

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOBS = dict(files.jobs())
PERMISSIONS: dict[str, Any] = json.loads((ROOT / "pipeline/permissions.json").read_text())
OF_POLICIES = {
    "DeployPolicy": "deploy",
    "WatchPolicy": "watch",
    "ReadPolicy": "read",
    "StageBoundary": "boundary",
}
"""Which part of pipeline/permissions.json a policy of the role's templates is."""


class CloudFormation(yaml.SafeLoader):
    """Reads templates in YAML; of !Sub only the text is kept, of others name and content."""


def _tag(loader: Any, tag: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    else:
        value = loader.construct_sequence(node, deep=True)
    return value if tag == "Sub" else {tag: value}


CloudFormation.add_multi_constructor("!", _tag)


def template(name: str) -> dict[str, Any]:
    text = (ROOT / "pipeline" / name).read_text()
    document: dict[str, Any] = yaml.load(text, CloudFormation)  # noqa: S506 - it is a safe loader
    return document


GITHUB, ELSEWHERE = template("oidc-role.yaml"), template("oidc-role-gitlab.yaml")


def trusts(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each role's name with the condition under which it may be taken."""
    for name, resource in document["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            yield name, statement["Condition"]


def subjects(condition: dict[str, Any]) -> list[str]:
    return [
        subject
        for keys in condition.values()
        for key, texts in keys.items()
        if key.endswith(":sub")
        for subject in texts
    ]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_no_more_than_it_needs(name: str) -> None:
    """A job ends by itself, says what it may do, and leaves no token in its checkout."""
    job = JOBS[name]
    assert 0 < job["timeout-minutes"] <= 120
    assert set(job["permissions"]) <= {"contents", "id-token", "pull-requests"}
    written = {scope for scope, access in job["permissions"].items() if access == "write"}
    takes_a_role = any("role-to-assume" in step.get("with", {}) for step in job["steps"])
    assert ("id-token" in written) == takes_a_role
    assert written - {"id-token"} <= {"contents"} if name == "release/release" else True
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) if "uses" in step else True


@pytest.mark.parametrize("path", files.WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_nothing_by_itself(path: Path) -> None:
    """Permissions are a job's; no workflow runs a stranger's code with the repository's rights."""
    document = files.loaded(path)
    assert document["permissions"] == {}
    triggers = {str(key): value for key, value in document.items()}["True"]  # `on`, to YAML 1.1
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(triggers)
    assert "concurrency" in document or all(
        "concurrency" in job for job in document["jobs"].values()
    )


@pytest.mark.parametrize("step", [step for step in files.steps() if step.run], ids=str)
def test_no_text_of_others_is_a_script(step: files.Step) -> None:
    """What a branch, a title or an input is called reaches a script as a variable only."""
    assert not holds_any(step.run)


@pytest.mark.parametrize("name", [n for n in JOBS if n.startswith(("diff/c", "preview/"))])
def test_a_fork_s_code_gets_no_credentials(name: str) -> None:
    """A job that a pull request starts, and that has a role, is of this repository's branches."""
    job = JOBS[name]
    if "id-token" in job["permissions"]:
        assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


def test_who_comments_runs_nothing_of_the_pull_request() -> None:
    """The job that may comment has no checkout, and the one that has may not comment."""
    comment, compare = JOBS["diff/comment"], JOBS["diff/compare"]
    assert not [step for step in comment["steps"] if "uses" in step]
    assert comment["permissions"] == {"pull-requests": "write"}
    assert "pull-requests" not in compare["permissions"]


def test_prod_waits_for_somebody() -> None:
    """Whatever changes prod is a job of the environment prod, whose rules ask for a person."""
    assert JOBS["deploy/prod"]["environment"] == "prod"
    assert JOBS["deploy/by-hand"]["environment"] == "${{ inputs.stage }}"
    roles = {
        name: step["with"]["role-to-assume"]
        for name, job in JOBS.items()
        for step in job["steps"]
        if "role-to-assume" in step.get("with", {})
    }
    assert all(JOBS[n].get("environment") for n, role in roles.items() if "DEPLOY" in role)
    assert not [n for n, role in roles.items() if "DEPLOY" not in role and "environment" in JOBS[n]]


@pytest.mark.parametrize(
    ("name", "condition"), [*trusts(GITHUB)], ids=[name for name, _ in trusts(GITHUB)]
)
def test_a_role_trusts_one_kind_of_job(name: str, condition: dict[str, Any]) -> None:
    """A role is for one environment, branch or pull requests, in both forms of GitHub's subject."""
    issuer = "token.actions.githubusercontent.com"
    assert set(condition) == {"StringEquals"}
    assert condition["StringEquals"][f"{issuer}:aud"] == "sts.amazonaws.com"
    old, new = subjects(condition)
    before, after = (
        "repo:${Owner}/${Repository}:",
        "repo:${Owner}@${OwnerId}/${Repository}@${RepositoryId}:",
    )
    assert old.startswith(before)
    assert new == after + old.removeprefix(before)
    assert "*" not in old
    wanted = {"DeployRole": "environment:${Environment}", "PreviewRole": "environment:preview"}
    wanted |= {"WatchRole": "ref:refs/heads/${MainBranch}", "ReadRole": "pull_request"}
    assert old.removeprefix(before) == wanted[name]


@pytest.mark.parametrize(
    ("name", "condition"), [*trusts(ELSEWHERE)], ids=[name for name, _ in trusts(ELSEWHERE)]
)
def test_a_role_trusts_one_project_of_gitlab(name: str, condition: dict[str, Any]) -> None:
    """On GitLab what deploys and looks on is the main branch; others read, or stay out of prod."""
    assert condition["StringEquals"]["gitlab.com:aud"] == "sts.amazonaws.com"
    (subject,) = subjects(condition)
    before = "project_path:${Project}:ref_type:branch:ref:"
    wide = name in {"PreviewRole", "ReadRole"}
    assert subject == before + ("*" if wide else "${MainBranch}")
    assert ("StringLike" in condition) == wide


@pytest.mark.parametrize("document", [GITHUB, ELSEWHERE], ids=["GitHub", "GitLab"])
def test_policies_are_the_checked_in_ones(document: dict[str, Any]) -> None:
    """Who reads pipeline/permissions.json has read what the roles may do."""
    resources = document["Resources"]
    made = {
        OF_POLICIES[name]: resource["Properties"]["PolicyDocument"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    }
    assert made == PERMISSIONS
    attached = {
        name: resource["Properties"]["ManagedPolicyArns"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
    }
    deploy = [{"Ref": "DeployPolicy"}]
    assert attached == {
        "DeployRole": deploy,
        "PreviewRole": deploy,
        "WatchRole": [{"Ref": "WatchPolicy"}],
        "ReadRole": [{"Ref": "ReadPolicy"}],
    }


@pytest.mark.parametrize("document", [GITHUB, ELSEWHERE], ids=["GitHub", "GitLab"])
def test_previews_stay_out_of_prod(document: dict[str, Any]) -> None:
    """No account can have both prod and a role that any branch may take."""
    (rule,) = document["Rules"].values()
    assert rule["RuleCondition"] == {"Equals": [{"Ref": "Environment"}, "prod"]}
    assert rule["Assertions"][0]["Assert"] == {"Equals": [{"Ref": "Previews"}, "no"]}
    assert document["Resources"]["PreviewRole"]["Condition"] == "HasPreviews"


def actions_of(roles: dict[str, Any]) -> set[str]:
    """Name what the policies of a template's roles allow."""
    found: set[str] = set()
    for resource in roles.values():
        given = resource.get("Properties", {})
        inline = given.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []
        documents = [policy["PolicyDocument"] for policy in inline]
        if resource["Type"] == "AWS::IAM::Policy":
            documents.append(given["PolicyDocument"])
        for statement in (each for document in documents for each in document["Statement"]):
            action = statement["Action"]
            found |= {action} if isinstance(action, str) else set(action)
    return found


def bounded() -> set[str]:
    statements = PERMISSIONS["boundary"]["Statement"]
    return {action for statement in statements for action in statement["Action"]}


@pytest.mark.synthesizes
def test_the_boundary_lets_a_stage_work() -> None:
    """With the boundary that is made here every role of a stage can still do all that it does."""
    most = replace(
        STAGES["prod"], customer_key=True, permission_boundary="food-delivery-orders-boundary"
    )
    used = actions_of(template_of(most)["Resources"])
    assert used - bounded() == set()
    assert not {action for action in bounded() if "*" in action}


def test_the_boundary_hands_out_no_rights() -> None:
    """A role within the boundary can make no role, no policy and no key, whatever it is given."""
    risky = re.compile(r"iam:(?!PassRole$)|sts:|kms:(Create|Put|Schedule)|cloudformation:|.*:\*")
    assert not [action for action in bounded() if risky.match(action)]


PLANTED = {
    "an action by its tag": (r"actions/checkout@[0-9a-f]{40} # v7.0.1", "actions/checkout@v7"),
    "a title in a script": (
        r"run: make setup",
        "run: echo ${{ github.event.pull_request.title }}",
    ),
    "rights for all jobs": (r"permissions: \{\}", "permissions: write-all"),
    "a stranger's code with our rights": (r"  pull_request:\n", "  pull_request_target:\n"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_linter_sees(fault: str, tmp_path: Path) -> None:
    """`make check` finds what makes a workflow unsafe; each of these was planted in diff.yml."""
    old, new = PLANTED[fault]
    path = tmp_path / "diff.yml"
    text, count = re.subn(old, new, (ROOT / ".github/workflows/diff.yml").read_text())
    assert count
    path.write_text(text)
    lint = [str(ROOT / ".venv/bin/zizmor"), "--offline", "--persona", "pedantic", str(path)]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert done.returncode > 10, done.stdout + done.stderr


CHECK = ["scripts/check-pipeline"]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is checked of the pipeline, in which nothing is found."""
    folder = tmp_path_factory.mktemp("checked")
    for part in (".github", ".gitlab-ci.yml", "pipeline", "scripts"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    subprocess.run(CHECK, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", [".github/workflows/deploy.yml", ".gitlab-ci.yml", "pipeline"])
def test_the_schemas_see_a_typing_error(name: str, checked: Path, tmp_path: Path) -> None:
    """`make check` finds a key that nobody knows, in each kind of file."""
    shutil.copytree(checked, tmp_path, symlinks=True, dirs_exist_ok=True)
    wrong = tmp_path / (f"{name}/oidc-role.yaml" if name == "pipeline" else name)
    keys = {"pipeline": ("RoleName", "RolNam"), ".gitlab-ci.yml": ("extends:", "extend:")}
    old, new = keys.get(name, ("runs-on:", "run-on:"))
    wrong.write_text(wrong.read_text().replace(old, new, 1))
    assert subprocess.run(CHECK, cwd=tmp_path, check=False, capture_output=True).returncode != 0


def test_expressions_are_never_guessed() -> None:
    """A step whose expression this runner does not know is not run with an empty text."""
    assert evaluated("pr-${{ github.event.number }}", {"github.event.number": "7"}) == "pr-7"
    with pytest.raises(UnknownError, match=r"github\.actor"):
        evaluated("${{github.actor}}", {})
