"""The CDK app: which stage, with which asset. `make synth` and the CDK CLI run it.

What is there already, made of the same, is not made again: CDK takes five seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.asset import AssetError, build_for_aws
from infrastructure.settings import settings_of, stack_name
from infrastructure.settings_validation import SettingError
from ops.release.cdk import HOLDS, OUT, TAKING_OVER
from project.checkout import ROOT
from project.release import here
from project.sources import OF_A_TEMPLATE, Made, fingerprint

if TYPE_CHECKING:
    from infrastructure.asset import Asset
    from infrastructure.settings import Settings

_BESIDES = ("app.py", "infrastructure/*.json", "ops/costs/*.py")
"""What a template is made of, besides: the budget of a stage comes from its recorded cost."""

_MARK = "cdk.out"
"""The file that CDK puts into each assembly."""


def main() -> None:
    """Build the asset for AWS and synthesize the stage that STAGE names (default: dev)."""
    try:
        settings = settings_of(os.environ.get("STAGE", "dev"))
        if os.environ.get(TAKING_OVER):
            settings = replace(settings, operators_second_factor=False)
        asset = build_for_aws(ROOT / "build" / "asset-aws")
        if warning := asset.warning():
            print(warning, file=sys.stderr)
        if warning := settings.price_warning():
            print(warning, file=sys.stderr)
        template = _written(settings, asset, Path(os.environ.get(OUT, ROOT / "cdk.out")))
    except (SettingError, AssetError) as error:
        sys.exit(f"make synth: {error}")
    print(f"Template: {template}", file=sys.stderr)


def _written(settings: Settings, asset: Asset, out: Path) -> Path:
    """Write the assembly, unless it is there, made of the same; gives the template's path."""
    made, template = (
        Made(out, HOLDS, _inputs(asset)),
        out / f"{stack_name(settings.stage)}.template.json",
    )
    if template.exists() and made.stands():
        return template
    from infrastructure.synth import synthesize  # noqa: PLC0415 - CDK takes seconds to import
    from ops.costs.report import expected  # noqa: PLC0415 - what stands needs neither

    made.begin()
    _clear(out)
    # CDK's validation takes twice as long as all the rest: `make check` has it, and so has
    # each deployment, for which the CLI names the folder.
    validates = None if OUT in os.environ else False
    written = synthesize(settings, asset=asset.path, out=out, model=expected, validates=validates)
    made.note()
    return written


def _inputs(asset: Asset) -> str:
    """Digest all that the assembly depends on; the CDK CLI tells it more by variables."""
    told = {
        name: value
        for name, value in sorted(os.environ.items())
        if name in ("STAGE", TAKING_OVER) or (name.startswith("CDK_") and name != OUT)
    }
    besides = json.dumps([told, OUT in os.environ, asset.fingerprint, here().text()])
    return fingerprint(*OF_A_TEMPLATE, *_BESIDES, besides=besides)


def _clear(out: Path) -> None:
    """Remove what an earlier assembly has left: another stage's, or another version's code.

    A folder that holds no assembly is somebody's, whatever they have named to us.
    """
    if not (out / _MARK).is_file():
        return
    for document in out.glob("*.json"):
        document.unlink()
    for asset in out.glob("asset.*"):
        shutil.rmtree(asset)


if __name__ == "__main__":
    main()
