"""A fingerprint of sources: what was made of them is good as long as it is the same."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OF_A_TEMPLATE = (
    "orders/**/*.py",
    "infrastructure/**/*.py",
    "project/*.py",
    "cdk.json",
    "pyproject.toml",  # the version
    "requirements/*.txt",
)
"""What a template is made of, besides the asset."""


def fingerprint(*patterns: str, besides: str = "", root: Path = ROOT) -> str:
    """Digest the names and contents of files, and this Python.

    Args:
        patterns: which files, as `Path.glob` takes them.
        besides: whatever else counts.
        root: where they are.
    """
    digest = hashlib.sha256(f"{besides} {sys.version}".encode())
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            digest.update(f"\0{path.relative_to(root)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
