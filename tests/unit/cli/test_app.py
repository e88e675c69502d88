"""Every command of `orders` has what operators count on: help, --json, --yes, completion."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from cli import app as cli
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.lazy import Entry

DESTRUCTIVE = {
    *("deploy", "destroy", "rollback", "dlq redrive", "dlq purge", "restore", "move"),
    *("prove", "previews reap"),
    *("customers erase", "customers release"),
    *(f"flags {name}" for name in ("set", "on", "off", "undo")),
    *(f"partners {name}" for name in ("add", "disable", "remove", "set-webhook")),
    *("partners rotate-key", "partners rotate-secret"),
    *(f"restaurants {name}" for name in ("bind", "unbind", "staff add", "staff remove")),
}
"""Those that change or delete what is there."""

READING = {
    *("customers export", "customers holds"),
    *("diff", "previews ls"),
    *("audit", "dlq ls", "dlq show", "doctor", "cost", "spent", "trace"),
    *("releases", "status", "drift"),
    *("flags ls", "flags show", "flags history"),
    *("partners ls", "partners show", "partners usage"),
    *("logs ls", "logs tail", "webhooks listen", "ls", "show", "quote"),
    *("restaurants ls", "restaurants staff ls"),
}
"""Those that only tell."""

HARMLESS = {
    *("customers hold", "partners enable", "logs level", "place", "smoke"),
    *("webhooks test", "webhooks resend"),
}
"""Those that do what can be undone, or done again, without loss, and do not ask."""

WITHOUT_DEPLOYMENT = {"cost"}
"""Those that look at the template, and at no deployment of it."""

OF_AWS_ALONE = {"deploy", "destroy", "diff", "rollback"}
"""Those that make stages, or another of one: `make run` makes a local one."""


OF_AN_ACCOUNT = {"previews ls", "previews reap"}
"""Those that look at all stages of pull requests that an account on AWS has."""

OF_THIS_MACHINE_ALONE = {"webhooks listen", "quote"}
"""Those that no stage on AWS reaches."""

OF_ITS_OWN_STAGE = {"prove"}
"""Those that make the stage that they look at, and take no other."""

ALWAYS_JSON = {"quote"}
"""Those that print nothing else, for it is to be sent."""

RECORDED = {"customers export"}
"""Those that only tell, and leave a line all the same: they hand out all that a person has."""

UNAUDITED = {"destroy", "previews reap", "prove"}
"""Those that write and leave no line, for their log goes with the stage: CloudTrail tells."""


def calls(function: Any, module: Any, seen: set[str]) -> set[str]:
    """Name all that a function calls, through the functions of its own module."""
    for name in function.__code__.co_names:
        if name not in seen:
            seen.add(name)
            found = vars(module).get(name)
            found = getattr(found, "__wrapped__", found)  # a context manager's own function
            if getattr(found, "__module__", None) == module.__name__ and hasattr(found, "__code__"):
                calls(found, module, seen)
    return seen


def walk(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give each command below one, with what people type for it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
    for name, each in (below or {}).items():
        yield from walk(each, f"{path} {name}".strip())


ORDERS: Any = typer.main.get_command(cli.app)
COMMANDS = dict(walk(ORDERS))


def options(name: str) -> set[str]:
    return {option for item in COMMANDS[name].params for option in item.opts}


def test_every_command_is_known_here() -> None:
    """A new command says whether it changes anything, and so whether it must ask."""
    assert set(COMMANDS) == DESTRUCTIVE | READING | HARMLESS


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str) -> None:
    """Every command, and each of its options, says what it is for, in a sentence."""
    command = COMMANDS[name]
    assert (command.help or "").strip().endswith((".", "?"))
    for item in command.params:
        assert getattr(item, "help", None), f"{name}: {item.name}"


_LEFT_OUT = {name: {"--local"} for name in WITHOUT_DEPLOYMENT}
_LEFT_OUT |= {name: {"--stage"} for name in OF_THIS_MACHINE_ALONE | OF_ITS_OWN_STAGE}
_LEFT_OUT |= {name: {"--json"} | _LEFT_OUT.get(name, set()) for name in ALWAYS_JSON}


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - OF_AWS_ALONE - OF_AN_ACCOUNT))
def test_everywhere_the_same(name: str) -> None:
    """Every command takes a stage or the local run, and speaks JSON."""
    missing = {"--stage", "--local", "--json"} - options(name)
    assert missing == _LEFT_OUT.get(name, set())


@pytest.mark.parametrize("name", sorted(OF_AWS_ALONE))
def test_stages_are_made_on_aws_alone(name: str) -> None:
    """What makes or removes a stage takes no local run: that comes and goes with `make run`."""
    assert "--stage" in options(name)
    assert "--local" not in options(name)
    assert ("--json" in options(name)) == (name not in {"destroy", "diff"})


@pytest.mark.parametrize("name", sorted(OF_AN_ACCOUNT))
def test_of_an_account(name: str) -> None:
    """What looks at every preview of an account takes no stage and no local run."""
    assert not {"--stage", "--local"} & options(name)


@pytest.mark.parametrize("name", sorted(DESTRUCTIVE))
def test_asks(name: str) -> None:
    """Whatever changes or deletes asks first, and --yes answers."""
    assert "--yes" in options(name)


@pytest.mark.parametrize("name", sorted(READING))
def test_never_asks(name: str) -> None:
    """What only tells has nothing to agree to."""
    assert "--yes" not in options(name)


def test_groups_have_help() -> None:
    """`orders --help` tells of each group and command in a line, and gives the exit codes."""
    done = typer_says("--help")
    for name in ORDERS.commands:
        assert re.search(rf"│ {name} +\S.{{10}}", done), done
    assert "Exit codes: 0" in done


def test_exit_codes_are_documented() -> None:
    """docs/operations.md explains each exit code that `orders --help` names."""
    codes = re.findall(r"\b(\d+) [a-z]", (cli.app.info.epilog or "").partition("Exit codes: ")[2])
    text = (ROOT / "docs/operations.md").read_text()
    assert codes == re.findall(r"^\| (\d+) \|", text, re.MULTILINE)


def test_every_group_is_documented() -> None:
    """docs/operations.md has a line for each group and command of the first level."""
    text = (ROOT / "docs/operations.md").read_text()
    assert [n for n in ORDERS.commands if f"| `orders {n}` |" not in text] == []


def typer_says(*arguments: str) -> str:
    return run([str(ROOT / ".venv/bin/orders"), *arguments], {"COLUMNS": "100"})


def run(command: list[str], variables: dict[str, str]) -> str:
    environment = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def script_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Keep what `--show-completion` prints for a shell; gives its path."""

    @cache
    def script(shell: str) -> str:
        folder = tmp_path_factory.mktemp(shell)
        asked = {"HOME": str(folder), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        kept = folder / "completion"
        kept.write_text(run(["orders", "--show-completion", shell], asked))
        return str(kept)

    return script


BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
spec=$(complete -p orders); function=${spec##*-F }; ${function%% *} orders
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["dl"], {"dlq"}),
        (["do"], {"doctor"}),
        (["dlq", "re"], {"redrive"}),
        (["dlq", "show", "p"], {"processing", "pipe"}),
        (["doctor", "--stage", "pr"], {"prod"}),
    ],
)
def test_bash(
    typed: list[str], offered: set[str], script_for: Callable[[str], str], tmp_path: Path
) -> None:
    """In bash, TAB completes commands, queues and stages."""
    said = run(
        ["bash", "--norc", "-c", BASH, "bash", script_for("bash"), "orders", *typed],
        {"HOME": str(tmp_path)},
    )
    assert set(said.split()) == offered


