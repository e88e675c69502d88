"""Synthesis: from the settings of a stage to a CloudFormation template, without the CDK CLI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import App

from infrastructure.service import Service

if TYPE_CHECKING:
    from infrastructure.settings import Settings

ROOT = Path(__file__).parent.parent
"""The checkout."""


def synthesize(settings: Settings, *, asset: Path, out: Path | None = None) -> Path:
    """Synthesize the service.

    Args:
        settings: the stage's.
        asset: the folder of the functions' code.
        out: where the cloud assembly goes; None for where the CDK CLI wants it.

    Returns:
        The template's path.
    """
    # The CLI hands over cdk.json's context, which holds the feature flags; without it, we do.
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(context=context, outdir=None if out is None else str(out))
    service = Service(app, settings=settings, asset=str(asset))
    assembly = app.synth()
    return Path(assembly.directory) / service.template_file
