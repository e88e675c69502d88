"""`orders deploy` and `orders destroy` ask before anything is changed or lost."""

from __future__ import annotations

import contextlib
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from typer.testing import CliRunner

from cli.app import app
from ops.reach.errors import OperatorError
from ops.release import deploying, leftovers
from ops.release.account import Place
from ops.release.change_set import Loss, Stack
from ops.release.deploying import Review
from ops.release.leftovers import Kept
from ops.web import bundle, hosting
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

    from infrastructure.settings import Settings

THERE = Stack("id", "CREATE_COMPLETE", protected=False, outputs={"ApiUrl": "https://api.example"})
FAILED = THERE._replace(status="ROLLBACK_COMPLETE", protected=True, outputs={})
LEFT = Kept("Orders", "AWS::DynamoDB::GlobalTable", "orders-1")
BEFORE = ["prepare", "compare"]
LOSS = Loss("T (AWS::DynamoDB::GlobalTable) would be deleted: this loses the table's items")
MEANT = Loss("P (AWS::Pipes::Pipe) would be replaced", "its name was fixed")


class Release:
    """The library's steps, none of which does anything but note that it was taken."""

    def __init__(self) -> None:
        self.stack: Stack | None = THERE
        self.reviewed = Review(THERE)
        self.flaw: str | None = None
        self.left: list[Kept] = []
        self.steps: list[str] = []

    def enter(self, settings: Settings) -> Place:
        account: Any = SimpleNamespace(account_id="1" * 12, region="us-east-1", caller="arn:me")
        return Place(settings, account)

    @contextlib.contextmanager
    def review(self, _: Place) -> Iterator[Review]:
        try:
            yield self.reviewed
        except BaseException:
            self.steps.append("drop")
            raise

    def step(self, name: str, answer: Any = None) -> Any:
        def take(*_: object) -> Any:
            self.steps.append(name)
            return answer

        return take


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Release:
    made = Release()
    monkeypatch.setattr(deploying, "enter", made.enter)
    monkeypatch.setattr(deploying, "flaw_of_bytecode", lambda: made.flaw)
    monkeypatch.setattr(deploying, "review", made.review)
    monkeypatch.setattr(deploying, "stack", lambda _: made.stack)
    for name in ("prepare", "compare", "carry_out", "clear"):
        monkeypatch.setattr(deploying, name, made.step(name))
    monkeypatch.setattr(deploying, "remove", made.step("remove", [LEFT]))
    monkeypatch.setattr(leftovers, "kept_by", lambda *_: [LEFT])
    monkeypatch.setattr(leftovers, "adoptable", lambda *_: made.left)
    monkeypatch.setattr(leftovers, "adopt", made.step("adopt"))
    return made


def run(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=answers)


def refusal(result: Result) -> str:
    assert isinstance(result.exception, OperatorError), result.output
    return str(result.exception)


def test_deploy(release: Release) -> None:
    """I see where it goes and as whom, agree, and am told the address."""
    result = run("deploy", answers="y\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Stage dev: account 111111111111, us-east-1",
        "As arn:me",
        "Stage dev is deployed: https://api.example",
    ]
    assert release.steps == [*BEFORE, "carry_out"]


def test_what_is_not_agreed_to_does_not_wait(release: Release) -> None:
    """Without a yes, nobody being there included, the prepared change is dropped."""
    assert "--yes goes on" in refusal(run("deploy"))
    assert release.steps == [*BEFORE, "drop"]


