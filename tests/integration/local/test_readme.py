"""The README's commands do what it says."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from project.checkout import ROOT
from tests.shared.examples import ORDER

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration
README = (ROOT / "README.md").read_text()


def commands(heading: str) -> list[str]:
    """Give the shell commands below a heading."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def test_the_session_runs_as_it_is_printed(stack: Endpoints, tmp_path: Path) -> None:
    """Pasted into a shell in the checkout, the session places, confirms, reads, lists, and errs."""
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/endpoints.json").write_text(json.dumps(asdict(stack)))
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    script = "\n".join(commands("A session"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "HTTP/1.1 201 Created" in done.stdout
    assert '"status":"PLACED"' in done.stdout
    assert '"status":"CONFIRMED"' in done.stdout
    assert "The order is CONFIRMED; you can move it to PREPARING, CANCELLED" in done.stdout


def test_every_make_command_is_a_target() -> None:
    """No document names a command that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        named = set(re.findall(r"(?:`|^|= )make ([a-z]+)", document.read_text(), re.MULTILINE))
        assert named <= targets, document


def test_the_order_in_the_documents_is_the_one_that_tests_place() -> None:
    """The order that the API's page shows is the example file's."""
    text = (ROOT / "docs/api/orders.md").read_text()
    shown = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == ORDER
