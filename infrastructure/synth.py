"""Synthesis: from the settings of a stage to a CloudFormation template, without the CDK CLI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import App

from infrastructure.service import Service
from project.checkout import ROOT

if TYPE_CHECKING:
    from infrastructure.settings import Settings


def synthesize(
    settings: Settings, *, asset: Path, out: Path | None = None, validates: bool = True
) -> Path:
    """Synthesize the service.

    Args:
        settings: the stage's.
        asset: the folder of the functions' code.
        out: where the cloud assembly goes; None for where the CDK CLI wants it.
        validates: whether CDK validates the template. That takes longer than all the rest, and
            who only reads a template need not wait for it.

    Returns:
        The template's path.
    """
    return write(compose(settings, asset=asset, out=out, validates=validates))


def compose(
    settings: Settings, *, asset: Path, out: Path | None = None, validates: bool = True
) -> Service:
    """Build the service's constructs, which the checkers look at; arguments as above."""
    # The CLI hands over cdk.json's context, which holds the feature flags; without it, we do.
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        context=context,
        outdir=None if out is None else str(out),
        builtin_cloud_formation_validation=validates,
    )
    return Service(app, settings=settings, asset=str(asset))


def write(service: Service) -> Path:
    """Write the template of a composed service, and give its path."""
    assembly = cast("App", service.node.root).synth()
    return Path(assembly.directory) / service.template_file
