"""The cloud assembly of stage dev with this machine's asset, synthesized only when need be.

sources as the checkout keeps a template of   infrastructure/kept, filled in here
an assembly of the same inputs is there       .local/cdk.out
neither                                       CDK, whose packages are installed where they are not

It runs in a process of its own: CDK's Node.js would otherwise stay for as long as the local run.

Here new versions go live unasked, for a change of code should show within seconds. With
LOCAL_GATE=check in the environment the release gate asks them first, as it does on AWS.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from infrastructure.asset import Asset, build_for_host
from infrastructure.settings import settings_of, stack_name
from local.copy import kept_template
from local.copy.environment import without_bytecode_ban
from ops.reach import kept
from ops.reach.errors import LocalError
from ops.reach.layout import SHARED
from orders.release_gate import SKIP
from project.checkout import ROOT
from project.release import here
from project.sources import OF_A_TEMPLATE, fingerprint

_ASSEMBLY = SHARED / "cdk.out"
_STAMP = SHARED / "cdk.out.stamp"
_LONGEST_REASON = 2_000
_STAGE = "dev"

GATE = "LOCAL_GATE"
"""The variable that has the release gate look, where it says `check`."""

_UNASKED = "This is the local run; LOCAL_GATE=check has the gate look."


@dataclass(frozen=True)
class Assembly:
    """What CDK made: the template, and the files that it refers to."""

    template: str
    """As JSON, exactly as it would go to AWS."""
    files: dict[str, Path]
    """Folders to zip, by their keys in the bootstrap bucket."""
    stack_name: str


def build_asset(interpreter: Path) -> Asset:
    """Build what the functions run, for this machine and the emulator's Python."""
    return build_for_host(SHARED / "asset", interpreter)


def up_to_date(asset: Asset) -> Assembly | None:
    """Give the assembly that takes no CDK, if there is one: the kept one, or the last one."""
    if template := kept.template(_STAGE):
        gate = None if _gate_is_as_on_aws() else (SKIP, _UNASKED)
        text = kept_template.filled(template, code=asset.fingerprint, release=here(), gate=gate)
        return Assembly(text, {f"{asset.fingerprint}.zip": asset.path}, stack_name(_STAGE))
    try:
        return _read() if _STAMP.read_text() == _inputs(asset) else None
    except (OSError, ValueError, KeyError):
        return None


def _gate_is_as_on_aws() -> bool:
    return os.environ.get(GATE) == settings_of(_STAGE).release.gate


def synthesize(asset: Asset) -> Assembly:
    """Synthesize stage dev.

    Raises:
        LocalError: with what CDK said.
    """
    _STAMP.unlink(missing_ok=True)
    inputs = _inputs(asset)
    run = subprocess.run(
        [sys.executable, "-m", "local.copy.synthesis", str(asset.path), str(_ASSEMBLY)],
        cwd=ROOT,
        env=without_bytecode_ban(),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        reason = (run.stderr or run.stdout).strip()[-_LONGEST_REASON:]
        raise LocalError(f"The CDK app cannot be synthesized:\n{reason}")
    _STAMP.write_text(inputs)
    return _read()


def _read() -> Assembly:
    manifest = json.loads((_ASSEMBLY / "manifest.json").read_text())["artifacts"]
    name, stack = next(
        (name, item) for name, item in manifest.items() if item["type"].endswith(":stack")
    )
    template = (_ASSEMBLY / stack["properties"]["templateFile"]).read_text()
    assets = json.loads((_ASSEMBLY / f"{name}.assets.json").read_text())["files"]
    return Assembly(
        template, dict(_zipped(item) for item in assets.values() if _is_folder(item)), name
    )


def _is_folder(asset: dict[str, Any]) -> bool:
    return bool(asset["source"].get("packaging") == "zip")


def _zipped(asset: dict[str, Any]) -> tuple[str, Path]:
    (destination,) = asset["destinations"].values()
    return destination["objectKey"], _ASSEMBLY / asset["source"]["path"]


def _inputs(asset: Asset) -> str:
    """Digest everything that the template depends on."""
    told = (asset.fingerprint, asset.path, os.environ.get(GATE), here().text())
    besides = " ".join(map(str, told))
    return fingerprint(*OF_A_TEMPLATE, "local/copy/synthesis.py", besides=besides)


def main() -> None:
    """Synthesize in this process: `python -m local.copy.synthesis ASSET OUT`."""
    from infrastructure.settings_validation import SettingError  # noqa: PLC0415 - only here
    from infrastructure.synth import synthesize as synthesize_here  # noqa: PLC0415 - CDK takes 2 s
    from ops.costs.report import expected  # noqa: PLC0415 - loads settings

    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="local.copy.synthesis", description=__doc__
    )
    parser.add_argument("asset", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    try:
        settings = settings_of(_STAGE)
        if not _gate_is_as_on_aws():
            release = replace(settings.release, gate="skip", gate_waiver=_UNASKED)
            settings = replace(settings, release=release)
        synthesize_here(settings, asset=given.asset, out=given.out, model=expected, validates=False)
    except SettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
