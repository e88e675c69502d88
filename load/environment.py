"""Locust's own Python environment, apart from the project's: requirements/load.in says why."""

from __future__ import annotations

import sys
from pathlib import Path

from local.copy.environment import Environment
from project.checkout import ROOT

LOCUST = Environment(
    owner="Locust's",
    lock=ROOT / "requirements" / "load.txt",
    directory=ROOT / ".cache" / "load-venv",
    module="gevent",  # Locust itself takes seconds to import
)


def ready() -> Path:
    """Give the environment's interpreter; the first time it takes some seconds and the network.

    Raises:
        LocalError: when the packages cannot be installed.
    """
    return LOCUST.ready() or LOCUST.make(Path(sys.executable).resolve())
