"""Compiled code has ceilings, too: counts of bytecode did not see 420 million instructions of it.

Nothing is counted here: that takes valgrind, and is `make bench`'s.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bench import FIGURES
from bench.instructions import libraries
from infrastructure.asset import build_for_aws
from tests.ceilings.compiled import AGAIN, COMPILED, FUNCTIONS, changed, counts, exceeded

if TYPE_CHECKING:
    from pathlib import Path

RECORDED: dict[str, Any] = json.loads(COMPILED.read_text())
LIBRARY = "msgspec/_core.so"


def test_no_function_executes_more_than_its_ceiling() -> None:
    """What `make bench` counted last is below what was recorded, in starts and in requests."""
    problems = [*exceeded(RECORDED["functions"], counts(json.loads(FIGURES.read_text())))]
    assert not problems, "\n  ".join([*problems, AGAIN])


def test_every_function_has_a_ceiling() -> None:
    """No function of orders is left uncounted."""
    assert set(RECORDED["functions"]) == set(FUNCTIONS)
    assert all(count > 0 for one in RECORDED["functions"].values() for count in one.values())


def test_ceilings_are_of_the_libraries_that_are_deployed(tmp_path: Path) -> None:
    """Whoever adds a compiled library, or takes another version, reads that it must be counted."""
    found = libraries(build_for_aws(tmp_path / "asset").path)
    assert found, "an asset without compiled code needs no such ceilings"
    problems = [*changed(RECORDED["libraries"], found)]
    assert not problems, "\n  ".join([*problems, AGAIN])


def test_a_ceiling_is_close_to_what_was_counted() -> None:
    """A ceiling far above would let the next loss pass."""
    counted = counts(json.loads(FIGURES.read_text()))
    for name, kinds in RECORDED["functions"].items():
        for kind, ceiling in kinds.items():
            assert counted[name][kind] > 0.9 * ceiling, f"{kind} of {name}: {AGAIN}"


def test_what_exceeds_is_named() -> None:
    """I read which function it is, its start or its requests, and by how much."""
    ceilings = {"create_order": {"init": 80.0, "warm": 1.1}}
    assert [*exceeded(ceilings, {"create_order": {"init": 81.0, "warm": 1.1}})] == []
    jitter = {"create_order": {"init": 500.0, "warm": 1.1}}
    assert [*exceeded(ceilings, jitter)] == [
        "init of create_order: 500.0 million instructions, 80.0 recorded"
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({LIBRARY: "a"}, []),
        ({LIBRARY: "b"}, ["is another one than was counted"]),
        ({LIBRARY: "a", "new.so": "c"}, ["is new: nobody has counted its instructions"]),
        ({}, ["is gone: the ceilings may be lower"]),
    ],
)
def test_a_library_that_was_not_counted_is_named(found: dict[str, str], said: list[str]) -> None:
    """A new library, another version and one that is gone are told apart."""
    assert [one.partition(" ")[2] for one in changed({LIBRARY: "a"}, found)] == said
