"""The template of a stage as the settings here make it, synthesized by a process of its own.

CDK takes seconds to start and writes remarks of its own; neither belongs into a command.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from ops.reach.errors import OperatorError
from ops.reach.kept import template as of_the_checkout
from ops.reach.layout import SHARED
from project import private_files
from project.checkout import ROOT
from project.json_object import json_object
from project.sources import OF_A_TEMPLATE, fingerprint

_KEPT = SHARED / "templates"


def synthesized(stage: str) -> dict[str, Any]:
    """Give a stage's template with an empty asset, as the checkout keeps it of today's sources.

    Where a source has changed CDK is asked, without the stage's budget; what it gives is kept while
    its sources stand.

    Raises:
        OperatorError: when it cannot be synthesized.
    """
    if template := of_the_checkout(stage):
        return template
    kept, inputs = _KEPT / f"{stage}.json", fingerprint(*OF_A_TEMPLATE)
    if kept.exists() and (found := json_object(kept.read_bytes())) and found["of"] == inputs:
        before: dict[str, Any] = found["template"]
        return before
    template = _synthesized(stage)
    private_files.make_folder(_KEPT)
    private_files.write(kept, json.dumps({"of": inputs, "template": template}).encode())
    return template


def _synthesized(stage: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ops.reach.templates", stage, folder]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode:
            reason = (ended.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise OperatorError(f"Stage {stage} cannot be synthesized: {reason}")
        return read(Path(ended.stdout.splitlines()[-1]))


def read(path: Path) -> dict[str, Any]:
    """Read a template in JSON.

    Raises:
        OperatorError: when the file holds none.
    """
    try:
        template = json_object(path.read_bytes())
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error}.") from error
    if template is None:
        raise OperatorError(f"{path} cannot be read as a template in JSON.")
    if not isinstance(template.get("Resources"), dict):
        raise OperatorError(f"{path} is no CloudFormation template: it has no Resources.")
    return template


def _synthesize(stage: str, folder: Path) -> Path:
    from infrastructure.settings import settings_of  # noqa: PLC0415 - CDK takes seconds to import
    from infrastructure.synth import compose_without_code, write  # noqa: PLC0415 - the CDK takes long

    settings = settings_of(stage)
    # The budget is made from what this template costs.
    settings = replace(settings, budget=replace(settings.budget, alarm_emails=()))
    return write(compose_without_code(settings, folder))


if __name__ == "__main__":
    sys.stdout.write(str(_synthesize(sys.argv[1], Path(sys.argv[2]))))
