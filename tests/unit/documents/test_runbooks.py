"""The runbooks hold up at night: what they tell you to type exists, and they all look alike."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
import typer
from botocore import xform_name

from cli.app import app
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "docs/runbooks"
RUNBOOKS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
EVERYTHING = [*RUNBOOKS, FOLDER / "README.md"]
WITH_COMMANDS = [*EVERYTHING, ROOT / "docs/operations.md"]
SECTIONS = ["How you notice", "What it means", "What to do", "How you know that it is over"]

STANDS_FOR = {"$WHAT": "orders", "TABLE": "orders", "ID": "acme", "PLAN": "standard"}
"""Words of commands that whoever types them replaces."""

GLOBAL = {"query", "output", "region", "page-size", "max-items"}
"""Options that AWS CLI has for every command."""

WORDS = set(
    "fields filter stats sort limit by as and or not in like desc asc count sum max min avg pct bin"
    " ispresent strcontains dead retry delivered".split()
)
"""Of the language of Logs Insights, and values that are compared with."""

OF_EACH_LINE = {"level", "message"}


def code(path: Path) -> str:
    """Give the commands of a document, those in its text included, each on a line."""
    text = path.read_text()
    if path.suffix == ".sh":
        return text.replace("\\\n", " ")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    inline = re.findall(r"`((?:orders|aws) [^`…]+)`", outside)
    return "\n".join([*blocks, *inline]).replace("\\\n", " ")


def commands(path: Path, program: str) -> Iterator[list[str]]:
    """Give each call of a program, without the program."""
    text = code(path)
    while (simpler := re.sub(r'"\$\((?!aws )[^()]*\)"', "value", text)) != text:
        text = simpler
    lexer = shlex.shlex(text.replace("$(", " ; "), posix=True, punctuation_chars=";|&()\n")
    lexer.whitespace, lexer.whitespace_split = " \t", True
    lexer.commenters = "#"
    call: list[str] | None = None
    for token in [*lexer, ";"]:
        if set(token) <= set(";|&()\n<>") or token.startswith(">"):
            if call is not None:
                yield call
            call = None
        elif token == program or token.endswith(f"/bin/{program}"):
            call = []
        elif call is not None:
            call.append(token)


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_every_runbook_has_the_same_sections(path: Path) -> None:
    """Whoever has read one finds everything in the next; the steps are numbered without a gap."""
    text = path.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    doing = text.partition("## What to do")[2].partition("\n## ")[0]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", doing, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers
    assert "experience meanwhile" in doing
    assert "**Do not**" in doing


def test_the_index_lists_every_runbook() -> None:
    """No runbook is hidden, and the operators' page leads to them."""
    index = (FOLDER / "README.md").read_text()
    assert set(re.findall(r"\]\(([a-z-]+\.md)\)", index)) == {path.name for path in RUNBOOKS}
    assert "](runbooks/README.md)" in (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: path.stem)
def test_every_command_of_ours_is_understood(path: Path) -> None:
    """Each `orders …` has the commands, options and values that it is given."""
    for arguments in commands(path, "orders"):
        understand([STANDS_FOR.get(word, word) for word in arguments])


