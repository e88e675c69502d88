"""A command's output as a comment: nothing in it is Markdown, and it is short enough."""

from __future__ import annotations

import re
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from project.checkout import ROOT
from project.comment import MOST_BYTES, comment

GITHUB_TAKES = 65_536


def fenced(text: str) -> tuple[str, str]:
    """Take a comment apart: its fence, and what is between."""
    found = re.fullmatch(r"### T\n\n(`{3,})text\n(.*)\n(`{3,})\n", text, re.DOTALL)
    assert found is not None, text
    assert found[1] == found[3]
    return found[1], found[2]


@given(st.text(st.characters(codec="utf-8")) | st.text("`\n ~a", max_size=200))
def test_nothing_of_it_is_markdown(output: str) -> None:
    """Whatever a pull request has printed, it cannot end the block that shows it."""
    fence, shown = fenced(comment("T", output))
    assert not re.search(rf"^\s*`{{{len(fence)},}}", shown, re.MULTILINE)
    assert "\x1b" not in shown
    assert "\u202e" not in shown  # turns the text that follows around


def test_colours_and_accounts_are_left_out() -> None:
    """I read what the CDK has drawn, without its colours, and without an account's number."""
    said = "\x1b[31m[-]\x1b[0m Role arn:aws:iam::111122223333:role/r │ 1111222233334 ab111122223333"
    _, shown = fenced(comment("T", said))
    assert shown == "[-] Role arn:aws:iam::<account>:role/r │ 1111222233334 ab111122223333"


def test_a_long_one_is_cut_at_a_line() -> None:
    """Of a difference that is too long I see the beginning, and where the rest is."""
    text = comment("T", "│ a line of it\n" * 20_000)
    assert len(text) < GITHUB_TAKES
    assert len(text.encode()) < MOST_BYTES + 200
    _, shown = fenced(text)
    assert shown.splitlines()[-1].startswith("… the rest stands in the log")
    assert set(shown.splitlines()[:-1]) == {"│ a line of it"}


def test_nothing_is_said() -> None:
    """An empty output is told as such."""
    assert fenced(comment("T", "\n")) == ("```", "Nothing.")


def test_command() -> None:
    """From a shell it takes whatever bytes a command has printed."""
    command = [sys.executable, "-m", "project.comment", "T"]
    done = subprocess.run(command, cwd=ROOT, input=b"a \xff b\n", capture_output=True, check=True)
    _, shown = fenced(done.stdout.decode())
    assert shown.startswith("a ")
