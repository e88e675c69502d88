"""What a function's start and requests cost, beside the same job written in the usual ways.

In each round every candidate runs once, in rotated order; a ratio is the median of the rounds' own
ratios, so that whatever else the machine does meets both sides alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import certifi

from bench.candidates import AS_DEPLOYED, BARE, OTHERS, OURS, REFERENCE
from bench.jobs import event_for
from infrastructure.functions import BY_NAME, Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.candidates import Candidate
    from bench.jobs import Stub

RUNNER = Path(__file__).with_name("runner.py")
WARM_UP, WARM = 20, 100
"""Requests before those that count as warm, and how many count."""

Sample = dict[str, Any]


class Goal(NamedTuple):
    """A ratio and how large it may be."""

    name: str
    most: float
    of: Callable[[Sample], float]
    to: str
    meaning: str


def _init_first(sample: Sample) -> float:
    return float(sample["init_cpu"] + sample["first_cpu"])


GOALS = (
    Goal("init_first", 0.10, _init_first, REFERENCE, "CPU of start and first request"),
    Goal(
        "init_first_as_deployed", 0.06, _init_first, AS_DEPLOYED,
        "the same, that style zipped as CDK does it",
    ),
    Goal("warm_cpu", 0.10, lambda one: float(one["warm_cpu"]), REFERENCE, "CPU of a warm request"),
    Goal("memory", 0.55, lambda one: float(one["memory"]), REFERENCE, "memory at its peak"),
    Goal("asset", 0.60, lambda one: float(one["asset"]), REFERENCE, "bytes of the asset"),
    Goal(
        "floor_warm_cpu", 1.1, lambda one: float(one["warm_cpu"]), BARE,
        "CPU of a warm request, to a bare signed HTTP request",
    ),
)  # fmt: skip
"""What is aimed at; our create_order to another."""


def measure(
    candidates: Sequence[Candidate],
    interpreter: Path,
    stub: Stub,
    rounds: int,
    tell: Callable[[str], None],
) -> dict[str, list[Sample]]:
    """Run all candidates so many times.

    Returns:
        For each candidate its samples, one for each round.
    """
    samples: dict[str, list[Sample]] = {one.name: [] for one in candidates}
    sizes = {one.name: one.size for one in candidates}
    for number in range(rounds):
        turn = number % len(candidates)
        for one in (*candidates[turn:], *candidates[:turn]):
            sample = run(one, interpreter, stub)
            if one.name not in OTHERS:
                sample["whole_bundle"] = _init_first(whole_bundle(one, interpreter, stub))
            samples[one.name].append({**sample, "asset": sizes[one.name]})
        tell(f"round {number + 1} of {rounds}")
    return samples


def run(
    candidate: Candidate, interpreter: Path, stub: Stub, *, allocations: bool = False
) -> Sample:
    """Run a candidate once.

    Raises:
        RuntimeError: when it does not do its job.
    """
    events = [event_for(candidate.function) for _ in range(1 + WARM_UP + WARM)]
    task = json.dumps({"events": events, "warm_up": WARM_UP, "allocations": allocations})
    stub.calls()
    done = subprocess.run(
        command(candidate, interpreter),
        input=task,
        capture_output=True,
        text=True,
        env=stub.environment,
        check=False,
    )
    calls = stub.calls()
    if done.returncode:
        raise RuntimeError(f"{candidate.name} does not run:\n{done.stderr[-2000:]}")
    sample: Sample = json.loads(done.stdout)
    if not allocations:
        _check(candidate, sample)
        sample["calls"] = {name: round(n / len(events), 2) for name, n in calls.items()}
    return sample


def whole_bundle(candidate: Candidate, interpreter: Path, stub: Stub) -> Sample:
    """Run a start and its first request with all authorities that browsers trust, as boto3 does."""
    events = [event_for(candidate.function)]
    done = subprocess.run(
        command(candidate, interpreter),
        input=json.dumps({"events": events, "warm_up": 0}),
        capture_output=True,
        text=True,
        env=stub.trusting_all,
        check=True,
    )
    sample: Sample = json.loads(done.stdout)
    return sample


def authorities(interpreter: Path) -> dict[str, float]:
    """Give the CPU, in milliseconds, of making a TLS context with so many authorities."""
    bundle = Path(certifi.where()).read_text()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"all": bundle, "Amazon's": _amazon_s(bundle)}.items():
            path = Path(folder) / "some.pem"
            path.write_text(text)
            done = subprocess.run(
                [interpreter, "-S", "-c", _CONTEXT, path],
                capture_output=True,
                text=True,
                check=True,
            )
            found[f"{name}, {text.count('BEGIN CERTIFICATE')}"] = float(done.stdout)
    return found


_CONTEXT = """
import ssl, sys, time
began = time.process_time()
for _ in range(10):
    ssl.create_default_context(cafile=sys.argv[1])
