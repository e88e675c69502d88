"""Whoever waits for the tests can ask what they wait for."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from project.checkout import ROOT
from tests import spent
from tests.spent import Spent

if TYPE_CHECKING:
    from pathlib import Path


def test_groups_are_in_order_of_their_time() -> None:
    """I see first which folder takes longest, and which of its modules has most of that."""
    tests = [
        Spent("tests/unit/cli/test_app.py", 1, 0.5),
        Spent("tests/unit/ops/test_flags.py", 2, 1),
        Spent("tests/unit/ops/test_turns.py", 4, 1),
        Spent("tests/unit/ops/test_turns.py", 5, 2.6),
        Spent("tests/alarms/test_chances.py", 3, 3),
    ]
    lines = spent.by_group(tests).splitlines()
    assert lines[2:] == [
        "| unit/ops | 3 | 11 | 5 | `test_turns` |",
        "| alarms/test_chances | 1 | 3 | 3 | `test_chances` |",
        "| unit/cli | 1 | 1 | 0 | `test_app` |",
        "| all | 5 | 15 | 8 |  |",
    ]


def test_a_run_leaves_what_each_test_took(tmp_path: Path) -> None:
    """With the processes that it started: a test that fails has its time as well."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    folder = tmp_path / "tests" / "unit"
    folder.mkdir(parents=True)
    (folder / "test_planted.py").write_text(
        "def test_sound():\n    pass\n\ndef test_broken():\n    assert not sum(range(10**6))\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.spent", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--junitxml", tmp_path / "x.xml", "-c", tmp_path / "pytest.ini", tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    sound, broken = spent.read(tmp_path / "x.xml")
    assert sound.module == broken.module == "tests/unit/test_planted.py"
    assert broken.processor > 0
