"""Counts what every function does, and says what has grown against what was recorded."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.functions import Caller, names
from infrastructure.request_units import read_units
from ops.costs.units import changing_units, item_bytes, placing_units
from orders.domain.lifecycle import Role
from orders.domain.order import NewPartnerOrder, PartnerOrderPatch
from orders.routes import ROUTES
from tests.ceilings.child import BYTES
from tests.fuzz.tenants import OWN_IDS, PARTNER, tables
from tests.fuzz.world import ENVIRONMENT
from tests.shared.events import event
from tests.shared.examples import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msgspec import Struct

RECORDED = Path(__file__).with_name("recorded.json")
CHILD = Path(__file__).with_name("child.py")

ROOM = 1.02
"""How far a count of instructions may be above the recorded one: as far as other machines'
libraries, file systems and times of day make it differ."""

REQUESTS = names(Caller.API)
"""Functions whose requests are counted, too."""

_REPEATED = 3
_NOT_IN_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME", "AWS_XRAY_DAEMON_ADDRESS"}
_UNSAMPLED = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


class Growth(NamedTuple):
    """What has grown: of which part, from how much to how much."""

    part: str
    before: int
    after: int

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.part}: {self.before} -> {self.after} ({self.after - self.before:+})"


class Counts:
    """What functions do, each counted once."""

    def __init__(self, asset: Path, interpreter: Path) -> None:
        """Count in an asset, built for a Python of Lambda's version."""
        self.asset = asset
        self.interpreter = interpreter
        self._found: dict[str, dict[str, Any]] = {}

    def of(self, function: str) -> dict[str, Any]:
        """Give what a function does."""
        if function not in self._found:
            self._found[function] = count(self.asset, self.interpreter, function)
        return self._found[function]


