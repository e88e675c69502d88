"""The faults can be planted, and the checks still judge them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from project.checkout import ROOT
from tests.mutation import judge
from tests.mutation.document import DOCUMENT, document
from tests.mutation.planted import AREAS, FAULTS, NotPlantedError, planted
from tests.mutation.survivors import SURVIVORS

SUBSET = (
    "index_on_an_undeclared_attribute",
    "no_validator",
    "role_for_everybody",
    "its_own_dead_letters",
)

CHECKS = [
    f"tests/infrastructure/{name}.py"
    for name in (
        *("work/test_data", "work/test_function", "edge/test_api"),
        *("test_wiring", "test_deployable"),
    )
]
"""The modules that find them, two of them in one folder: all take longer to read than to ask."""


def test_there_are_enough_faults() -> None:
    """At least sixty things that break deployments or open doors, of every area."""
    assert len(FAULTS) >= 60
    assert {fault.area for fault in FAULTS.values()} == set(AREAS)


def test_a_fault_says_what_it_breaks() -> None:
    """Each fault is one sentence, and no two are told alike."""
    told = [fault.breaks for fault in FAULTS.values()]
    assert all(len(breaks.split()) >= 4 and breaks.endswith(".") for breaks in told)
    assert len(set(told)) == len(told)


def test_a_survivor_has_a_reason() -> None:
    """What no check finds is a fault that there is, with a reason why nothing does."""
    assert set(SURVIVORS) <= set(FAULTS)
    assert all(len(why.split()) >= 5 for why in SURVIVORS.values())


def test_the_document_is_current() -> None:
    """docs/security/mutation.md lists today's faults and survivors."""
    assert DOCUMENT.read_text() == document(), "run: make docs"


def test_a_fault_that_changes_nothing_is_told() -> None:
    """A fault whose place is gone is an error of the mutation, never counted as found."""
    with pytest.raises(NotPlantedError, match="no_validator finds no place"):
        planted(FAULTS["no_validator"], {"Resources": {}})


def test_some_faults_are_found() -> None:
    """The checks find a few of the faults, and the run says so on its last line."""
    run = [sys.executable, "-m", "tests.mutation", *SUBSET, "--checks", *CHECKS]
    answer = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[-1] == f"planted {len(SUBSET)}, found {len(SUBSET)}"


def test_the_checks_that_are_asked_late_exist() -> None:
    """A module or test that is renamed keeps its place in the order, or this says which lost it."""
    folder = ROOT / judge.CHECKS[0]
    modules = {path.stem: path.read_text() for path in folder.rglob("test_*.py")}
    assert set(judge.LAST) <= modules.keys(), "tests/mutation/judge.py, LAST"
    for name in (*judge.SLOW, judge.PLANTING):
        assert any(f"def {name}(" in text for text in modules.values()), name
