"""The measured figures as charts: PNG for reading, SVG for printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

OURS_COLOUR, OTHERS_COLOUR, SECOND_COLOUR = "#0072b2", "#999999", "#e69f00"
_HEIGHT_PER_BAR, _WIDTH = 0.42, 8.0


def draw(functions: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw all charts.

    Args:
        functions: figures by candidate, as `bench.functions.figures` gives them.
        folder: where they go.

    Returns:
        What was written.
    """
    start = [
        [functions[name][kind]["median"] for name in LABELS]
        for kind in ("init_cpu_ms", "first_cpu_ms")
    ]
    warm = [functions[name]["warm_cpu_ms"]["median"] for name in LABELS]
    memory = [functions[name]["memory_mb"] for name in LABELS]
    return [
        *_bars("start", "CPU of a start and of the first request, ms", start, folder),
        *_bars("warm", "CPU of a warm request, ms", [warm], folder),
        *_bars("memory", "memory at its peak, MB", [memory], folder),
    ]


def _bars(name: str, title: str, parts: Sequence[Sequence[float]], folder: Path) -> list[Path]:
    import matplotlib as mpl  # noqa: PLC0415 - half a second that no other command needs
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the same

    mpl.use("Agg")
    with mpl.rc_context({"svg.hashsalt": "orders", "font.size": 10}):
        figure, axes = plt.subplots(
            figsize=(_WIDTH, _HEIGHT_PER_BAR * len(LABELS) + 1), layout="constrained"
        )
        _draw_bars(axes, parts)
        axes.set_xlabel(title)
        paths = [folder / f"{name}.{kind}" for kind in ("png", "svg")]
        for path in paths:
            kept = {"Date": None} if path.suffix == ".svg" else {"Software": None}
            figure.savefig(path, dpi=110, metadata=kept)
        plt.close(figure)
    return paths


def _draw_bars(axes: Axes, parts: Sequence[Sequence[float]]) -> None:
    names = [*LABELS]
    left = [0.0] * len(names)
    for number, part in enumerate(parts):
        colours = [OURS_COLOUR if name == OURS else OTHERS_COLOUR for name in names]
        if number:
            colours = [SECOND_COLOUR] * len(names)
        axes.barh([LABELS[name] for name in names], part, left=left, color=colours)
        left = [before + more for before, more in zip(left, part, strict=True)]
    for row, total in enumerate(left):
        shown = f" {total:,.0f}" if total >= 100 else f" {total:.3g}"
        axes.annotate(shown, (total, row), va="center")
    if len(parts) > 1:
        axes.annotate(
            "orange: the first request", (0.98, 0.04), xycoords="axes fraction", ha="right",
            color="#8a5f00",
        )  # fmt: skip
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
