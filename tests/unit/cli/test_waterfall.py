"""A waterfall fits its terminal, whatever that can show."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from cli import waterfall
from ops.traces.spans import waterfall as put_together
from tests.shared.tracing.traces import DOCUMENTS, ORDER, REQUEST, part


def drawn(columns: int, *, blocks: bool = True) -> list[str]:
    """Draw the example on a terminal; gives its lines below the scale."""
    screen = Console(file=io.StringIO(), width=columns)
    sections = put_together(DOCUMENTS, ORDER).sections
    for section in sections:
        screen.print(waterfall.draw(section, waterfall.widths(sections, columns), blocks=blocks))
    file = screen.file
    assert isinstance(file, io.StringIO)
    scale, *lines = file.getvalue().splitlines()
    assert scale.split()[0] == "0"
    return lines


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_widths(columns: int) -> None:
    """On a narrow terminal there are still names, bars and times; none is wider than it."""
    lines = drawn(columns)
    assert max(map(len, lines)) <= columns
    begun = [line for line in lines if re.search("█+|┄+", line)]
    assert len(begun) == 8
    for line in begun:
        assert re.match(r" *\(?[A-Za-z]", line)
        assert re.search("█+|┄+", line)
        assert re.search(r"[0-9] ms", line)


def test_what_went_wrong_is_told_whole() -> None:
    """An error's details are never cut: they go on below, where a line is too short."""
    assert "…" not in "".join(line for line in drawn(80) if "retries" in line)
    told = " ".join(" ".join(line.split()) for line in drawn(80))
    assert "THROTTLED" in told
    assert "retries" in told


def test_a_short_call_can_be_seen() -> None:
    """What took no time to speak of has a sign, within its caller's."""
    (section,) = put_together([part(REQUEST, 1, 0), part(REQUEST, 2, 0.1)], ORDER).sections
    short = section.lines[1]._replace(start=section.end, end=section.end)
    assert waterfall._bar(short, section, 20, blocks=True) == " " * 19 + "█"


def test_terminal_without_blocks() -> None:
    """A terminal that knows ASCII alone gets bars of it."""
    text = "\n".join(drawn(80, blocks=False))
    assert "#" in text
    assert "...." in text
    assert not {"█", "┄"} & set(text)
