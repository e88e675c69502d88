"""Probes are run: several beside each other, those that disturb one by one, until time is over."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ops.proof.probe import Fact, cannot_tell, compare
from ops.proof.world.cannot_tell import CannotTell
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ops.proof.probe import Probe
    from ops.proof.world.world import World

AT_ONCE = 8
"""How many probes look at the same time."""


def look(probe: Probe, world: World) -> Fact:
    """Look at one claim; whatever happens, that is told as a fact."""
    if world.stopped.is_set() or time.monotonic() >= world.ends:
        return cannot_tell(probe, "The run was over before it was looked at.")
    mine = world.fresh()
    try:
        return compare(probe, probe.look(mine), mine.requests)
    except CannotTell as why:
        return cannot_tell(probe, str(why), mine.requests)
    except (ClientError, BotoCoreError, OperatorError) as error:
        return cannot_tell(probe, explain(error) or str(error), mine.requests)
    except Exception as error:  # noqa: BLE001 - AWS may answer in ways that no probe foresees
        told = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
        return cannot_tell(probe, f"The probe could not go on: {told}", mine.requests)


def look_at_all(
    probes: Iterable[Probe], world: World, seen: list[Fact], told: Callable[[Fact], None]
) -> None:
    """Look at claims, those last that disturb others.

    Args:
        probes: those of the run.
        world: the stage.
        seen: gets each fact as soon as there is one, so that an interruption loses none.
        told: is told each fact.

    Raises:
        KeyboardInterrupt: when somebody interrupts; probes that wait are ended first.
    """
    every = list(probes)
    pool, apart = ThreadPoolExecutor(AT_ONCE), ThreadPoolExecutor(AT_ONCE)
    try:
        aside = [apart.submit(look, probe, world) for probe in every if probe.aside]
        beside = [probe for probe in every if not (probe.alone or probe.aside)]
        for done in as_completed([pool.submit(look, probe, world) for probe in beside]):
            _note(done.result(), seen, told)
        for probe in every:
            if probe.alone:
                _note(look(probe, world), seen, told)
        for done in as_completed(aside):
            _note(done.result(), seen, told)
    except BaseException:
        world.stopped.set()
        raise
    finally:
        for each in (pool, apart):
            each.shutdown(wait=True, cancel_futures=True)


def _note(fact: Fact, seen: list[Fact], told: Callable[[Fact], None]) -> None:
    seen.append(fact)
    told(fact)


def minutes_of(probes: Iterable[Probe]) -> float:
    """Say how many minutes looking takes."""
    every = list(probes)
    alone = sum(probe.seconds for probe in every if probe.alone)
    beside = [probe.seconds for probe in every if not (probe.alone or probe.aside)]
    aside = max((probe.seconds for probe in every if probe.aside), default=0.0)
    longest = max(beside, default=0.0)
    return max(alone + max(longest, sum(beside) / AT_ONCE), aside) / 60
