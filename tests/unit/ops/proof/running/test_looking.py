"""Probes are run beside each other or alone; whatever happens to one is told as a fact."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ops.proof.probe import Fact, Probe, Verdict
from ops.proof.running.looking import AT_ONCE, look, look_at_all, minutes_of
from ops.proof.world.cannot_tell import CannotTell
from ops.proof.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def world(**given: Any) -> World:
    nothing: Any = SimpleNamespace()
    return World(target=nothing, send=nothing, callers=nothing, **given)


def probe(claim: str, see: Callable[[World], Mapping[str, object]], **more: Any) -> Probe:
    return Probe(claim=claim, look=see, expected={"a": 1}, **more)


def failing(error: Exception) -> Callable[[World], Mapping[str, object]]:
    def see(_: World) -> Mapping[str, object]:
        raise error

    return see


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (CannotTell("It was gone."), "It was gone."),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetThing"), "no"),
        (KeyError("Table"), "The probe could not go on: KeyError: 'Table'"),
    ],
    ids=["nothing to see", "refused", "an answer that nobody foresaw"],
)
def test_what_breaks_a_probe_is_unknown(error: Exception, why: str) -> None:
    """One look that fails neither ends the run nor counts as held or as differing."""
    fact = look(probe("a", failing(error)), world())
    assert fact.verdict is Verdict.UNKNOWN
    assert why in fact.why


def test_requests_are_those_of_the_probe() -> None:
    """Each fact has the ids of its own requests, and of no other's."""

    def see(mine: World) -> Mapping[str, object]:
        mine.noted.extend(["r-1", "", "r-1", "r-2"])
        return {"a": 1}

    shared = world()
    assert look(probe("a", see), shared).requests == ("r-1", "r-2")
    assert look(probe("b", lambda _: {"a": 1}), shared).requests == ()


def test_after_its_time_nothing_is_looked_at() -> None:
    """Two hours are two hours: what was not looked at by then is unknown."""
    fact = look(probe("a", lambda _: {"a": 1}), world(ends=time.monotonic() - 1))
    assert (fact.verdict, fact.why) == (
        Verdict.UNKNOWN,
        "The run was over before it was looked at.",
    )


def test_a_wait_ends_with_the_run() -> None:
    """A probe that waits for long does not hold a run that is over."""

    def see(mine: World) -> Mapping[str, object]:
        mine.pause(600)
        return {"a": 1}

    assert look(probe("a", see), world(ends=time.monotonic() + 0.05)).why == (
        "The run's time was over."
    )


def test_those_that_disturb_come_alone() -> None:
    """No other probe looks while one does that stops the pipe."""
    running, most = list[str](), list[tuple[str, ...]]()
    lock = threading.Lock()

    def see(name: str) -> Callable[[World], Mapping[str, object]]:
        def looks(_: World) -> Mapping[str, object]:
            with lock:
                running.append(name)
                most.append(tuple(running))
            time.sleep(0.01)
            with lock:
                running.remove(name)
            return {"a": 1}

        return looks

    probes = [probe(f"alone-{n}", see(f"alone-{n}"), alone=True) for n in range(3)]
    probes += [probe(f"beside-{n}", see(f"beside-{n}")) for n in range(5)]
    facts: list[Fact] = []
    look_at_all(probes, world(), facts, lambda _: None)
    assert len(facts) == 8
    assert all(len(at) == 1 for at in most if any(name.startswith("alone") for name in at))


def test_an_interruption_keeps_what_was_seen() -> None:
    """^C in the middle: the facts so far are there, and those that wait are ended."""
    facts: list[Fact] = []
    shared = world()

    def told(_: Fact) -> None:
        raise KeyboardInterrupt

    def _slow(mine: World) -> Mapping[str, object]:
        mine.pause(600)
        return {"a": 1}

    slow = probe("slow", _slow)
    with pytest.raises(KeyboardInterrupt):
        look_at_all([probe("quick", lambda _: {"a": 1}), slow], shared, facts, told)
    assert [fact.id for fact in facts] == ["quick"]
    assert shared.stopped.is_set()


def test_the_minutes_that_looking_takes() -> None:
    """Those alone add up, those beside each other take as long as the longest."""
    see: Any = lambda _: {}  # noqa: E731 - it is never called
    alone = [probe("a", see, seconds=60, alone=True), probe("b", see, seconds=120, alone=True)]
    beside = [probe("c", see, seconds=300), probe("d", see, seconds=60)]
    aside = [probe("e", see, seconds=3_000, aside=True)]
    assert minutes_of(alone) == 3
    assert minutes_of(alone + beside) == 8
    assert minutes_of([*alone, *beside, *aside]) == 50
    assert minutes_of([probe("f", see, seconds=60)] * AT_ONCE * 3) == 3
