"""The cloud assembly of stage dev with this machine's asset, synthesized only when need be.

It runs in a process of its own: CDK's Node.js would otherwise stay for as long as the local run.

Here new versions go live unasked, for a change of code should show within seconds. With
LOCAL_GATE=check in the environment the release gate asks them first, as it does on AWS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from infrastructure.asset import Asset, build_for_host
from local.copy.environment import without_bytecode_ban
from ops.reach.errors import LocalError
from ops.reach.layout import SHARED
from project.checkout import ROOT
from project.release import here

_ASSEMBLY = SHARED / "cdk.out"
_STAMP = SHARED / "cdk.out.stamp"
_SOURCES = ("orders/**/*.py", "infrastructure/**/*.py", "local/copy/synthesis.py", "cdk.json")
_LOCKS = "requirements/*.txt"
_LONGEST_REASON = 2_000

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
    """Give the assembly that is there if nothing has changed since, else None."""
    try:
        return _read() if _STAMP.read_text() == _inputs(asset) else None
    except (OSError, ValueError, KeyError):
        return None


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
    told = (asset.fingerprint, asset.path, sys.version, os.environ.get(GATE), here().text())
    digest = hashlib.sha256(" ".join(map(str, told)).encode())
    for pattern in (*_SOURCES, _LOCKS):
        for path in sorted(ROOT.glob(pattern)):
            digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Synthesize in this process: `python -m local.copy.synthesis ASSET OUT`."""
    from infrastructure.settings import settings_of  # noqa: PLC0415 - who reads needs no CDK
    from infrastructure.settings_validation import SettingError  # noqa: PLC0415 - nor pydantic
    from infrastructure.synth import synthesize as synthesize_here  # noqa: PLC0415 - CDK takes 2 s
    from ops.costs.report import expected  # noqa: PLC0415 - loads settings

    parser = argparse.ArgumentParser(prog="local.copy.synthesis", description=__doc__)
    parser.add_argument("asset", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    try:
        settings = settings_of("dev")
        if os.environ.get(GATE) != settings.release.gate:
            release = replace(settings.release, gate="skip", gate_waiver=_UNASKED)
            settings = replace(settings, release=release)
        synthesize_here(settings, asset=given.asset, out=given.out, model=expected, validates=False)
    except SettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