def understand(arguments: list[str]) -> None:
    """Parse a command as `orders` does, and run nothing."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        if not arguments or arguments[0] in {name for one in command.params for name in one.opts}:
            return  # a group that is only named, or an option of its own
        command, *arguments = command.commands[arguments[0]], *arguments[1:]
    if arguments:
        command.make_context(command.name, list(arguments))


@cache
def service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


@pytest.mark.parametrize("path", [*WITH_COMMANDS, FOLDER / "shell.sh"], ids=lambda path: path.name)
def test_every_command_of_aws_exists(path: Path) -> None:
    """Each `aws …` names an operation, or something to wait for, and parameters that AWS has."""
    for name, action, *rest in commands(path, "aws"):
        operation = waited_for(name, rest[0]) if action == "wait" else action
        model = service(name)
        names = {xform_name(each, "-"): each for each in model.operation_names}
        members = model.operation_model(names[operation]).input_shape.members
        known = {
            xform_name(member, "-"): shape for member, shape in members.items()
        } | dict.fromkeys(GLOBAL)
        for option in (word[2:].partition("=")[0] for word in rest if word.startswith("--")):
            assert option in known or option.removeprefix("no-") in known, f"{action} --{option}"
        given = {word[2:] for word in rest if word.startswith("--")}
        required = model.operation_model(names[operation]).input_shape.required_members
        if given:  # a command that is only named in the text has no options
            missing = {xform_name(each, "-") for each in required} - given
            assert not missing, f"{action} needs {missing}"


def waited_for(name: str, waiter: str) -> str:
    """Give the operation that a waiter calls."""
    loader = botocore.session.get_session().get_component("data_loader")
    version = service(name).metadata["apiVersion"]
    waiters = loader.load_service_model(name, "waiters-2", version)["waiters"]
    by_name = {xform_name(each, "-"): each for each in waiters}
    return xform_name(waiters[by_name[waiter]]["operation"], "-")


def test_the_checks_find_what_is_wrong(tmp_path: Path) -> None:
    """A misspelt command, option or parameter does not get by."""
    page = tmp_path / "page.md"
    page.write_text("```sh\na=$(aws sqs purge-queues --queue-url x)\norders dlq lsx | cat\n```\n")
    assert list(commands(page, "orders")) == [["dlq", "lsx"]]
    with pytest.raises(KeyError):
        understand(["dlq", "lsx"])
    with pytest.raises(Exception, match="No such option"):
        understand(["dlq", "ls", "--stagee", "prod"])
    with pytest.raises(KeyError):
        test_every_command_of_aws_exists(page)


def queries(path: Path) -> list[str]:
    return re.findall(r"insights \S+ +'([^']+)'", path.read_text())


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.stem)
def test_queries_ask_for_fields_that_are_logged(path: Path) -> None:
    """Logs Insights says nothing about a misspelt field: it just finds no line."""
    modules = [*(ROOT / "orders").rglob("*.py"), ROOT / "infrastructure/edge/api.py"]
    source = "".join(module.read_text() for module in modules)
    for query in queries(path):
        plain = re.sub(r'"[^"]*"|/[^/]*/|@\w+|\b\d+\w*', " ", query)
        made_here = set(re.findall(r" as (\w+)", plain))
        for name in set(re.findall(r"\w+", plain)) - WORDS - made_here - OF_EACH_LINE:
            assert f'"{name}"' in source or f"{name}=" in source, f"{name} in {query}"


def test_every_reason_of_a_dead_letter_is_explained() -> None:
    """What a worker can give as its reason stands in the table that says what to do."""
    names = ("webhooks.py", "consumer.py", "order_changes.py")
    source = "# ---\n".join((ROOT / "orders" / name).read_text() for name in names)
    raised = re.findall(r'(?:Rejected|Deferred|Malformed)\(f?"([^"]+)"', source)
    unanswered = source.partition("def _reason(")[2].partition("# ---")[0]
    raised += re.findall(r'f?"([^"]+)"(?: if |\n)', re.sub(r"\{.*?\}", "4", unanswered))
    flaws = re.findall(r'"(the URL [^"]+)":', source)
    away = re.findall(r'_AWAY = "([^"]+)"', source)
    table = (FOLDER / "dead-letters.md").read_text()
    explained = [text.replace("…", "*") for text in re.findall(r"`([^`\n]+)`", table)]
    reasons = {re.sub(r"{.*?}", "4", reason) for reason in (*raised, *flaws, *away)}
    reasons = {"timed out after 5 s" if "timed out" in each else each for each in reasons}
    assert len(reasons) > 15
    for reason in reasons:
        assert any(fnmatch(reason, pattern) for pattern in explained), reason


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.stem)
def test_no_command_of_a_page_is_of_one_stage_alone(path: Path) -> None:
    """Whoever names another stage in a page's first line has every command ask that one."""
    lines = [line for line in code(path).splitlines() if "shell.sh" not in line]
    assert [line for line in lines if re.search(r"\bprod\b|\bdev\b(?!/)|us-[a-z]+-\d", line)] == []


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_region_is_the_stages_own(tmp_path: Path, shell: str) -> None:
    """With a stage in Frankfurt I read Frankfurt, whatever Region my shell had before."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    entry = '"mara": lambda: Settings(stage="mara", region="eu-central-1"),\n        "prod": '
    settings = ROOT / "infrastructure/settings.py"
    for name in ("docs", "orders", "project"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(
        ROOT / "infrastructure",
        tmp_path / "infrastructure",
        ignore=shutil.ignore_patterns("__pycache__", "kept", "released"),
    )
    (tmp_path / "infrastructure/settings.py").write_text(
        settings.read_text().replace('"prod": ', entry, 1)
    )
    (tmp_path / ".venv").symlink_to(sys.prefix)
    assert sourced(shell, "mara", tmp_path) == (0, "mara eu-central-1 eu-central-1\n", "")
    assert sourced(shell, "mora", tmp_path) == (
        *(1, "  us-west-2\n"),
        f"no stage 'mora'; there are dev, mara, prod; {OF_THE_LOCAL_RUN}\n",
    )


OF_THE_LOCAL_RUN = "of the local run ask by --local, without this file"


def sourced(shell: str, stage: str, folder: Path) -> tuple[int, str, str]:
    """Give how the runbooks' shell takes a stage, and what it then stands at."""
    ask = '; code=$?; echo "$STAGE $AWS_REGION $AWS_DEFAULT_REGION"; exit $code'
    done = subprocess.run(
        [shell, "-c", f". docs/runbooks/shell.sh {stage}{ask}"],
        cwd=folder,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-west-2", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
