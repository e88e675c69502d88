"""Help and completion are answered as Typer answers them, and without it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from typer._completion_classes import completion_init

from cli import app, kept, quickly
from cli.lazy import load, tree
from cli.listed import COMMANDS
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MOST_MODULES = 60
"""How many modules a help, or a completion, may load that Python itself has not loaded."""

NEVER = {
    *("typer", "rich", "pygments", "markdown_it", "pydantic", "boto3", "botocore", "msgspec"),
    *("inspect", "ops", "infrastructure", "orders", "local", "aws_cdk"),
}
"""What they never load."""

STAND = "0a1b2c3d"
"""The name of a state of the sources."""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is kept, in a folder of the test's."""
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What completion goes by, of every command: made once, for a hundred questions."""
    folder = tmp_path_factory.mktemp("trees")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "FOLDER", folder)
        patch.setattr(kept, "sources", lambda: STAND)
        for entry in COMMANDS:
            kept.write(quickly.name_of_tree(entry.name), tree(load(entry)))
    assert list(folder.iterdir())
    return folder


@pytest.fixture
def trees(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What completion goes by, at its place, whatever somebody edits meanwhile."""
    monkeypatch.setattr(kept, "FOLDER", written)
    monkeypatch.setattr(kept, "sources", lambda: STAND)


@cache
def whole() -> Any:
    """Give all commands as Typer knows them, which takes long to make."""
    completion_init()
    return typer.main.get_command(app.app)


LINES = [
    *("dl", "", "--", "dlq re", "dlq --", "dlq show p", "dlq ls --", "dlq ls --local --"),
    *("doctor --stage pr", "doctor --stage", "flags set ", "flags set auto-confirm --p"),
    *("logs level ", "logs level create_order ", "restaurants staff ", "restaurants staff add --"),
    *(
        "move x ",
        "move x READY -",
        "ls --status ",
        "cost --",
        "cost --stage dev ",
        "trace x ",
        "x ",
    ),
]


def typer_says(line: str, shell: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ask Typer itself."""
    from typer._click.shell_completion import get_completion_class  # noqa: PLC0415 - of this alone

    command = whole()
    for name, value in asked(line, shell).items():
        monkeypatch.setenv(name, value)
    kind = get_completion_class(shell)
    assert kind is not None
    return str(kind(command, {}, "orders", "_ORDERS_COMPLETE").complete())


def asked(line: str, shell: str) -> dict[str, str]:
    """Give the variables in which a shell tells what is typed."""
    words = f"orders {line}"
    return {
        "_ORDERS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }


@pytest.mark.usefixtures("trees")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("line", LINES)
def test_the_same_as_typer(
    line: str, shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """TAB offers the same, in the same words, whether it is answered at once or not.

    Typer breaks long words of help into lines of a terminal's width, which no shell shows well.
    """
    expected = typer_says(line, shell, monkeypatch)
    code = quickly.answer([])
    said = capsys.readouterr().out.removesuffix("\n")
    if code is not None:
        assert said.split() == expected.split()


@pytest.mark.usefixtures("trees")
@pytest.mark.parametrize("line", ["dl", "dlq re", "dlq show p", "doctor --stage pr", "move x REA"])
def test_what_is_answered_at_once(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, queues, stages and statuses need no Typer."""
    for name, value in asked(line, "bash").items():
        monkeypatch.setenv(name, value)
    assert quickly.answer([]) == 0


@pytest.mark.usefixtures("trees")
@pytest.mark.parametrize("line", ["partners show ", "webhooks test ", "ls --partner "])
def test_ids_are_asked_for(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id is looked up where it is: what was there yesterday is not offered."""
    for name, value in asked(line, "bash").items():
        monkeypatch.setenv(name, value)
    assert quickly.answer([]) is None


def loaded(arguments: list[str], variables: dict[str, str], folder: Path) -> set[str]:
    """Name the modules that `orders` has loaded once it has answered."""
    program = (
        "import sys, pathlib; before = set(sys.modules); from cli import kept, __main__\n"
        "kept.FOLDER = pathlib.Path(sys.argv.pop(1))\n"
        "try: __main__.main()\nexcept SystemExit: pass\n"
        "print('\\nloaded', *(set(sys.modules) - before))"
    )
    command = [sys.executable, "-c", program, str(folder), *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.partition("\nloaded ")[2].split())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [(["--help"], None), (["dlq", "--help"], None), ([], "dl"), ([], "dlq re"), ([], "dlq ls --")],
)
def test_little_is_loaded(arguments: list[str], line: str | None, own: Path) -> None:
    """Help and completion come at once: what they load can be counted, and is little.

    The first time they are written down for the next.
    """
    variables = asked(line, "bash") if line is not None else {}
    loaded(arguments, variables, own)
    found = loaded(arguments, variables, own)
    assert {name.partition(".")[0] for name in found} & NEVER == set()
    assert len(found) <= MOST_MODULES, sorted(found)


def test_a_changed_source_is_read_anew(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update no help of yesterday is given, and yesterday's leaves the disk."""
    kept.write("help", "yesterday's")
    assert kept.read("help") == "yesterday's"
    monkeypatch.setattr(kept, "sources", lambda: "another")
    assert kept.read("help") is None
    kept.write("help", "today's")
    assert [folder.name for folder in own.iterdir()] == ["another"]


def test_each_source_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit of any module is seen, and so is one that comes or goes."""
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    for house in kept._HOUSES:
        (tmp_path / house / "room").mkdir(parents=True)
    seen = [kept.sources()]
    module = tmp_path / "ops/room/a.py"
    for change in (module.touch, lambda: module.write_text("1"), module.unlink):
        change()
        seen.append(kept.sources())
    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]


def test_an_editors_lock_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Emacs has a module open, with its link to nowhere beside it, the commands work."""
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    for house in kept._HOUSES:
        (tmp_path / house).mkdir()
    before = kept.sources()
    (tmp_path / "ops/.#orders.py").symlink_to("somebody@laptop.4711:1764550000")
    assert kept.sources() == before


def test_what_goes_during_a_look_fails_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another branch takes a folder away while the sources are looked at: the command works."""
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    for house in kept._HOUSES:
        (tmp_path / house).mkdir()
    before, going, real = kept.sources(), tmp_path / "ops/going", os.scandir
    going.mkdir()

    def scandir(folder: str) -> Any:
        if folder == str(going):
            going.rmdir()
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert kept.sources() == before
    assert not going.exists()
