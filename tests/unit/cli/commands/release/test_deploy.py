"""`orders deploy` and `orders destroy` ask before anything is changed or lost."""

from __future__ import annotations

import contextlib
import json
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.app import app
from ops.live import pruning
from ops.reach.errors import OperatorError
from ops.release import deploying, leftovers
from ops.release.account import Place
from ops.release.assembly import Assembly
from ops.release.change_set import Loss, Stack
from ops.release.deploying import Review
from ops.release.leftovers import Kept
from ops.release.outcome import Failed, Result
from ops.release.triggers import Triggers
from ops.web import bundle, hosting
from project.checkout import ROOT
from project.release import Release as Releases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result as Ended

    from infrastructure.settings import Settings

THERE = Stack("id", "CREATE_COMPLETE", protected=False, outputs={"ApiUrl": "https://api.example"})
FAILED = THERE._replace(status="ROLLBACK_COMPLETE", protected=True, outputs={})
LEFT = Kept("Orders", "AWS::DynamoDB::GlobalTable", "orders-1")
BEFORE = ["prepare"]
AFTER = ["carry_out", "prune"]
RUNS, COMES = (Releases("1.0.0", c * 40, dirty=False) for c in "ab")
BUILT = Assembly(
    ROOT / "cdk.out",
    {"Resources": {}, "Outputs": {"Release": {"Value": COMES.text()}}},
    "1.json",
    protected=False,
    tags={},
)
NEXT = (
    "Next: the gate asks the new versions; all aliases move at once; the front door is tried; "
    "CloudFormation watches 2 alarms for 15 min."
)
CHANGE = {
    "Action": "Modify",
    "LogicalResourceId": "Orders",
    "ResourceType": "AWS::DynamoDB::GlobalTable",
    "Replacement": "False",
    "Details": [{"Target": {"Attribute": "Properties", "Name": "BillingMode"}}],
}
CHANGED = Review(
    THERE,
    resources=(CHANGE,),
    before={"Resources": {}, "Outputs": {"Release": {"Value": RUNS.text()}}},
    triggers=Triggers(("arn:1", "arn:2"), 15),
)
LOSS = Loss("T (AWS::DynamoDB::GlobalTable) would be deleted: this loses the table's items")
MEANT = Loss("P (AWS::Pipes::Pipe) would be replaced", "its name was fixed")


class Release:
    """The library's steps, none of which does anything but note that it was taken."""

    def __init__(self) -> None:
        self.stack: Stack | None = THERE
        self.reviewed = CHANGED
        self.flaw: str | None = None
        self.left: list[Kept] = []
        self.steps: list[str] = []
        self.wrong: BaseException | None = None

    def enter(self, settings: Settings) -> Place:
        account: Any = SimpleNamespace(account_id="1" * 12, region="us-east-1", caller="arn:me")
        return Place(settings, account)

    @contextlib.contextmanager
    def review(self, *_: object) -> Iterator[Review]:
        try:
            yield self.reviewed
        except BaseException:
            self.steps.append("drop")
            raise

    def carry_out(self, *_: object) -> None:
        self.steps.append("carry_out")
        if self.wrong:
            raise self.wrong

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
    monkeypatch.setattr(deploying, "prepare", made.step("prepare", BUILT))
    monkeypatch.setattr(deploying, "carry_out", made.carry_out)
    monkeypatch.setattr(deploying, "clear", made.step("clear"))
    monkeypatch.setattr(pruning, "prune", made.step("prune", 0))
    monkeypatch.setattr(deploying, "target", lambda _: None)
    monkeypatch.setattr(deploying, "remove", made.step("remove", [LEFT]))
    monkeypatch.setattr(leftovers, "kept_by", lambda *_: [LEFT])
    monkeypatch.setattr(leftovers, "adoptable", lambda *_: made.left)
    monkeypatch.setattr(leftovers, "adopt", made.step("adopt"))
    return made


def run(*arguments: str, answers: str = "") -> Ended:
    return CliRunner().invoke(app, arguments, input=answers)


def refusal(result: Ended) -> str:
    assert isinstance(result.exception, OperatorError), result.output
    return str(result.exception)


def test_deploy(release: Release) -> None:
    """I see where it goes and as whom, agree, and am told the address."""
    result = run("deploy", answers="y\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Stage dev: account 111111111111, us-east-1",
        "As arn:me",
        "Release: 1.0.0 (aaaaaaaaaaaa) → 1.0.0 (bbbbbbbbbbbb)",
        "For callers nothing changes.",
        "Resources: 1 change",
        "  change      DynamoDB::GlobalTable Orders (BillingMode)",
        NEXT,
        "Stage dev is deployed: https://api.example",
        "It took 0 s.",
    ]
    assert release.steps == [*BEFORE, *AFTER]


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
    assert release.steps == BEFORE


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
    assert release.steps == [*BEFORE, *(AFTER if deployed else ["drop"])]
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
    release.reviewed = CHANGED._replace(losses=(LOSS,))
    result = run("deploy", *options, answers=answers)
    assert f"This change loses data:\n  {LOSS.sentence}\n" in result.stdout
    assert release.steps == [*BEFORE, *(AFTER if deployed else ["drop"])]
    if not deployed:
        assert "--lose-data goes on" in refusal(result)


def test_stage_that_keeps_its_data(release: Release) -> None:
    """Of such a stage nothing is lost that the release does not mean, whatever was said."""
    release.reviewed = CHANGED._replace(losses=(MEANT, LOSS))
    result = run("deploy", "--stage", "prod", "--lose-data", "--yes", "--unheard")
    assert "keeps its data" in refusal(result)
    assert "infrastructure/released/declared.toml" in refusal(result)
    assert release.steps == [*BEFORE, "drop"]


