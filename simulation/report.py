"""What the simulation found, as tables of docs/performance/scale.md, as text and as charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import drawing
from project.markdown import table
from simulation import figures, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

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
    told = {"validation": _validation(results), "published": _published(), "goals": _goals(results)}
    return {**made, **told}


def missed(results: Mapping[str, Any]) -> list[str]:
    """Say which goals were not reached, each in a sentence."""
    return [
        f"{name} of {what} is {found:,.{digits}{kind}}: above its goal, {goal:,.{digits}{kind}}."
        for name, what, found, goal, digits, kind in _reached(results)
        if found > goal
    ]


def _reached(results: Mapping[str, Any]) -> Iterator[tuple[str, str, float, float, int, str]]:
    """Give each goal: its name, of what, what was found, what was aimed at, and how it is shown."""
    for name, goal in scenarios.GOALS.items():
        what = "a hundred cold starts, ms"
        yield name, what, results["bursts"]["all cold"][name], goal, 0, "f"
    if "validation" in results:
        errors = [
            abs(error) for one in results["validation"]["compared"] for error in one["errors"]
        ]
        what = "the model, beside the local stack"
        yield "the largest error", what, max(errors), scenarios.MOST_OFF, 0, "%"


def _goals(results: Mapping[str, Any]) -> str:
    rows = [
        (f"{name} of {what}", *(f"{value:,.{digits}{kind}}" for value in (found, goal)))
        for name, what, found, goal, digits, kind in _reached(results)
    ]
    return table(["", "found", "goal"], rows)


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
    head = ["reads at once", "p50 predicted", "measured", "off by"]
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
    rows.append((f"0 to {1000 * figures.POLL.pause:.0f} ms, evenly", *figures.POLL[1:]))
    rows += [
        (f"{one.value:g} {one.unit}", one.meaning, one.source)
        for one in (
            *(*figures.PUBLISHED, figures.HOSTILE),
            *(scenarios.AFTER_DEPLOYMENT, scenarios.RESTORE),
        )
    ]
    return table(["figure", "of what", f"source, read {figures.READ}"], rows)


def draw(results: Mapping[str, Any], folder: Path) -> None:
    """Draw p95 of the burst, by way of being warm, and by memory, with their prices."""
    burst = "a hundred orders at once: p95, ms (line: what is promised)"
    for name, title, rows in (
        ("burst", burst, results["bursts"]),
        ("warm-ways", burst, results["ways_to_be_warm"]),
        ("memory-sizes", "a hundred cold starts: p95, ms (the same line)", results["memories"]),
    ):
        with drawing.bars(folder / name, title, len(rows)) as axes:
            _draw(axes, rows)


def _draw(axes: Axes, rows: Mapping[str, Any]) -> None:
    names = [*rows][::-1]
    axes.barh(names, [rows[row]["p95"] for row in names], color=drawing.OURS)
    for number, row in enumerate(names):
        one = rows[row]
        price = f", {one['dollars']:,.2f} dollars" if "dollars" in one else ""
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        shown = f"{one['p95']:,.0f}{price}"
        axes.annotate(shown, (one["p95"] + 8, number), va="center", bbox=behind)
    axes.axvline(1000 * scenarios.LIMIT_SECONDS, color=drawing.LIMIT, linewidth=1, zorder=0)
    axes.margins(x=0.25)
