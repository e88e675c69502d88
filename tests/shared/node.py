"""The Node.js that came as a Python package, for the programs that tests ask."""

from __future__ import annotations

from pathlib import Path

from ops.web import node
from ops.web.node import folder_of_node, program, variables

__all__ = ["NODE", "PACKAGES", "PROGRAM", "packages", "variables"]

NODE, PROGRAM = folder_of_node(), program()

PACKAGES = Path(__file__).with_name("node_packages")
"""The folder of the programs that several folders of tests ask."""


def packages(folder: Path = PACKAGES) -> Path:
    """Install what a folder's lock file names, unless it is there; gives where it is.

    Raises:
        OperatorError: when npm cannot install it.
    """
    return node.packages(folder)
