"""The CDK app: which stage, with which asset. `make synth` and the CDK CLI run it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from infrastructure.asset import AssetError, build_for_aws
from infrastructure.settings import settings_of
from infrastructure.settings_validation import SettingError
from infrastructure.synth import synthesize
from ops.costs.report import expected
from ops.release.cdk import TAKING_OVER
from project.checkout import ROOT


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
        out = Path(os.environ.get("CDK_OUTDIR", ROOT / "cdk.out"))
        # CDK's validation takes twice as long as all the rest: `make check` has it, and so has
        # each deployment, for which the CLI names the folder.
        validates = None if "CDK_OUTDIR" in os.environ else False
        template = synthesize(
            settings, asset=asset.path, out=out, model=expected, validates=validates
        )
    except (SettingError, AssetError) as error:
        sys.exit(f"make synth: {error}")
    print(f"Template: {template}", file=sys.stderr)


if __name__ == "__main__":
    main()
