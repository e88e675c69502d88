"""Which release a checkout is: its version, its commit, and whether files differ from that.

The version stands in pyproject.toml, and nowhere else. The commit is git's. An assembly that was
built elsewhere carries both with it, so nobody asks git about that one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, NamedTuple

from project.checkout import ROOT
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMMIT = "RELEASE_COMMIT"
"""The variable that names the commit where there is no git, such as in an archive of the source."""

TEMPLATE = "ReleaseTemplate"
"""The stack's own parameter: its template's name among the account's assets. `orders deploy` tells
it, and the stage's parameter `release` keeps it for the way back."""

UNKNOWN = "unknown"
_SHOWN = 12
_FUNCTIONS, _TEMPLATE = "functions", "template"
_HEX = re.compile(r"[0-9a-f]{40}")


class Release(NamedTuple):
    """What a stage runs, or would run."""

    version: str
    """Such as 1.0.0."""
    commit: str
    """Forty hexadecimal digits, or `unknown`."""
    dirty: bool
    """Whether the files differ from that commit."""

    def __str__(self) -> str:
        """As people read it: `1.0.0 (0123456789ab, with changes that are in no commit)`."""
        changed = ", with changes that are in no commit" if self.dirty else ""
        return f"{self.version} ({self.commit[:_SHOWN]}{changed})"

    def short(self) -> str:
        """As `X-Release` on /health has it: `1.0.0-0123456789ab`, with `-dirty` where files differ.

        A stage variable of API Gateway, which brings it there, may not have a `+`.
        """
        return f"{self.version}-{self.commit[:_SHOWN]}{'-dirty' * self.dirty}"

    def text(self, functions: Mapping[str, str] | None = None, template: str | None = None) -> str:
        """As the stack's output and the stage's parameter have it; `parsed` reads it again.

        Args:
            functions: the version of each function by its name, in the parameter; `functions_in`
                reads them.
            template: what its template is called among the account's assets, likewise;
                `template_in` reads it.
        """
        versions = {} if functions is None else {_FUNCTIONS: dict(functions)}
        name = {} if template is None else {_TEMPLATE: template}
        return json.dumps({**self._asdict(), **versions, **name}, separators=(",", ":"))


def looked_at() -> Release:
    """Give that of templates which are only looked at: they are the same at each commit."""
    return Release(version(), "0" * 40, dirty=False)


def parsed(text: str) -> Release:
    """Read what `Release.text` wrote.

    Raises:
        ValueError: when it is something else.
    """
    match json_object(text):
        case {"version": str(version), "commit": str(commit), "dirty": bool(dirty)}:
            return Release(version, commit, dirty)
    raise ValueError(f"no release: {text[:100]}")


def functions_in(text: str) -> dict[str, str]:
    """Read the functions' versions of a release's text; none where it has none."""
    found = (json_object(text) or {}).get(_FUNCTIONS)
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(name): str(version) for name, version in pairs}


def template_in(text: str) -> str:
    """Read what a release's template is called; "" where its text does not say."""
    return str((json_object(text) or {}).get(_TEMPLATE, ""))


def version() -> str:
    """Give the version of this checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def here(folder: Path = ROOT) -> Release:
    """Say which release a checkout is.

    Args:
        folder: the checkout; the version is always that of this one.

    Raises:
        ValueError: when RELEASE_COMMIT names no commit.
    """
    named = os.environ.get(COMMIT)
    if named is not None:
        if not _HEX.fullmatch(named):
            raise ValueError(f"{COMMIT} must be a commit of forty hexadecimal digits, not {named}")
        return Release(version(), named, dirty=False)
    top = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "HEAD") if top == str(folder.resolve()) else None
    changed = _git(folder, "status", "--porcelain") if commit else None
    return Release(version(), commit or UNKNOWN, dirty=bool(changed))


def _git(folder: Path, *arguments: str) -> str | None:
    """Ask git; None where there is none, or no repository of this checkout's own."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the one on PATH
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
