"""The measured figures as tables: on the terminal, and in docs/performance/README.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench import BEFORE
from bench.candidates import AS_DEPLOYED, BARE, EMPTY, OTHERS, OURS, REFERENCE
from bench.functions import GOALS
from bench.instructions import above_empty
from bench.webhooks import WHOLE
from project.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = {
    OURS: "**ours**, `create_order`",
    REFERENCE: "Powertools, pydantic, X-Ray SDK, boto3, its idempotency",
    AS_DEPLOYED: "the same, as CDK zips it",
    "powertools": "the same without idempotency",
    "parser": "Powertools' parser, pydantic, boto3",
    "fastapi": "FastAPI, Mangum, boto3",
    "chalice": "Chalice, boto3",
    BARE: "floor: one request signed by hand",
    "empty": "floor: an empty function",
}
"""What each candidate is called, ours first."""


def blocks(results: Mapping[str, Any]) -> dict[str, str]:
    """Give the document's tables by their names."""
    functions = results["functions"]
    head = ["", "start", "first request", "warm request", "MB", "modules", "asset, MB", "calls"]
    return {
        "method": f"{_method(results)}\n",
        "sides": _sides(json.loads(BEFORE.read_text()), results),
        "authorities": table(["a TLS context with", "ms"], [*_authorities(results)]),
        "bundle": table(["", "as above", "with all authorities"], [*_with_bundle(functions)]),
        "goals": table(["ratio", "measured", "middle half", "goal", "is"], goal_rows(results)),
        "candidates": table(head, [_row(functions, name, NAMES[name]) for name in NAMES]),
        "functions": table(head, [_row(functions, name, f"`{name}`") for name in (OURS, *OTHERS)]),
        "walls": table(["", "p50", "p95", "p99", "allocated, KB"], [*_walls(results)]),
        "instructions": table(
            ["", "init above an empty one's", "start", "warm request"], [*_instructions(results)]
        ),
        "stack": table(
            ["", "p50", "p95", "last answer", "last CONFIRMED"], [*_stack(results["stack"])]
        ),
    }


_MISSED = ", missed"


def goal_rows(results: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Give a line for each goal: what it is, what was measured, and what was aimed at."""
    found = results["summary"]
    return [
        (
            f"`{goal.name}`",
            f"{one['median']:.3f}{_MISSED if one['median'] > goal.most else ''}",
            f"{one['low']:.3f} to {one['high']:.3f}",
            f"{goal.most:.2f}",
            f"{goal.meaning}, to `{goal.to}`",
        )
        for goal in GOALS
        for one in [found[goal.name]]
    ]


def missed(results: Mapping[str, Any]) -> list[str]:
    """Name the goals that were not reached: those that stood when it was measured."""
    return [name for name, one in results["summary"].items() if one["median"] > one["goal"]]


def _method(results: Mapping[str, Any]) -> str:
    return (
        f"{results['time'][:10]}, {results['machine']}, Python {results['python']}; "
        f"{results['rounds']} rounds.\nDynamoDB's stand-in answers over TLS after "
        f"{results['delay_ms']:.0f} ms. Load of the machine before and after: "
        f"{results['load'][0]:.1f}, {results['load'][1]:.1f}."
    )


def _row(functions: Mapping[str, Any], name: str, title: str) -> tuple[str, ...]:
    one = functions[name]
    cpu = (f"{one[kind]['median']:.1f}" for kind in ("init_cpu_ms", "first_cpu_ms"))
    warm = one["warm_cpu_ms"]
    return (
        title,
        *cpu,
        f"{warm['median']:.2f} ({warm['low']:.2f} to {warm['high']:.2f})",
        f"{one['memory_mb']:.0f}",
        str(one["modules"]),
        f"{one['asset_bytes'] / 1e6:.1f}",
        _calls(one["calls_per_request"]),
    )


def _calls(calls: Mapping[str, float]) -> str:
    """Name the calls of a warm request; those of a start are a fraction of each request's."""
    return (
        ", ".join(f"{round(n)} {name}" for name, n in sorted(calls.items()) if n >= 0.5) or "none"
    )


def _walls(results: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, title in (NAMES | {name: f"`{name}`" for name in OTHERS}).items():
        wall = results["functions"][name]["warm_wall_ms"]
        allocated = results["allocated"].get(name)
        shown = "" if allocated is None else f"{allocated / 1024:.0f}"
        yield (title, *(f"{wall[part]:.1f}" for part in ("p50", "p95", "p99")), shown)


def _instructions(results: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    counts = results["instructions"]
    own = above_empty(counts) if "init" in counts[EMPTY] else {}
    for name, counted in counts.items():
        init = f"{own[name]:,.0f}" if name in own else ""
        title = NAMES.get(name, f"`{name}`")
        yield title, init, f"{counted['start']:,.0f}", f"{counted['warm']:.2f}"


def _authorities(results: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Say what authorities cost whoever makes a TLS context."""
    for name, milliseconds in results.get("authorities", {}).items():
        yield name, f"{milliseconds:.1f}"


def _with_bundle(functions: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give start and first request together, with the stub's one authority and with all."""
    for name, title in NAMES.items():
        one = functions[name]
        if "whole_bundle_cpu_ms" in one:
            few = one["init_cpu_ms"]["median"] + one["first_cpu_ms"]["median"]
            yield title, f"{few:.1f}", f"{one['whole_bundle_cpu_ms']['median']:.1f}"


def _sides(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Set two runs side by side, each with its machine."""
    sides = [_side(one) for one in (before, now)]
    rows = [(name, *(side.get(name, "") for side in sides)) for name in sides[1]]
    return table(["", "before", "now"], rows)


def _side(results: Mapping[str, Any]) -> dict[str, str]:
    load = " and ".join(f"{one:.1f}" for one in results["load"])
    side = {
        "measured on": results["time"][:10],
        "machine": f"{results['machine']}, Python {results['python']}; load {load}",
    }
    for goal in GOALS:
        one = results["summary"][goal.name]
        side[f"`{goal.name}`, and its goal then"] = f"{one['median']:.3f}, {one['goal']:.2f}"
    for name in (OURS, *OTHERS):
        one = results["functions"][name]
        start, first = (one[kind]["median"] for kind in ("init_cpu_ms", "first_cpu_ms"))
        warm, memory = one["warm_cpu_ms"]["median"], one["memory_mb"]
        side[f"`{name}`: start, first, warm, ms; MB"] = (
            f"{start:.0f}, {first:.1f}, {warm:.2f}; {memory:.0f}"
        )
    side["asset, MB"] = f"{results['functions'][OURS]['asset_bytes'] / 1e6:.1f}"
    counted = results["instructions"].get(OURS, {})
    side[f"`{OURS}`: millions of instructions, start and warm"] = ", ".join(
        f"{counted[kind]:,.{digits}f}" for kind, digits in (("start", 0), ("warm", 2)) if counted
    )
    one = results.get("webhooks", {}).get(WHOLE)
    side["POST to webhook on the local run, p50 and p95, ms"] = (
        f"{one['p50_ms']:,.0f}, {one['p95_ms']:,.0f}" if one else ""
    )
    return side


def _stack(figures: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, ...]]:
    for name, one in figures.items():
        kinds = ("p50_ms", "p95_ms", "last_ms", "confirmed_ms")
        yield (name, *(f"{one[kind]:,.0f}" if kind in one else "" for kind in kinds))
