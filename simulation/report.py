"""What the simulation found, as tables of docs/performance/scale.md, as text and as charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.cost_docs import table
from simulation import figures, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SCENARIOS: tuple[Callable[[], Mapping[str, Any]], ...] = (
    scenarios.bursts,
    scenarios.growth,
    scenarios.growth_without_our_limits,
    scenarios.capacity,
    scenarios.memories,
    scenarios.ways_to_be_warm,
)

_HEAD = ["", "p50", "p95", "p99", "refused", "cold", "at once", "processed, p95"]
_DOLLARS = {
    "memories": "functions, dollars a million orders",
    "ways_to_be_warm": "dollars a month more",
}


def blocks(results: Mapping[str, Any]) -> dict[str, str]:
    """Give the document's tables by their names."""
    made = {one.__name__: _table(results, one.__name__) for one in SCENARIOS}
    return {**made, "validation": _validation(results), "published": _published()}


def as_text(results: Mapping[str, Any]) -> str:
    """Give all tables, for a terminal."""
    made = (
        f"{one.__name__.replace('_', ' ')}\n{_table(results, one.__name__)}" for one in SCENARIOS
    )
    cheapest = (
        f"cheapest memory below {scenarios.LIMIT_SECONDS:.1f} s: {results['cheapest_memory']} MB"
    )
    compared = _validation(results) if "validation" in results else ""
    return "\n".join([*made, compared, cheapest])


def _table(results: Mapping[str, Any], name: str) -> str:
    more = [_DOLLARS[name]] if name in _DOLLARS else []
    return table([*_HEAD, *more], [_row(*pair) for pair in results[name].items()])


def _row(name: str, one: Mapping[str, Any]) -> list[str]:
    row = [name, *(f"{one[part]:,.0f}" for part in ("p50", "p95", "p99"))]
    row += [f"{one['refused']:.1%}", f"{one['cold']:.1%}", str(one["environments"])]
    row.append(f"{one['processed_p95']:,.0f}")
    return [*row, f"{one['dollars']:,.2f}"] if "dollars" in one else row


def _validation(results: Mapping[str, Any]) -> str:
    head = ["orders at once", "p50 predicted", "measured", "off by"]
    rows = []
    for one in results["validation"]["compared"]:
        row = [str(one["clients"])]
        for predicted, measured, error in zip(
            one["predicted"], one["measured"], one["errors"], strict=True
        ):
            row += [f"{predicted:,.0f}", f"{measured:,.0f}", f"{error:+.0%}"]
        rows.append(row)
    return table([*head, "p95 predicted", "measured", "off by"], rows)


def _published() -> str:
    rows = [
        (f"{1000 * one.median:.0f} ms, one in a hundred above {1000 * one.p99:.0f}", *one[2:])
        for one in figures.TIMES
    ]
    rows += [
        (f"{one.value:g} {one.unit}", one.meaning, one.source)
        for one in (
            *(*figures.PUBLISHED, figures.HOSTILE),
            *(scenarios.PROVISIONED, scenarios.SNAPSHOT_KEPT, scenarios.SNAPSHOT_USED),
            *(scenarios.AFTER_DEPLOYMENT, scenarios.RESTORE),
        )
    ]
    return table(["figure", "of what", f"source, read {figures.READ}"], rows)


def draw(results: Mapping[str, Any], folder: Path) -> None:
    """Draw p95 of the burst, and by memory with its price."""
    _bars("burst", "a hundred orders at once: p95, ms (line: 500)", results["bursts"], folder)
    _bars(
        "warm-ways",
        "a hundred orders at once: p95, ms (line: 500)",
        results["ways_to_be_warm"],
        folder,
    )
    _bars("memory-sizes", "a hundred cold starts: p95, ms (line: 500)", results["memories"], folder)


def _bars(name: str, title: str, rows: Mapping[str, Any], folder: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - half a second that tests of the model need not pay
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the same

    mpl.use("Agg")
    with mpl.rc_context({"svg.hashsalt": "orders", "font.size": 10}):
        figure, axes = plt.subplots(figsize=(8, 0.42 * len(rows) + 1), layout="constrained")
        names = [*rows][::-1]
        axes.barh(names, [rows[row]["p95"] for row in names], color="#0072b2")
        for number, row in enumerate(names):
            one = rows[row]
            price = f", {one['dollars']:,.2f} dollars" if "dollars" in one else ""
            shown = f"{one['p95']:,.0f}{price}"
            behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            axes.annotate(shown, (one["p95"] + 8, number), va="center", bbox=behind)
        axes.axvline(1000 * scenarios.LIMIT_SECONDS, color="#d55e00", linewidth=1, zorder=0)
        axes.set_xlabel(title)
        axes.margins(x=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        for kind, kept in (("png", {"Software": None}), ("svg", {"Date": None})):
            figure.savefig(folder / f"{name}.{kind}", dpi=110, metadata=kept)
        plt.close(figure)
