"""What the simulation is fed with: figures that we measured, and published ones with their source.

Nothing of it was measured on AWS by us. What is an assumption says so.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from bench import FIGURES

if TYPE_CHECKING:
    import random

READ = dt.date(2026, 11, 23)
"""When the sources were read."""

_Z99 = 2.3263  # standard deviations below which 99 % of a normal distribution lie


class Published(NamedTuple):
    """A figure of somebody else's."""

    value: float
    unit: str
    meaning: str
    source: str
    """An address; or "assumption", with the reason in the meaning."""


class Time(NamedTuple):
    """A duration that is log-normal, in seconds: its median, and what one in a hundred exceeds."""

    median: float
    p99: float
    meaning: str
    source: str

    def draw(self, chance: random.Random) -> float:
        """Draw one."""
        spread = math.log(self.p99 / self.median) / _Z99
        return chance.lognormvariate(math.log(self.median), spread)


class Evenly(NamedTuple):
    """A wait for something that comes again and again: anything up to the pause between two."""

    pause: float
    """In seconds."""
    meaning: str
    source: str

    def draw(self, chance: random.Random) -> float:
        """Draw one."""
        return chance.uniform(0, self.pause)


class Sum(NamedTuple):
    """Durations one after the other."""

    parts: tuple[Time | Evenly, ...]

    def draw(self, chance: random.Random) -> float:
        """Draw one of each."""
        return sum(part.draw(chance) for part in self.parts)


_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"

_PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide"

INIT_DURATIONS = (
    *(77.70, 97.37, 73.05, 82.32, 83.24, 84.61, 99.21, 74.91, 72.49, 76.93),  # 256 MB
    *(78.29, 99.95, 73.32, 89.89, 93.65, 96.50, 102.80, 117.37, 83.43, 73.76),  # 512 MB
    *(75.47, 76.37, 80.14, 90.35, 78.19, 96.01, 104.91, 105.29, 81.60, 82.60),  # 1,024 MB
)
"""Milliseconds of Lambda's init phase that lambda-perf measured on 21 December 2025, the newest day
that could be read: Python 3.13, arm64, zip, a handler that does nothing, ten starts of each size.

https://github.com/maxday/lambda-perf, data/2025/2025-12-21.json; Apache-2.0 (its package.json).
"""

RUNTIME_START = Time(
    0.083,
    0.117,
    "Lambda's init of Python 3.13 on arm64 for a handler that does nothing, AWS's own modules "
    "loaded. 30 starts of 21 December 2025, read on 30 November 2026",
    "https://github.com/maxday/lambda-perf (data/2025/2025-12-21.json)",
)
PLACEMENT = Time(
    0.065,
    0.315,
    "what Lambda does before, and tells nowhere: it finds a machine and fetches the code. What is "
    "left of a whole cold start's 150 ms, one in a hundred above 400 (https://git.mcrn.ar/mariano/"
    "lambda_local_runner, docs/lambdas-md/lambda-04-cold-starts.md)",
    "assumption, after https://speedrun.nobackspacecrew.com/blog/2024/02/14/"
    "aws-lambda-request-timeline.html",
)
PLATFORM_START = Sum((PLACEMENT, RUNTIME_START))
"""A cold start of Python 3.13 from a zip with little in it, beside what our code adds."""
GATEWAY = Time(
    0.010,
    0.040,
    "what API Gateway's REST API adds to a function's time; AWS publishes none",
    "assumption",
)
TRANSACTION = Time(
    0.011,
    0.045,
    "DynamoDB's answer to a transaction of two items; a single PutItem is said to take half",
    "assumption, after https://www.alexdebrie.com/posts/dynamodb-transactions-performance/",
)
POLL = Evenly(
    0.250,
    "until the pipe looks at the stream again: four times a second, which nothing changes",
    f"{_PIPES}/eb-pipes-dynamodb.html",
)
CARRIED = Time(
    0.220,
    1.000,
    "until the stream shows a write ('near real time', says AWS), and for the pipe to filter and "
    "publish it",
    "assumption",
)
STREAM = Sum((CARRIED, POLL))
"""From a write to its publication."""
QUEUE = Time(0.030, 0.150, "from the topic through the queue to Lambda's long poll", "assumption")

FULL_PROCESSOR = Published(
    1_769, "MB", "memory with which a function has one processor",
    f"{_LAMBDA}/configuration-memory.html"
)  # fmt: skip
SCALING = Published(
    1_000, "environments", "that a function may gain in 10 seconds",
    f"{_LAMBDA}/scaling-behavior.html"
)  # fmt: skip
CONCURRENCY = Published(
    1_000, "environments", "an account's default quota in a Region",
    f"{_LAMBDA}/gettingstarted-limits.html"
)  # fmt: skip
GATEWAY_RATE = Published(
    10_000, "requests a second", "an account's default quota in a Region",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
)  # fmt: skip
PARTITION_WRITES = Published(
    1_000, "write units a second", "of one partition, and so of one partition key",
    f"{_DYNAMODB}/bp-partition-key-design.html",
)  # fmt: skip
NEW_TABLE_WRITES = Published(
    4_000, "write units a second", "that a new on-demand table takes at once",
    f"{_DYNAMODB}/on-demand-capacity-mode.html",
)  # fmt: skip
TABLE_WRITES = Published(
    40_000, "write units a second", "an account's default quota for a table",
    f"{_DYNAMODB}/ServiceQuotas.html",
)  # fmt: skip
BURST_SECONDS = Published(
    300, "seconds", "of unused provisioned capacity that are kept",
    f"{_DYNAMODB}/burst-adaptive-capacity.html",
)  # fmt: skip
IDLE_MINUTES = Published(
    6, "minutes", "that an idle environment lives; AWS says nothing, 5 to 15 are seen", "assumption"
)
AUTHORITIES = Published(
    0.020, "seconds of a processor",
    "to load all authorities that browsers trust: a TLS context with certifi's, by `make bench`",
    "measured"
)  # fmt: skip
SPEED = Published(
    1.0, "×", "a Lambda arm64 processor beside the measured one", "assumption"
)  # fmt: skip

TIMES = (PLACEMENT, RUNTIME_START, GATEWAY, TRANSACTION, CARRIED, QUEUE)
PUBLISHED = (
    *(FULL_PROCESSOR, SCALING, CONCURRENCY, GATEWAY_RATE, PARTITION_WRITES, NEW_TABLE_WRITES),
    *(TABLE_WRITES, BURST_SECONDS, IDLE_MINUTES, AUTHORITIES, SPEED),
)


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one function on a whole processor, as `make bench` measured them."""

    start: float
    """That our code adds to an empty function's start."""
    first: float
    warm: float


HOSTILE = Published(
    50, "MB", "that the worst hostile body takes besides", "`make fuzz`, docs/security/fuzzing.md"
)
SPARE = 2.0
"""So many times the memory that was seen at most must a function have."""


def memory_needed() -> float:
    """Give the MB that a function must have, whatever its speed."""
    measured = json.loads(FIGURES.read_text())["functions"]["create_order"]["memory_mb"]
    return float(SPARE * (measured + HOSTILE.value))


@cache
def cost_of(function: str) -> Cost:
    """Read what a function costs from the last `make bench`."""
    measured = json.loads(FIGURES.read_text())["functions"]
    ours, empty = measured[function], measured["empty"]
    start = ours["init_cpu_ms"]["median"] - empty["init_cpu_ms"]["median"]
    kinds = (start, ours["first_cpu_ms"]["median"], ours["warm_cpu_ms"]["median"])
    return Cost(*(SPEED.value * milliseconds / 1000 for milliseconds in kinds))
