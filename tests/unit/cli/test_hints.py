"""A command that a message names can be pasted: it is about what the command before was about."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from cli import options, terminal
from cli.app import main
from ops.reach.errors import OperatorError
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = {"--local": (None, True), "--stage prod": ("prod", False), "": (None, False)}

HINTS = {
    "Lost it? `orders partners rotate-key a` makes another.": "`orders partners rotate-key a{}`",
    "Leave the queue out: orders dlq redrive --order o": "out: orders dlq redrive --order o{}",
    "Look: orders status.": "Look: orders status{}.",
    "(`orders flags undo`), `orders flags on x`": "`orders flags undo{0}`), `orders flags on x{0}`",
}
"""Messages, and how the commands in them are completed."""

SAID_ALREADY = ("`orders dlq ls --stage dev`", "`orders dlq ls --local`", "See `orders ls --help`.")

NOT_AIMED = {
    # Click prints it, before anybody knows what the command is about.
    "cli/commands/callers/restaurants.py": ["`orders partners ls` shows all."],
}

HELP = "For example:"

COMMAND = re.compile(
    r"\borders (?:partners|restaurants|flags|dlq|customers|webhooks|logs|restore|audit|place|move"
    r"|show|ls|trace|deploy|rollback|releases|status|drift|doctor|smoke) [^`\n]*"
)

AIMED = re.compile("--(stage|local|help)")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    terminal.aim(None, local=False)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("hint", HINTS)
def test_a_named_command_goes_to_the_same_place(hint: str, option: str) -> None:
    """After a command with --local or --stage, the next one that I am told has it, too."""
    stage, local = OPTIONS[option]
    options.check(stage, local=local)
    assert HINTS[hint].format(f" {option}" if option else "") in terminal.aimed(hint)


@pytest.mark.parametrize("hint", SAID_ALREADY)
def test_a_place_that_is_named_stays(hint: str) -> None:
    """A command whose place the message names keeps it."""
    options.check("prod", local=False)
    assert terminal.aimed(hint) == hint


def test_errors_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed command tells me to do next is about the stage that I named."""

    def fails(*_: object, **__: object) -> None:
        options.check("prod", local=False)
        raise OperatorError("Look again: orders dlq ls")

    monkeypatch.setattr("cli.app.app", fails)
    with pytest.raises(SystemExit) as told:
        main(["dlq", "ls"])
    assert told.value.code == "orders: Look again: orders dlq ls --stage prod"


def messages(source: str) -> Iterator[str]:
    """Give the texts of a module but its docstrings, with a word for each value in them."""
    tree = ast.parse(source)
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "X" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not {id(node)} & (inner | alone)
        ):
            yield node.value


def test_every_message_names_commands_so() -> None:
    """No message names a command in a form that would send me elsewhere when I paste it."""
    options.check("prod", local=False)
    found = []
    for path in sorted([*ROOT.glob("cli/**/*.py"), *ROOT.glob("ops/**/*.py")]):
        name = str(path.relative_to(ROOT))
        for text in messages(path.read_text()):
            if HELP in text or any(known in text for known in NOT_AIMED.get(name, ())):
                continue
            whole = f"`{text}`" if text.startswith("orders ") else text  # ops.turns quotes those
            named = COMMAND.findall(terminal.aimed(whole))
            found += [f"{name}: {one}" for one in named if not AIMED.search(one)]
    assert found == []