def test_loss_that_the_release_means(release: Release) -> None:
    """What is declared is shown with its reason, and takes more than a yes."""
    release.reviewed = CHANGED._replace(losses=(MEANT,))
    result = run("deploy", "--stage", "prod", "--unheard", answers="prod\ny\n")
    assert "would be replaced (meant: its name was fixed)" in result.stdout
    assert release.steps == [*BEFORE, *AFTER]
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
    assert release.steps == (["clear", *BEFORE, *AFTER] if cleared else [])
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
    taken = ["prepare", "adopt", "carry_out"]
    assert release.steps == (taken if adopted else ["prepare"])
    if not adopted:
        assert "Nothing was deployed." in refusal(result)
        assert "--adopt goes on" in refusal(result)


@pytest.mark.parametrize(
    ("failure", "code", "word"),
    [
        (Failed(Result.ROLLED_BACK, "It failed."), 1, "rolled-back"),
        (Failed(Result.NEEDS_HANDS, "It is stuck."), 3, "needs-hands"),
        (OperatorError("The network is gone."), 3, "needs-hands"),
        (ValueError("a bug"), 3, "needs-hands"),
        (None, 0, "deployed"),
    ],
)
def test_without_a_person(
    release: Release, failure: BaseException | None, code: int, word: str
) -> None:
    """A pipeline reads one object on stdout, and the exit code says how the stage is."""
    release.wrong = failure
    result = run("deploy", "--yes", "--json")
    told = json.loads(result.stdout)
    assert told["result"] == word
    assert (told["stage"], told["release"]["from"]["commit"]) == ("dev", "a" * 40)
    assert told["release"]["to"]["commit"] == "b" * 40
    assert told["changes"]["resources"][0]["resource"] == "Orders"
    assert "As arn:me" in result.stderr
    if failure is not None:
        assert code_of(result) == code
        assert str(failure) in told["whatToDo"]


def code_of(result: Ended) -> int:
    assert isinstance(result.exception, OperatorError), result.output
    return result.exception.code


@pytest.mark.parametrize(
    ("options", "answers", "code"),
    [
        ((), "", 2),
        ((), "n\n", 1),
        (("--yes",), "", 2),
        (("--lose-data",), "n\n", 1),
        (("--lose-data",), "", 2),
    ],
)
def test_a_question_that_nobody_answers(
    release: Release, options: tuple[str, ...], answers: str, code: int
) -> None:
    """Where nobody sits it ends with a code of its own, and says which option would have agreed."""
    release.reviewed = CHANGED._replace(losses=(LOSS,))
    result = run("deploy", "--json", *options, answers=answers)
    assert code_of(result) == code
    told = json.loads(result.stdout)
    assert told["result"] == ("unanswered" if code == 2 else "refused")
    assert "goes on without asking" in told["whatToDo"]
    assert told["losses"] == [LOSS.sentence]
    assert release.steps == [*BEFORE, "drop"]


def test_nothing_to_do_is_told_to_programs(release: Release) -> None:
    """A pipeline that runs twice is not told that it deployed twice."""
    release.reviewed = Review(THERE, changes=False)
    assert json.loads(run("deploy", "--json").stdout)["result"] == "nothing"


def test_interrupted_deployment(release: Release) -> None:
    """^C leaves it to CloudFormation; I am told how to look, and how to take it back."""
    release.wrong = KeyboardInterrupt()
    result = run("deploy", "--yes", "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["result"] == "interrupted"
    assert "orders status --stage dev" in result.stderr
    assert "orders rollback --stage dev" in result.stderr


def test_wrong_usage_is_no_result(release: Release) -> None:
    """What cannot be meant is told as wrong usage, before anything is looked at."""
    result = run("deploy", "--stage", "nowhere", "--json")
    assert (result.exit_code, result.stdout, release.steps) == (2, "", [])


def test_versions_that_cannot_be_deleted(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that may not tidy up has deployed all the same."""

    def refuse(*_: object) -> int:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteFunction")

    monkeypatch.setattr(pruning, "prune", refuse)
    result = run("deploy", "--yes")
    assert result.exit_code == 0
    assert "old versions stay" in result.stderr
    assert release.steps == [*BEFORE, "carry_out"]


def test_what_was_built_elsewhere(
    release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An assembly is deployed as it is: nothing is built here."""

    @contextlib.contextmanager
    def prepared(_: Place, archive: Path, __: object) -> Iterator[Assembly]:
        release.steps.append(f"unpack {archive.name}")
        yield BUILT

    monkeypatch.setattr(deploying, "prepared_elsewhere", prepared)
    release.flaw = "There is no Python 3.13 here."
    (tmp_path / "a.zip").touch()
    result = run("deploy", "--yes", "--assembly", str(tmp_path / "a.zip"))
    assert result.exit_code == 0, result.output
    assert release.steps == ["unpack a.zip", *AFTER]
    gone = run("deploy", "--yes", "--assembly", str(tmp_path / "gone.zip"))
    assert (gone.exit_code, "does not exist" in gone.output) == (2, True)


def test_what_fires_already(release: Release) -> None:
    """A release that mends what fires goes out; I am told that this alarm is not watched."""
    release.reviewed = CHANGED._replace(triggers=Triggers(firing=("dev-api-errors-fast",)))
    said = run("deploy", "--yes").stdout
    assert "dev-api-errors-fast fires already, so it is not watched." in said
    assert "there is no alarm to watch" in said


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
