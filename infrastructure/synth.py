"""Synthesis: from the settings of a stage to a CloudFormation template, without the CDK CLI."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from project.checkout import ROOT
from project.release import here, looked_at

if TYPE_CHECKING:
    from aws_cdk import App

    from infrastructure.service import Service
    from infrastructure.settings import Settings
    from infrastructure.watching.budget import CostModel
    from project.release import Release


def synthesize(
    settings: Settings,
    *,
    asset: Path,
    out: Path | None = None,
    model: CostModel | None = None,
    validates: bool | None = None,
) -> Path:
    """Synthesize the service.

    Args:
        settings: the stage's.
        asset: the folder of the functions' code.
        out: where the cloud assembly goes; None for where the CDK CLI wants it.
        model: of costs, for a budget whose cost is not recorded.
        validates: whether CDK validates the template. That takes longer than all the rest, and
            who only reads a template need not wait for it. None leaves it to CDK, which does
            unless CDK_VALIDATION=false is in the environment.

    Returns:
        The template's path.
    """
    return write(compose(settings, asset=asset, out=out, model=model, validates=validates))


def compose(
    settings: Settings,
    *,
    asset: Path,
    out: Path | None = None,
    model: CostModel | None = None,
    validates: bool | None = None,
    release: Release | None = None,
) -> Service:
    """Build the service's constructs, which the checkers look at.

    Args:
        settings: as above.
        asset: as above.
        out: as above.
        model: as above.
        validates: as above.
        release: what the template says it is; None for what the checkout is.
    """
    # The CDK takes seconds to import, and who only may synthesize imports this module as well.
    from aws_cdk import App  # noqa: PLC0415 - as just said

    from infrastructure.service import Service  # noqa: PLC0415 - likewise

    # The CLI hands over cdk.json's context, which holds the feature flags; without it, we do.
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        context=context,
        outdir=None if out is None else str(out),
        builtin_cloud_formation_validation=validates,
    )
    return Service(app, settings=settings, asset=str(asset), model=model, release=release or here())


def compose_without_code(
    settings: Settings, folder: Path, *, model: CostModel | None = None
) -> Service:
    """Build the constructs below an empty folder, with an empty asset, for a look at them alone."""
    asset = folder / "asset"
    asset.mkdir()
    (asset / "code.py").write_text("")
    return compose(
        settings,
        asset=asset,
        out=folder / "out",
        model=model,
        validates=False,
        release=looked_at(),
    )


def template_of(settings: Settings, *, model: CostModel | None = None) -> dict[str, Any]:
    """Give the template of some settings, for a look at it alone: its asset is empty."""
    with tempfile.TemporaryDirectory() as folder:
        service = compose_without_code(settings, Path(folder), model=model)
        template: dict[str, Any] = json.loads(write(service).read_text())
    return template


def write(service: Service) -> Path:
    """Write the template of a composed service, and give its path."""
    assembly = cast("App", service.node.root).synth()
    return Path(assembly.directory) / service.template_file
