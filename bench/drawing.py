"""Horizontal bars as PNG and SVG, the same bytes for the same figures: for bench and simulation."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

OURS, OTHERS, SECOND, LIMIT = "#0072b2", "#999999", "#e69f00", "#d55e00"
"""Colours that colour-blind people can tell apart (Okabe and Ito)."""

_WIDTH, _HEIGHT_PER_BAR = 8.0, 0.42  # inches
_FORMATS = {"png": {"Software": None}, "svg": {"Date": None}}  # nothing of when and with what


@contextlib.contextmanager
def bars(path: Path, title: str, number: int) -> Iterator[Axes]:
    """Give axes to draw bars on, and write the chart afterwards.

    Args:
        path: of both files, without their suffix.
        title: what the bars are, with its unit.
        number: of bars.
    """
    import matplotlib as mpl  # noqa: PLC0415 - it takes a second; who draws nothing needs it not
    from matplotlib.figure import Figure  # noqa: PLC0415 - likewise

    with mpl.rc_context({"svg.hashsalt": "orders", "font.size": 10}):
        figure = Figure(figsize=(_WIDTH, _HEIGHT_PER_BAR * number + 1), layout="constrained")
        axes = figure.subplots()
        yield axes
        axes.set_xlabel(title)
        axes.spines[["top", "right"]].set_visible(False)
        for kind, kept in _FORMATS.items():
            figure.savefig(path.with_suffix(f".{kind}"), dpi=110, metadata=kept)
