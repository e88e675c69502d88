"""When the recording is judged at all."""

from __future__ import annotations

import subprocess
import sys

from project.checkout import ROOT


def test_a_part_of_the_suite_is_not_judged() -> None:
    """Whoever runs only some tests is told why the recording says nothing then."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "tests/permissions/test_recorded.py"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "judged after all integration tests; without" in run.stdout
    assert "passed" not in run.stdout
