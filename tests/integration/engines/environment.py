"""The engines that come as Python packages, in an environment apart from all others.

AWS's runtime client looks for a function's packages there, too: one that the asset forgets must
not be found by accident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.copy.environment import Environment, runtime_interpreter
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ENGINES = Environment(
    owner="The engines'",
    lock=ROOT / "requirements" / "engines.txt",
    directory=ROOT / ".cache" / "engines-venv",
    module="awslambdaric",
)


def ready() -> Path:
    """Give the environment's interpreter; the first time it takes a second and the network."""
    return ENGINES.ready() or ENGINES.make(runtime_interpreter())


def program(name: str) -> Path:
    """Give a program of the environment."""
    return ready().with_name(name)
