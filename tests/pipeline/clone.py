"""A checkout of its own in which steps run as on GitHub's runner, with an account of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infrastructure.asset import READY
from project.checkout import ROOT
from project.release import COMMIT
from tests.pipeline import calls
from tests.pipeline.expressions import evaluated

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.files import Step

TAG = "v9.8.7"
"""The release that the clone says it is."""

NOTES = "- What customers see of it, with [a page](docs/api/orders.md)."

_OF_PEOPLE = {
    "            keep_data=True,": '\\g<0>\n            alarm_emails=("a@b.example",),',
    "            opening_hours=": '            price_quotes="checked",\n\\g<0>',
}
"""What people put into prod's settings before it is theirs: who hears of alarms, and prices."""

_EVENT = {
    "github.event.number": "12",
    "github.ref_name": TAG,
    "github.token": "ghs_not-a-token",
    "github.event.repository.default_branch": "main",
    "inputs.stage": "dev",
}
_RUNNER = {
    "GITHUB_REPOSITORY": "acme/orders",
    "GITHUB_SERVER_URL": "https://github.com",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": calls.OWN_KEY,
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_MAX_ATTEMPTS": "1",
    "CDK_VALIDATION": "false",  # tests/infrastructure/test_checkers.py asks a newer edition
}
_GH = """#!/bin/sh
# Plays GitHub's own program: notes what it is asked, and keeps the files that it is given.
printf '%s\\n' "$*" >>"$GH_ASKED"
for given in "$@"; do [ ! -f "$given" ] || cp "$given" "$GH_FILES/"; done
[ "$1 $2" != "pr list" ] || cat "$GH_OPEN"
"""


@dataclass
class Clone:
    """A checkout, and what a runner puts around it."""

    root: Path
    around: Path
    environment: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    """Of the steps so far, by the expressions that name them."""
    ran: dict[str, str] = field(default_factory=dict)
    """What each step has said, by the step's name."""

    def run(self, step: Step) -> str:
        """Run a step as GitHub does; gives what it has said."""
        values = {**_EVENT, **self.outputs}
        variables = {name: evaluated(text, values) for name, text in step.env.items()}
        output = self.around / "output"
        output.write_text("")
        said = self.bash(step.run, STEP=str(step), GITHUB_OUTPUT=str(output), **variables)
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.outputs[f"steps.{step.id}.outputs.{name}"] = value
        for name, text in step.outputs.items():
            if f"steps.{step.id}." in text:
                of_job = f"needs.{step.job.partition('/')[2]}.outputs.{name}"
                self.outputs[of_job] = evaluated(text, self.outputs)
        self.ran[str(step)] = said
        return said

    def bash(self, script: str, **variables: str) -> str:
        """Run a script with GitHub's options of `shell: bash`; it must succeed."""
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.root,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        with (self.around / "said").open("a") as log:  # for whoever looks while it goes on
            log.write(f"$ {script}\n{done.stdout}ended with {done.returncode}\n")
        assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def take_bytecode(self) -> None:
        """Take what was compiled here of the same packages, if it was: that takes ten seconds."""
        ours, theirs = (folder / ".venv/lib" for folder in (ROOT, self.root))
        for folder in ours.rglob("__pycache__"):
            place = theirs / folder.relative_to(ours)
            if place.parent.is_dir():
                shutil.copytree(folder, place, dirs_exist_ok=True)

    def asked(self) -> list[str]:
        """List what GitHub's program was asked."""
        return (self.around / "asked").read_text().splitlines()

    def given(self, name: str) -> str:
        """Read a file that GitHub's program was given."""
        return (self.around / "files" / name).read_text()

    def open(self, numbers: str) -> None:
        """Say which pull requests are open with the label."""
        (self.around / "open").write_text(f"{numbers}\n")


def made(folder: Path, url: str, asset: Path) -> Clone:
    """Make a clone as a release of its own.

    Args:
        folder: where it and what is around it go.
        url: of the account that its steps reach.
        asset: the functions' code for this machine.
    """
    around, root = folder / "around", folder / "orders"
    for name in ("bin", "files", "tools"):
        (around / name).mkdir(parents=True)
    (around / "asked").touch()
    program = around / "bin" / "gh"
    program.write_text(_GH)
    program.chmod(0o755)
    _copy(root)
    _become_a_release(root)
    listener = calls.listen(around / "listener")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GIT_"))},
        **_RUNNER,
        **listener,
        "PATH": f"{around / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": url,
        READY: str(asset),  # the emulator runs the functions here, and not on AWS's processors
        "GITHUB_STEP_SUMMARY": str(around / "summary"),
        "GITHUB_PATH": str(around / "path"),
        "RUNNER_TEMP": str(around),
        "RUNNER_TOOL_CACHE": str(around / "tools"),
        "GH_ASKED": str(around / "asked"),
        "GH_FILES": str(around / "files"),
        "GH_OPEN": str(around / "open"),
    }
    for name in ("PYTHONDONTWRITEBYTECODE", COMMIT):  # the clone has a commit of its own
        environment.pop(name, None)
    return Clone(root, around, environment)


def _copy(root: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, said.split("\0")):
        if (ROOT / name).is_file():  # not one that is deleted and not yet committed
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)


def _become_a_release(root: Path) -> None:
    """Let the clone be a tagged release whose prod tells somebody of its alarms."""
    project, changes, settings = (
        root / name for name in ("pyproject.toml", "CHANGELOG.md", "infrastructure/settings.py")
    )
    _replace(project, r'^version = ".*"$', f'version = "{TAG[1:]}"')
    _replace(changes, r"^## \[", f"## [{TAG[1:]}] - 2026-12-01\n{NOTES}\n\n## [")
    for old, new in _OF_PEOPLE.items():
        _replace(settings, old, new)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "A release"]):
        subprocess.run([*git, *command], cwd=root, check=True)


def _replace(path: Path, old: str, new: str) -> None:
    text, count = re.subn(old, new, path.read_text(), count=1, flags=re.MULTILINE)
    assert count == 1, f"{path.name} has no {old}"
    path.write_text(text)