# Completion's own functions only work at a prompt; what they are handed is what counts.
ZSH = """
compdef() { : }
_arguments() { print -r -- "$@" }
source "$1"; shift
words=("$@"); CURRENT=$#
_orders_completion
"""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh(script_for: Callable[[str], str], tmp_path: Path) -> None:
    """In zsh, TAB completes commands."""
    command = ["zsh", "-f", "-c", ZSH, "zsh", script_for("zsh"), "orders", "dl"]
    said = run(command, {"HOME": str(tmp_path)})
    assert "dlq" in said


@pytest.mark.parametrize("typed", ["orders dl", "orders do"])
def test_what_zsh_is_told(typed: str) -> None:
    """What zsh's own script asks for is answered, where there is no zsh to ask with, too."""
    asked = {"_ORDERS_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": typed}
    assert {"orders dl": '"dlq"', "orders do": '"doctor"'}[typed] in run(["orders"], asked)


@pytest.mark.parametrize(("shell", "file"), [("bash", ".bashrc"), ("zsh", ".zshrc")])
def test_install(shell: str, file: str, tmp_path: Path) -> None:
    """`orders --install-completion` writes to my shell's own file, and says so."""
    home = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    said = run(["orders", "--install-completion", shell], home)
    assert f"{shell} completion installed" in said
    assert (tmp_path / file).exists()


def test_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even what nobody foresaw is told without a stack trace."""

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(cli, "listen", lambda: None)
    with pytest.raises(SystemExit, match="ORDERS_TRACEBACK"):
        cli.main([])


@pytest.mark.parametrize("entry", cli.COMMANDS, ids=lambda entry: entry.name)
def test_the_list_says_what_the_command_does(entry: Entry) -> None:
    """What `orders --help` says of a command is how the command's own help begins."""
    assert entry.load().help.partition("\n\n")[0].replace("\n", " ") == entry.says


@pytest.mark.parametrize("asked", [["--help"], ["dlqq"], ["--version"]])
def test_help_is_quick(asked: list[str]) -> None:
    """Help comes at once: no command is loaded for it, nor what commands stand on."""
    program = (
        "import sys; from cli import app\ntry: app.main(sys.argv[1:])\n"
        "finally: print('\\n', *sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *asked]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    loaded = done.stderr.splitlines()[-1].split()
    assert "cli.app" in loaded
    assert not {"aws_cdk", "botocore", "cli.commands.dlq", "infrastructure"} & set(loaded)


def test_every_command_that_writes_leaves_a_line() -> None:
    """Who did what can be found later: no command that changes anything goes unrecorded."""
    unrecorded = set()
    for path, command in walk(ORDERS):
        function = command.callback.__wrapped__
        called = calls(function, sys.modules[function.__module__], set())
        if not called & {"audited", "audited_in"}:
            unrecorded.add(path)
    assert unrecorded == READING - RECORDED | UNAUDITED