def count(
    asset: Path, interpreter: Path, function: str, task: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Count one function.

    Args:
        asset: the functions' code, built for the interpreter.
        interpreter: a Python of Lambda's version.
        function: its name.
        task: what it is asked; None for requests that each partner may send.

    Returns:
        `modules`: the module that imports each first; `start`: instructions by module; and of
        functions that answer requests `requests`: the `first` and a `warm` one, each with its
        `instructions` by module and its `calls` of DynamoDB.
    """
    task = task or task_of(function)
    counted = _run(asset, interpreter, function, "requests", task)
    counted["start"] = by_module(_run(asset, interpreter, function, "start", task), asset)
    for name in ("first", "warm") if function in REQUESTS else ():
        request = counted["requests"][name]
        request["instructions"] = by_module(request["instructions"], asset)
    return counted


def _run(
    asset: Path, interpreter: Path, function: str, what: str, task: dict[str, Any]
) -> dict[str, Any]:
    command = [str(interpreter), "-I", "-S", str(CHILD), str(asset), function, what]
    environment = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command,
        input=json.dumps(task, default=_bytes),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"{function} could not be counted:\n{done.stderr[-2000:]}")
    counted: dict[str, Any] = json.loads(done.stdout)
    for answer in counted.get("requests", {}).get("answers", ()):
        if answer["statusCode"] >= 300:
            raise RuntimeError(f"{function} answered {answer}")
    return counted


def _bytes(value: bytes) -> dict[str, str]:
    """Write bytes, as the child reads them."""
    return {BYTES: value.hex()}


def task_of(function: str) -> dict[str, Any]:
    """Give what a function is asked while it is counted."""
    environment = {k: v for k, v in ENVIRONMENT.items() if k not in _NOT_IN_LAMBDA}
    return {
        "environment": {**environment, "_X_AMZN_TRACE_ID": _UNSAMPLED},
        "items": {name: [*items.values()] for name, items in tables().items.items()},
        "events": [_event(function, number) for number in range(_REPEATED)]
        if function in REQUESTS
        else [],
    }


def _event(function: str, number: int) -> dict[str, Any]:
    route = next(r for r in ROUTES if (r.function, r.caller) == (function, Role.PARTNER))
    bodies: dict[type[Struct] | None, Any] = {
        None: None,
        NewPartnerOrder: ORDER,
        PartnerOrderPatch: {"note": f"note {number}"},
    }
    return event(
        route.method,
        route.path,
        body=bodies[route.body],
        order_id=OWN_IDS[PARTNER][0] if "{" in route.path else None,
        headers=dict.fromkeys(route.required_headers, f"key-{number}"),
    )


def by_module(instructions: Mapping[str, int], asset: Path) -> dict[str, int]:
    """Add up the instructions by module: of ours each, of libraries and Python as wholes."""
    found: Counter[str] = Counter()
    for file, number in instructions.items():
        if (part := _part_of(file, asset)) is not None:
            found[part] += number
    return dict(sorted(found.items()))


def _part_of(file: str, asset: Path) -> str | None:
    if file.startswith(str(asset)):
        parts = Path(file).relative_to(asset).with_suffix("").parts
        return ".".join(parts) if parts[0] == "orders" else parts[0]
    if "/tests/" in file:  # what stands for DynamoDB here
        return None
    return "Python's own"


def chain(module: str, importers: Mapping[str, str]) -> str:
    """Tell who imported a module, and who that one, up to the handler."""
    names = [module]
    while (importer := importers.get(names[-1], "")) and importer not in names:
        names.append(importer)
    return " <- ".join(names)


def new_modules(recorded: list[str], importers: Mapping[str, str]) -> list[str]:
    """Give the import chains of the modules that are loaded and were not, their roots only."""
    new = [name for name in importers if name not in recorded]
    roots = [name for name in new if importers[name] not in new]
    return [chain(name, importers) for name in roots]


def growth(recorded: Mapping[str, int], counted: Mapping[str, int]) -> list[Growth]:
    """Give what is more than it was, what grew most first."""
    grown = [
        Growth(part, recorded.get(part, 0), number)
        for part, number in counted.items()
        if number > recorded.get(part, 0)
    ]
    return sorted(grown, key=lambda one: one.before - one.after)


def exceeded(what: str, recorded: Mapping[str, int], counted: Mapping[str, int]) -> str | None:
    """Say that a sum is above its ceiling and why; None when it is not."""
    before, after = sum(recorded.values()), sum(counted.values())
    if after <= before * ROOM:
        return None
    causes = "\n  ".join(str(one) for one in growth(recorded, counted)[:5])
    return f"{what}: {after} instructions, {before} recorded; what grew most:\n  {causes}"


def sizes(asset: Path) -> dict[str, int]:
    """Add up the bytes of the asset's files, by what lies at its top."""
    found: Counter[str] = Counter()
    for path in asset.rglob("*"):
        if path.is_file():
            found[path.relative_to(asset).parts[0].partition("-")[0]] += path.stat().st_size
    return dict(sorted(found.items()))


def units(call: Mapping[str, Any]) -> float:
    """Give what a call of DynamoDB consumes, by the size of its items."""
    sent, got = call["sent"], call["got"]
    match call["call"]:
        case "transact_write":
            key, order = (operation["item"] for operation in sent[0])
            return placing_units(order, key)
        case "update_item":
            return changing_units(got[0])
        case "get_item":
            return read_units(item_bytes(got[0] or {}), consistent=True)
        case "query_page":
            return read_units(sum(map(item_bytes, got[0])), consistent=False)
    raise ValueError(f"nobody said what {call['call']} consumes")


def record(counted: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is kept of a function's counts."""
    kept = {"modules": sorted(counted["modules"]), "start": counted["start"]}
    for name in ("first", "warm") if "requests" in counted else ():
        request = counted["requests"][name]
        calls = [call["call"] for call in request["calls"]]
        used = sum(map(units, request["calls"]))
        kept[name] = {"instructions": request["instructions"], "calls": calls, "units": used}
    return kept


def lines(counted: Mapping[str, Any]) -> Iterator[str]:
    """Tell a function's counts in short."""
    yield f"modules {len(counted['modules'])}, start {sum(counted['start'].values())}"
    for name, request in counted.get("requests", {}).items():
        if name != "answers":
            yield f"{name} {sum(request['instructions'].values())}"