def test_interrupted_question(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """^C at the question changes nothing, and what AWS does with the rest is said."""

    def interrupt() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    result = run("deploy")
    assert result.exit_code == 130
    assert "AWS finishes what it has begun" in result.stderr
    assert release.steps == [*BEFORE, "drop"]


def test_no_change(release: Release) -> None:
    """Where nothing differs nothing is asked."""
    release.reviewed = Review(THERE, changes=False)
    assert "Nothing has changed." in run("deploy").stdout
    assert release.steps == [*BEFORE, "carry_out"]


def test_without_bytecode(release: Release) -> None:
    """Functions that would start slowly are deployed only if that is meant."""
    release.flaw = "There is no Python 3.13 here."
    result = run("deploy", answers="n\n")
    assert release.flaw in result.stdout
    assert "Nothing was changed" in refusal(result)
    assert release.steps == []


@pytest.mark.parametrize(
    ("options", "answers", "deployed"),
    [
        (("--yes",), "y\n", True),
        (("--yes",), "", False),
        (("--yes", "--unheard"), "", True),
        (("--unheard",), "y\n", True),
    ],
)
def test_alarms_that_nobody_hears(
    release: Release, options: tuple[str, ...], answers: str, *, deployed: bool
) -> None:
    """A stage that keeps data goes out with nobody to call only if that is said; --yes does not."""
    result = run("deploy", "--stage", "prod", *options, answers=answers)
    assert release.steps == [*BEFORE, "carry_out" if deployed else "drop"]
    assert "Nobody hears the alarms" in result.stdout or "--unheard" in options
    if not deployed:
        assert "--unheard goes on" in refusal(result)


@pytest.mark.parametrize(
    ("options", "answers", "deployed"),
    [
        ((), "dev\ny\n", True),
        ((), "y\ny\n", False),
        (("--yes",), "dev\n", False),
        (("--lose-data",), "y\n", True),
        (("--lose-data", "--yes"), "", True),
    ],
)
def test_losses(
    release: Release, options: tuple[str, ...], answers: str, *, deployed: bool
) -> None:
    """Data is lost only by a stage's name, or by an option that says so; --yes is not enough."""
    release.reviewed = Review(THERE, losses=(LOSS,))
    result = run("deploy", *options, answers=answers)
    assert f"This change loses data:\n  {LOSS.sentence}\n" in result.stdout
    assert release.steps == [*BEFORE, "carry_out" if deployed else "drop"]
    if not deployed:
        assert "--lose-data goes on" in refusal(result)


def test_stage_that_keeps_its_data(release: Release) -> None:
    """Of such a stage nothing is lost that the release does not mean, whatever was said."""
    release.reviewed = Review(THERE, losses=(MEANT, LOSS))
    result = run("deploy", "--stage", "prod", "--lose-data", "--yes", "--unheard")
    assert "keeps its data" in refusal(result)
    assert "infrastructure/released/declared.toml" in refusal(result)
    assert release.steps == [*BEFORE, "drop"]


def test_loss_that_the_release_means(release: Release) -> None:
    """What is declared is shown with its reason, and takes more than a yes."""
    release.reviewed = Review(THERE, losses=(MEANT,))
    result = run("deploy", "--stage", "prod", "--unheard", answers="prod\ny\n")
    assert "would be replaced (meant: its name was fixed)" in result.stdout
    assert release.steps == [*BEFORE, "carry_out"]
    assert "--lose-data goes on" in refusal(run("deploy", "--stage", "prod", "--unheard", "--yes"))


@pytest.mark.parametrize(
    ("options", "answers", "cleared"),
    [
        ((), "prod\ny\n", True),
        ((), "y\n", False),
        (("--yes",), "", False),
        (("--clear", "--yes"), "", True),
    ],
)
def test_first_deployment_that_failed(
    release: Release, options: tuple[str, ...], answers: str, *, cleared: bool
) -> None:
    """I see what it kept, and its stack goes by the stage's name or an option of its own."""
    release.stack = FAILED
    release.reviewed = Review(None)
    result = run("deploy", "--stage", "prod", "--unheard", *options, answers=answers)
    assert "is ROLLBACK_COMPLETE" in result.stdout
    assert "its protection lifted" in result.stdout
    assert f"Kept, as the template says: {LEFT}" in result.stdout
    assert release.steps == (["clear", *BEFORE, "carry_out"] if cleared else [])
    if not cleared:
        assert refusal(result) == "Nothing was changed. (--clear goes on without asking.)"


def test_stack_that_is_stuck(release: Release) -> None:
    """I am told what to do first, before anything is built."""
    release.stack = THERE._replace(status="UPDATE_ROLLBACK_FAILED")
    assert "continue-update-rollback" in refusal(run("deploy", "--yes", "--clear"))
    assert release.steps == []


@pytest.mark.parametrize(
    ("options", "answers", "adopted"),
    [((), "y\ny\n", True), (("--yes",), "", False), (("--adopt", "--yes"), "", True)],
)
def test_what_an_earlier_stack_has_left(
    release: Release, options: tuple[str, ...], answers: str, *, adopted: bool
) -> None:
    """A stage is made over its old tables once I agree, and never beside them."""
    release.stack, release.left, release.reviewed = None, [LEFT], Review(None)
    result = run("deploy", *options, answers=answers)
    assert f"has left:\n  {LEFT}\n" in result.stdout
    taken = ["prepare", "adopt", "compare", "carry_out"]
    assert release.steps == (taken if adopted else ["prepare"])
    if not adopted:
        assert "Nothing was deployed." in refusal(result)
        assert "--adopt goes on" in refusal(result)


HOSTED = THERE._replace(
    outputs={
        "ApiUrl": "https://api.example",
        "UserPoolId": "us-east-1_1",
        "UserPoolClientId": "client",
        "WebClientBucket": "files",
        "WebClientUrl": "https://orders.example",
        "WebClientTarget": "d1.cloudfront.net",
    }
)


@pytest.fixture
def hosting_of(release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Release:
    """A stage that hosts the web client, whose files are noted and put nowhere."""

    def publish(_: object, bucket: str, folder: Path, config: dict[str, Any]) -> int:
        release.steps.append(f"publish {folder.name} in {bucket} for {config['apiUrl']}")
        return 5

    release.stack = HOSTED
    monkeypatch.setattr(Place, "client", lambda *_: None)
    monkeypatch.setattr(bundle, "ready", lambda: tmp_path / "web")
    monkeypatch.setattr(hosting, "publish", publish)
    monkeypatch.setattr(hosting, "empty", lambda _, bucket: release.steps.append(f"empty {bucket}"))
    return release


def test_deploy_puts_the_web_client_there(hosting_of: Release) -> None:
    """Its files follow the stack, whether that has changed or not; I am told its DNS record."""
    hosting_of.reviewed = Review(HOSTED, changes=False)
    result = run("deploy", "--yes")
    assert result.exit_code == 0
    said = result.stdout.splitlines()
    assert "Web client: 5 files at https://orders.example" in said
    assert "Its DNS record points to d1.cloudfront.net" in said
    assert hosting_of.steps[-1] == "publish web in files for https://api.example"


def test_destroy_empties_the_web_clients_bucket(hosting_of: Release) -> None:
    """CloudFormation removes no bucket that holds something: I need not think of it."""
    assert run("destroy", answers="dev\n").exit_code == 0
    assert hosting_of.steps == ["empty files", "remove"]


def test_destroy(release: Release) -> None:
    """A stage goes once its name is typed, and I am told what stays."""
    assert "Nothing was changed" in refusal(run("destroy", answers="y\n"))
    result = run("destroy", answers="dev\n")
    assert "Type dev to remove it: " in result.stderr
    assert f"Kept, as the template says: {LEFT}" in result.stdout
    assert release.steps == ["remove"]
    assert "comes back" not in result.stdout
    back = run("destroy", "--stage", "prod", "--yes").stdout
    assert "It comes back with: orders deploy --stage prod --adopt" in back


def test_destroy_what_is_protected_or_not_there(release: Release) -> None:
    """A protected stage stays, with the command that unlocks it; one that is not there, too."""
    release.stack = THERE._replace(protected=True)
    result = run("destroy", "--stage", "prod", "--yes")
    assert "flags and the signing key of this stage are kept" in result.stdout
    assert "--no-enable-termination-protection" in refusal(result)
    release.stack = None
    assert "nothing to remove" in run("destroy", "--yes").stdout
    assert release.steps == []


@pytest.mark.parametrize("name", ["deploy", "destroy"])
def test_make_calls_the_command(name: str) -> None:
    """`make deploy STAGE=prod` is `orders deploy --stage prod`."""
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", name, "STAGE=prod"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    called = done.stdout.strip().splitlines()[-1].partition(" -m cli ")[2].split()
    commands: Any = typer.main.get_command(app)
    context = commands.commands[called[0]].make_context(called[0], called[1:])
    assert (called[0], context.params["stage"]) == (name, "prod")
