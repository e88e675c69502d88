"""Measurements that anyone can repeat: compare ratios, the times are this host's."""

from project.checkout import ROOT

DOCUMENTS = ROOT / "docs" / "performance"
"""What is shown to readers."""

FIGURES = DOCUMENTS / "figures.json"
"""What `make bench` measured last and in full; simulation and costs are computed from it."""

BEFORE = DOCUMENTS / "before.json"
"""A copy of FIGURES from before the last great change of starts and requests; pages show both."""
