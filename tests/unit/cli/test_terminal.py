"""How commands speak: what reaches the screen, a file, and whoever is asked."""

from __future__ import annotations

import ast
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from cli import options, terminal
from cli.app import main
from ops.reach.errors import OperatorError
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_dollars_stand_on_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    """Dollars line up as numbers do, thousands and remarks too."""
    terminal.table(("What", "Cost", "Why"), [("a", "1.00", "x"), ("b", "1,000", "y")])
    assert capsys.readouterr().out.splitlines()[1].split("a")[1].startswith("      1.00")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (273_601, "3 d 4 h"),
    ],
)
def test_age(seconds: float | None, said: str) -> None:
    """Ages are said in at most two units."""
    assert terminal.age(seconds) == said


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a file a row is one line, uncut and plain, however long and whatever is in it."""
    terminal.table(
        ("Order", "Reason"), [("o" * 100, "[bold]x[/bold] \x1b[31m:smile: " + "y" * 200)]
    )
    said = capsys.readouterr().out
    assert f"{'o' * 100}  [bold]x[/bold] \\x1b[31m:smile: {'y' * 200}" in said
    assert "\x1b" not in said


def on_a_screen(monkeypatch: pytest.MonkeyPatch, columns: int) -> io.StringIO:
    """Let tables be printed on a screen of so many columns; gives what is on it."""
    screen = io.StringIO()
    console = Console(file=screen, width=columns, force_terminal=True, color_system="standard")
    monkeypatch.setattr(terminal, "_console", lambda: console)
    return screen


def test_numbers_are_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow my screen is, a number is whole or not there: texts give way."""
    screen = on_a_screen(monkeypatch, 60)
    numbers = ("154.60", "1,000", "19.8 KB", "< 0.001", "+13 %")
    terminal.table(
        ("Service", "What", *"abcde", "Read in"),
        [("CloudWatch Logs", "access logs", *numbers, "log lines and their sizes")],
    )
    said = screen.getvalue()
    assert [number for number in numbers if number not in said] == []
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 60 + len("\x1b[1m\x1b[0m") * 16


def test_what_is_bad_stands_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is red and a warning yellow, in every table; into a file both are plain."""
    screen = on_a_screen(monkeypatch, 60)
    terminal.table(("Check", "Result"), [("a", "failure"), ("b", "warning"), ("c", "ok")])
    said = screen.getvalue()
    assert "\x1b[1;31mfailure" in said
    assert "\x1b[33mwarning" in said
    assert "\x1b[32mok" in said


def test_agree(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who cannot be asked has not agreed; the question does not stand in the way of JSON."""

    def nobody() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(OperatorError, match="--yes"):
        terminal.agree("Really?", yes=False)
    said = capsys.readouterr()
    assert (said.out, "Really?" in said.err) == ("", True)
    terminal.agree("Really?", yes=True)


@given(st.floats(0, 2))
@example(1e-9)
def test_bar(share: float) -> None:
    """Whatever is not nothing can be seen, and more than the quota stays within the chart."""
    file = io.StringIO()
    Console(file=file, width=100).print(terminal.bar(share))
    drawn = file.getvalue().rstrip()
    assert len(drawn) <= 40
    assert bool(drawn) == (share > 0)
    assert share < 1 or drawn == "█" * 40


def test_a_bar_stands_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A chart is a table whose last column holds bars, each on the line of its numbers."""
    terminal.table(
        ("Day", "Requests", ""), [("1st", 7, terminal.bar(0.5)), ("2nd", 0, terminal.bar(0))]
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["Day  Requests", f"1st         7  {'█' * 20}", "2nd         0"]


@pytest.mark.parametrize("answer", ["", "n", "yep", "dev"])
def test_no_is_the_default(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but yes changes nothing."""
    monkeypatch.setattr("builtins.input", lambda: answer)
    with pytest.raises(OperatorError, match="Nothing was changed"):
        terminal.agree("Deploy?", yes=False)


@pytest.mark.parametrize("answer", ["y", "Yes", " y "])
def test_yes(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yes is yes."""
    monkeypatch.setattr("builtins.input", lambda: answer)
    terminal.agree("Deploy?", yes=False)


@pytest.mark.parametrize(
    "speak",
    [
        lambda: terminal.say("done"),
        lambda: terminal.note("done"),
        lambda: terminal.as_json({}),
        lambda: terminal.table(("A",), [("1",)]),
        terminal.hush,
    ],
)
def test_what_turns_ends_with_the_next_word(
    speak: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tells that something goes on is gone before the result is there, whatever it is."""
    ended: list[str] = []

    class Turning:
        def stop(self) -> None:
            ended.append("ended")

    monkeypatch.setattr(terminal, "_shown", [Turning()])
    speak()
    assert ended == ["ended"]
    assert terminal._shown == []


def test_nothing_turns_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a file goes the result alone."""
    terminal.busy("Asking dev …")
    assert terminal._shown == []
    assert capsys.readouterr() == ("", "")


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
                str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values
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
