"""Records what each function does as its ceiling: `python -m tests.ceilings`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from infrastructure.asset import RUNTIME_PYTHON, build_for_aws, build_for_host, find_interpreter
from infrastructure.functions import names
from tests.ceilings.measuring import RECORDED, Counts, lines, record, sizes


def main() -> None:
    """Count, print in short, and write the record."""
    argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m tests.ceilings", description=__doc__
    ).parse_args()
    interpreter = find_interpreter(RUNTIME_PYTHON)
    if interpreter is None:
        sys.exit(f"Ceilings are of Python {RUNTIME_PYTHON}, which is not here. Install it first.")
    with tempfile.TemporaryDirectory() as directory:
        host = build_for_host(Path(directory) / "host", interpreter)
        counts = Counts(host.path, interpreter)
        functions = {}
        for name in names():
            functions[name] = record(counts.of(name))
            print(f"{name:18}", *lines(counts.of(name)))
        asset = sizes(build_for_aws(Path(directory) / "aws").path)
    RECORDED.write_text(json.dumps({"asset": asset, "functions": functions}, indent=1) + "\n")
    print(f"Written to {RECORDED.name}: {sum(asset.values())} bytes of asset")


if __name__ == "__main__":
    main()
