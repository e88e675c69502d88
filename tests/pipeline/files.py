"""The steps of GitHub's workflows and of GitLab's jobs, as the files say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
GITLAB = ROOT / ".gitlab-ci.yml"
_OF_GITLAB = {"stages", "default", "variables"}


class Step(NamedTuple):
    """A step of a job."""

    job: str
    """The workflow's name and the job's: `deploy/prod`."""
    name: str
    run: str
    """What bash runs; empty for an action."""
    uses: str
    """The action; empty for a script."""
    id: str
    env: dict[str, str]
    """The job's variables and its own, unevaluated."""
    outputs: dict[str, str]
    """Those of its job, unevaluated."""

    def __str__(self) -> str:
        """Name it for people: `deploy/prod: Deploy`."""
        return f"{self.job}: {self.name}"


def loaded(path: Path) -> dict[str, Any]:
    """Read a file of YAML."""
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each job of each workflow with its name."""
    for path in WORKFLOWS:
        for name, job in loaded(path)["jobs"].items():
            yield f"{path.stem}/{name}", job


def steps() -> list[Step]:
    """List the steps of all workflows in their order."""
    return [
        Step(
            name,
            step.get("name", step.get("uses", "").partition("@")[0]),
            step.get("run", ""),
            step.get("uses", ""),
            step.get("id", ""),
            {**job.get("env", {}), **step.get("env", {})},
            job.get("outputs", {}),
        )
        for name, job in jobs()
        for step in job["steps"]
    ]


def gitlab_lines() -> list[tuple[str, str]]:
    """List each line of each job's scripts on GitLab, with the job's name."""
    document = loaded(GITLAB)
    return [
        (name, line)
        for name, job in document.items()
        if name not in _OF_GITLAB
        for script in ("before_script", "script")
        for line in job.get(script, ())
    ]