print((time.process_time() - began) * 100)
"""


def _amazon_s(bundle: str) -> str:
    """Pick the authorities that AWS's services have their certificates of."""
    parts = bundle.split("\n# Issuer: ")
    ours = [part for part in parts if "Amazon Root CA" in part or "Starfield Services" in part]
    return "".join(f"# Issuer: {part}\n" for part in ours)


def command(candidate: Candidate, interpreter: Path) -> list[str]:
    """Give the command that runs a candidate from now on; what is isolated, Lambda isolates."""
    runner = [str(interpreter), "-s", "-S", "-P", str(RUNNER)]
    return [*runner, str(candidate.asset), candidate.handler, str(time.monotonic())]


def _check(candidate: Candidate, sample: Sample) -> None:
    answer = sample.pop("answer")
    if BY_NAME[candidate.function].caller is Caller.QUEUE:
        well = answer == {"batchItemFailures": []}
    else:
        well = answer["statusCode"] in {200, 201}
    if not well:
        raise RuntimeError(f"{candidate.name} answered {answer}")


def ratios(samples: Mapping[str, Sequence[Sample]]) -> dict[str, dict[str, float]]:
    """Give each goal's ratio: the median of the rounds' ratios, and the middle half's ends."""
    found = {}
    for goal in GOALS:
        pairs = zip(samples[OURS], samples[goal.to], strict=True)
        each = [goal.of(ours) / goal.of(theirs) for ours, theirs in pairs]
        found[goal.name] = {**spread(each), "goal": goal.most}
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Give the median of values and the ends of their middle half."""
    if len(values) == 1:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "low": low, "high": high}


def _with_whole_bundle(runs: Sequence[Sample]) -> dict[str, dict[str, float]]:
    values = [one["whole_bundle"] for one in runs if "whole_bundle" in one]
    return {"whole_bundle_cpu_ms": spread(values)} if values else {}


def figures(samples: Mapping[str, Sequence[Sample]]) -> dict[str, dict[str, Any]]:
    """Give each candidate's medians."""
    found = {}
    for name, runs in samples.items():
        walls = [wall for one in runs for wall in one["warm_walls"]]
        cuts = statistics.quantiles(walls, n=100)
        found[name] = {
            "init_cpu_ms": spread([one["init_cpu"] for one in runs]),
            "first_cpu_ms": spread([one["first_cpu"] for one in runs]),
            "warm_cpu_ms": spread([one["warm_cpu"] for one in runs]),
            **_with_whole_bundle(runs),
            "init_wall_ms": spread([one["init_wall"] for one in runs]),
            "first_wall_ms": spread([one["first_wall"] for one in runs]),
            "warm_wall_ms": {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]},
            "memory_mb": statistics.median(one["memory"] for one in runs) / 1024,
            "modules": runs[0]["modules"],
            "asset_bytes": runs[0]["asset"],
            "calls_per_request": runs[0]["calls"],
        }
    return found
