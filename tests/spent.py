"""Where the time of the tests goes: by group, from what a run of pytest has left.

    scripts/test, scripts/quick ─► build/tests.xml, build/quick.xml ─► python -m tests.spent FILE

Each test is written there with its seconds, and with the processor time that it took together
with the processes that it started and waited for. What goes on behind it, as a running copy and
Node.js do, is in nobody's: a group's seconds tell of it.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pytest

from project.markdown import table

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

PROCESSOR = "processor"
"""The name of a test's property: seconds."""

_began: dict[str, float] = {}


class Spent(NamedTuple):
    """What one test took, its fixtures included."""

    module: str
    """Its file, such as `tests/unit/cli/test_app.py`."""
    seconds: float
    processor: float


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Look at the clock before a test's fixtures are made."""
    _began[item.nodeid] = _processor_time()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Look again when they are gone."""
    try:
        return (yield)
    finally:
        took = _processor_time() - _began.pop(item.nodeid)
        item.user_properties.append((PROCESSOR, f"{took:.3f}"))


def _processor_time() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def read(path: Path) -> Iterator[Spent]:
    """Read what a run has left.

    Args:
        path: a file that `pytest --junitxml` wrote.
    """
    for case in ET.parse(path).getroot().iter("testcase"):  # noqa: S314 - our own file
        found = {one.get("name"): one.get("value") for one in case.iter("property")}
        folders, name = case.get("classname", "").rpartition(".")[::2]
        yield Spent(
            f"{folders.replace('.', '/')}/{name}.py",
            float(case.get("time", 0)),
            float(found.get(PROCESSOR) or 0),
        )


def by_group(tests: Iterable[Spent]) -> str:
    """Write a table of the groups, those that take longest first."""
    groups = defaultdict[str, list[Spent]](list)
    for one in tests:
        groups["/".join(Path(one.module).parts[1:3]).removesuffix(".py")].append(one)
    rows = [_row(name, group) for name, group in groups.items()]
    rows.sort(key=lambda row: -float(row[2]))
    whole = _row("all", [one for group in groups.values() for one in group])
    headings = ("group", "tests", "seconds", "of the processor", "most of it")
    return table(headings, [*rows, (*whole[:-1], "")])


def _row(name: str, group: list[Spent]) -> tuple[str, ...]:
    modules = defaultdict[str, float](float)
    for one in group:
        modules[Path(one.module).stem] += one.seconds
    most = max(modules, key=lambda module: modules[module])
    seconds, processor = sum(one.seconds for one in group), sum(one.processor for one in group)
    return name, str(len(group)), f"{seconds:.0f}", f"{processor:.0f}", f"`{most}`"


if __name__ == "__main__":
    sys.stdout.write(by_group(read(Path(sys.argv[1]))))
