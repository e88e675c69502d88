"""What CDK has made of settings, kept as long as its sources stand: a synthesis takes a second.

.cache/templates/<sources>/<settings>.json    a template, or what cdk-nag finds in it

Who has changed a source waits for CDK until `make docs` has said that it is meant: before that
nobody knows of which files a template is made (ops/reach/kept.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from infrastructure import synth
from ops.reach import kept
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infrastructure.settings import Settings

FOLDER = ROOT / ".cache" / "templates"


def template_of(settings: Settings) -> dict[str, Any]:
    """Give the template of some settings, with an empty asset."""
    found: dict[str, Any] = made("template", settings, lambda: synth.template_of(settings))
    return found


def made(what: str, settings: Settings, make: Callable[[], Any]) -> Any:
    """Give what was made of some settings, unless it is made anew.

    Args:
        what: it is, and what it depends on besides the sources of templates.
        settings: of a stage.
        make: makes it; JSON can hold it.
    """
    sources = kept.sources()
    if sources is None:
        return make()
    told = f"{what} {settings} {sys.version}".encode()
    path = FOLDER / sources / f"{hashlib.sha256(told).hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError):
        return json.loads(path.read_text())
    text = json.dumps(make())
    _write(path, text)
    return json.loads(text)  # as the next run finds it


def _write(path: Path, text: str) -> None:
    """Write it; a reader finds it whole, and what was made of other sources leaves the disk."""
    for other in FOLDER.glob("*"):
        if other != path.parent:
            shutil.rmtree(other, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)
