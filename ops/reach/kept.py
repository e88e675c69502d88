"""The templates that the checkout keeps: a run and a look at costs need neither CDK nor Node.js.

infrastructure/kept/
├── dev.template.json    as CDK writes it for AWS, of no commit and with an empty asset
├── prod.template.json
└── sources.json         what both are made from: a digest of each file, the version, CDK's packages

`make docs` writes them, and a test of the templates compares them with what CDK makes of today's
sources. Where a source has changed since, a kept template is not given: CDK is asked.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from project.checkout import ROOT
from project.json_object import json_object
from project.release import version

FOLDER = ROOT / "infrastructure" / "kept"
SOURCES = FOLDER / "sources.json"

_HOUSES = ("infrastructure", "orders", "project")
"""Of whose modules a template is made."""

_READ = ("cdk.json", "infrastructure/expected_costs.json")
"""What is read beside modules."""

_PINS = ("aws-cdk-lib", "constructs", "jsii", "msgspec")
_LOCK = "requirements/dev.txt"


def template(stage: str, *, root: Path = ROOT) -> dict[str, Any] | None:
    """Give the kept template of a stage; None where there is none of today's sources.

    Args:
        stage: its name.
        root: the checkout.
    """
    if sources(root=root) is None:
        return None
    try:
        return json_object(_file(stage, root / FOLDER.relative_to(ROOT)).read_bytes())
    except OSError:
        return None


def sources(*, root: Path = ROOT) -> str | None:
    """Give a fingerprint of all that templates are made of; None where some of it has changed.

    Args:
        root: the checkout.
    """
    try:
        text = (root / SOURCES.relative_to(ROOT)).read_bytes()
        told = json_object(text)
        stands = told is not None and told == _digests(list(told["files"]), root)
    except (OSError, KeyError):
        return None
    return hashlib.sha256(text).hexdigest() if stands else None


def make(folder: Path, stages: list[str]) -> None:
    """Write the templates of stages, and what they are made from, into a folder.

    It is called in a process of its own: all modules that the process has loaded count.
    """
    from infrastructure.settings import settings_of  # noqa: PLC0415 - CDK takes seconds to import
    from infrastructure.synth import compose_without_code, write  # noqa: PLC0415 - likewise

    folder.mkdir(exist_ok=True)
    for stage in stages:
        with tempfile.TemporaryDirectory() as work:
            written = write(compose_without_code(settings_of(stage), Path(work)))
            _file(stage, folder).write_bytes(written.read_bytes())
    told = json.dumps(_digests(_loaded(), ROOT), indent=2)
    (folder / SOURCES.name).write_text(f"{told}\n")


def _file(stage: str, folder: Path) -> Path:
    return folder / f"{stage}.template.json"


def _loaded() -> list[str]:
    """Name the files of this process's modules that a template can be made of."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    paths = [Path(file) for file in files if file]
    ours = [path.relative_to(ROOT) for path in paths if path.is_relative_to(ROOT)]
    return sorted({*_READ, *(path.as_posix() for path in ours if path.parts[0] in _HOUSES)})


def _digests(files: list[str], root: Path) -> dict[str, Any]:
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (root / _LOCK).read_text(), re.MULTILINE))
    return {
        "version": version(),
        "packages": {name: pinned[name] for name in _PINS},
        "files": {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in files},
    }


if __name__ == "__main__":
    make(FOLDER, sys.argv[1:] or ["dev", "prod"])
