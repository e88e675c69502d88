"""The measured figures as charts: PNG for reading, SVG for printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import drawing
from bench.candidates import AS_DEPLOYED, BARE, EMPTY, OURS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

LABELS = {
    EMPTY: "an empty function",
    BARE: "bare signed HTTP request",
    OURS: "ours",
    "chalice": "Chalice, boto3",
    "parser": "Powertools' parser, boto3",
    "fastapi": "FastAPI, Mangum, boto3",
    "powertools": "Powertools, X-Ray SDK, boto3",
    REFERENCE: "… with its idempotency",
    AS_DEPLOYED: "… as CDK zips it",
}
"""What stands beside each bar, from the floor up."""


def draw(functions: Mapping[str, Any], folder: Path) -> None:
    """Draw all charts.

    Args:
        functions: figures by candidate, as `bench.functions.figures` gives them.
        folder: where they go.
    """
    start = [
        [functions[name][kind]["median"] for name in LABELS]
        for kind in ("init_cpu_ms", "first_cpu_ms")
    ]
    warm = [functions[name]["warm_cpu_ms"]["median"] for name in LABELS]
    memory = [functions[name]["memory_mb"] for name in LABELS]
    for name, title, parts in (
        ("start", "CPU of a start and of the first request, ms", start),
        ("warm", "CPU of a warm request, ms", [warm]),
        ("memory", "memory at its peak, MB", [memory]),
    ):
        with drawing.bars(folder / name, title, len(LABELS)) as axes:
            _draw(axes, parts)


def _draw(axes: Axes, parts: Sequence[Sequence[float]]) -> None:
    """Draw stacked bars, the sum beside each."""
    left = [0.0] * len(LABELS)
    first = [drawing.OURS if name == OURS else drawing.OTHERS for name in LABELS]
    for colours, part in zip((first, drawing.SECOND), parts, strict=False):
        axes.barh([*LABELS.values()], part, left=left, color=colours)
        left = [before + more for before, more in zip(left, part, strict=True)]
    for row, total in enumerate(left):
        shown = f" {total:,.0f}" if total >= 100 else f" {total:.3g}"
        axes.annotate(shown, (total, row), va="center")
    if len(parts) > 1:
        note = "orange: the first request"
        axes.text(0.98, 0.04, note, transform=axes.transAxes, ha="right", color="#8a5f00")
    axes.margins(x=0.12)
