"""`make bench`: measure start-up and requests, print a table, write bench/results/."""

from __future__ import annotations

import argparse
import json
import platform
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import requests, startup
from infrastructure.asset import build_for_host
from infrastructure.synth import ROOT
from local import environment, stack

_RESULTS = ROOT / "bench" / "results"


def main() -> None:
    """Measure, print and write."""
    argparse.ArgumentParser(prog="make bench", description=__doc__).parse_args()
    interpreter = environment.ready() or environment.make()
    asset = build_for_host(ROOT / ".cache" / "asset-bench", interpreter)
    _tell(f"Starting each function ({asset.python}) …")
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, Python {asset.python}, {platform.system()}",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "asset_bytes": startup.size_of(asset.path),
        "startup": startup.measure(asset.path, interpreter),
    }
    _tell("Sending requests through the local stack …")
    with (
        tempfile.TemporaryDirectory() as directory,
        stack.start(_free_port(), Path(directory)) as endpoints,
    ):
        results["requests"] = requests.measure(endpoints)
    _RESULTS.mkdir(parents=True, exist_ok=True)
    (_RESULTS / "latest.json").write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))
    _tell(f"Written to {_RESULTS / 'latest.json'}")


def table(results: dict[str, Any]) -> str:
    """Arrange the results for reading."""
    empty = results["startup"]["empty"]["cpu_ms"]
    lines = ["", "start-up        CPU ms   ratio to empty   modules"]
    for name, figures in results["startup"].items():
        ratio = figures["cpu_ms"] / empty
        lines.append(f"{name:14} {figures['cpu_ms']:7} {ratio:16.1f} {figures['modules']:9}")
    keys = ("p50_ms", "p95_ms", "last_ms", "confirmed_ms")
    lines += ["", "local requests       p50 ms   p95 ms  last answer ms  last CONFIRMED ms"]
    for name, figures in results["requests"].items():
        p50, p95, last, confirmed = (figures.get(key, "") for key in keys)
        lines.append(f"{name:18} {p50:>8} {p95:>8} {last:>15} {confirmed:>18}")
    return "\n".join([*lines, "", f"asset: {results['asset_bytes'] / 1e6:.1f} MB"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
