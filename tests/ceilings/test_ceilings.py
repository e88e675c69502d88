"""What a function's start and requests may cost at most, counted and not timed.

`python -m tests.ceilings` records new ceilings; the commit that changes them says why.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.asset import build_for_aws
from infrastructure.functions import names
from project.checkout import ROOT
from tests.ceilings.measuring import (
    RECORDED,
    REQUESTS,
    ROOM,
    Counts,
    chain,
    count,
    exceeded,
    growth,
    new_modules,
    record,
    sizes,
)

if TYPE_CHECKING:
    from pathlib import Path

CEILINGS: dict[str, Any] = json.loads(RECORDED.read_text())


@pytest.mark.parametrize("function", names())
def test_a_start_loads_no_new_module(function: str, counts: Counts) -> None:
    """Each module costs a cold start: a new one is named, with who imports it."""
    recorded = CEILINGS["functions"][function]["modules"]
    new = new_modules(recorded, counts.of(function)["modules"])
    assert not new, "newly loaded, and by whom:\n  " + "\n  ".join(new)


@pytest.mark.parametrize("function", names())
def test_a_start_executes_no_more(function: str, counts: Counts) -> None:
    """What a cold start executes has a ceiling; when it is exceeded, I read which module grew."""
    problem = exceeded(
        f"start of {function}",
        CEILINGS["functions"][function]["start"],
        counts.of(function)["start"],
    )
    assert problem is None, problem


@pytest.mark.parametrize("which", ["first", "warm"])
@pytest.mark.parametrize("function", REQUESTS)
def test_a_request_executes_no_more(function: str, which: str, counts: Counts) -> None:
    """What a request executes has a ceiling; when it is exceeded, I read which module grew."""
    problem = exceeded(
        f"{which} request of {function}",
        CEILINGS["functions"][function][which]["instructions"],
        counts.of(function)["requests"][which]["instructions"],
    )
    assert problem is None, problem


@pytest.mark.parametrize("function", REQUESTS)
def test_a_request_asks_no_more_of_dynamodb(function: str, counts: Counts) -> None:
    """Round trips and consumed units of the example order's requests are those recorded."""
    found = record(counts.of(function))["warm"]
    recorded = CEILINGS["functions"][function]["warm"]
    assert Counter(found["calls"]) <= Counter(recorded["calls"])
    assert found["units"] <= recorded["units"]


@pytest.mark.parametrize("function", REQUESTS)
def test_neither_a_start_nor_a_first_request_compiles_a_text(function: str, counts: Counts) -> None:
    """Compiled code counts as no instruction here, and the first such text costs a 15th of a start.

    Make named tuples of `orders.named_tuple`, and structs where annotations are types.
    """
    counted = counts.of(function)
    assert counted["compiled"] == []
    assert counted["requests"]["first"]["compiled"] == []


def test_the_asset_grows_nowhere(tmp_path: Path) -> None:
    """What is carried to AWS has a ceiling for each package; a new one is named."""
    found = sizes(build_for_aws(tmp_path / "asset").path)
    recorded = CEILINGS["asset"]
    grown = [
        str(one) for one in growth(recorded, found) if one.after > recorded.get(one.part, 0) * ROOM
    ]
    assert not grown, "bytes of the asset that grew:\n  " + "\n  ".join(grown)


def test_ceilings_are_close_to_what_is(counts: Counts) -> None:
    """A ceiling far above would let the next loss pass: who makes something cheaper records it."""
    for function in REQUESTS:
        recorded = CEILINGS["functions"][function]
        found = record(counts.of(function))
        for kind, pairs in {
            "start": (recorded["start"], found["start"]),
            "warm": (recorded["warm"]["instructions"], found["warm"]["instructions"]),
        }.items():
            ceiling, now = (sum(pair.values()) for pair in pairs)
            assert now > 0.9 * ceiling, f"{kind} of {function}: record {now}, it was {ceiling}"


@pytest.fixture
def planted(counts: Counts, tmp_path: Path) -> Counts:
    """A copy of the functions in which somebody imports more and works more."""
    asset = tmp_path / "asset"
    shutil.copytree(counts.asset, asset)
    shutil.rmtree(asset / "orders")
    shutil.copytree(ROOT / "orders", asset / "orders", ignore=shutil.ignore_patterns("__pycache__"))
    module = asset / "orders/problems.py"
    waste = "\nimport wave\nTABLE = [number * number for number in range(20_000)]\n"
    module.write_text(module.read_text() + waste)
    handler = asset / "orders/domain/money.py"
    handler.write_text(handler.read_text().replace("    return ", "    list(range(9)); return ", 1))
    named = asset / "orders/cors.py"
    tuples = "\nfrom typing import NamedTuple\nclass _Planted(NamedTuple):\n    a: int\n"
    named.write_text(named.read_text() + tuples)
    return Counts(asset, counts.interpreter)


def test_a_planted_import_is_found_and_its_chain_named(planted: Counts) -> None:
    """I read which of our modules imports what, up to the handler."""
    recorded = CEILINGS["functions"]["get_order"]["modules"]
    (first, *_) = new_modules(recorded, planted.of("get_order")["modules"])
    assert first.startswith("wave <- orders.problems <- ")
    assert first.endswith("<- orders.handlers.get_order")


def test_planted_work_is_found_and_its_module_named(planted: Counts) -> None:
    """I read in which module a start's new work is done."""
    problem = exceeded(
        "start",
        {"orders.problems": CEILINGS["functions"]["get_order"]["start"]["orders.problems"]},
        {"orders.problems": planted.of("get_order")["start"]["orders.problems"]},
    )
    assert problem is not None
    assert "orders.problems: " in problem
    whole = CEILINGS["functions"]["get_order"]["start"]
    assert exceeded("start", whole, planted.of("get_order")["start"]) is not None


def test_a_planted_text_is_found_and_its_module_named(planted: Counts) -> None:
    """I read what is compiled at a start, and in which module to look."""
    assert planted.of("get_order")["compiled"] == ["int for orders.cors"]


def test_counts_do_not_depend_on_the_run(counts: Counts) -> None:
    """Counted twice, a function does the same: no machine's speed is in it."""
    again = count(counts.asset, counts.interpreter, "create_order")
    for kind in ("start", "modules"):
        assert again[kind] == counts.of("create_order")[kind]
    assert record(again)["warm"]["calls"] == record(counts.of("create_order"))["warm"]["calls"]


def test_a_chain_that_goes_in_a_circle_ends() -> None:
    """Modules that import each other are named once each."""
    assert chain("a", {"a": "b", "b": "c", "c": "a"}) == "a <- b <- c"
