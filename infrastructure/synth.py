"""Synthesis: from the settings of a stage to a CloudFormation template, without the CDK CLI."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import App

from infrastructure.service import Service
from project.checkout import ROOT

if TYPE_CHECKING:
    from infrastructure.settings import Settings


def synthesize(settings: Settings, *, asset: Path, out: Path | None = None) -> Path:
    """Synthesize the service.

    Args:
        settings: the stage's.
        asset: the folder of the functions' code.
        out: where the cloud assembly goes; None for where the CDK CLI wants it.

    Returns:
        The template's path.
    """
    return write(compose(settings, asset=asset, out=out))


def compose(settings: Settings, *, asset: Path, out: Path | None = None) -> Service:
    """Build the service's constructs, which the checkers look at; arguments as above."""
    # The CLI hands over cdk.json's context, which holds the feature flags; without it, we do.
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(context=context, outdir=None if out is None else str(out))
    return Service(app, settings=settings, asset=str(asset))


def compose_without_code(settings: Settings, folder: Path) -> Service:
    """Build the constructs below an empty folder, with an empty asset, for a look at them alone."""
    asset = folder / "asset"
    asset.mkdir()
    (asset / "code.py").write_text("")
    return compose(settings, asset=asset, out=folder / "out")


def template_of(settings: Settings) -> dict[str, Any]:
    """Give the template of some settings, for a look at it alone: its asset is empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(compose_without_code(settings, Path(folder)))
        template: dict[str, Any] = json.loads(path.read_text())
    return template


def write(service: Service) -> Path:
    """Write the template of a composed service, and give its path."""
    assembly = cast("App", service.node.root).synth()
    return Path(assembly.directory) / service.template_file
