"""The stage of a run on AWS: deployed as any other, removed with what was made beside it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from infrastructure.settings import PROOF, settings_of
from ops.live import smoke
from ops.proof.running import leftovers
from ops.release import deploying

if TYPE_CHECKING:
    from collections.abc import Callable

    from infrastructure.settings import Settings
    from ops.reach.target import Target
    from ops.release.account import Place


def new_name() -> str:
    """Name a stage that no other run has."""
    return f"{PROOF}{secrets.token_hex(3)}"


class OnAws:
    """A stage on AWS that is made for one run."""

    def __init__(self, settings: Settings, told: Callable[[str], None]) -> None:
        """Say which.

        Args:
            settings: of the stage.
            told: is told what takes its time.

        Raises:
            OperatorError: when the account cannot be found out.
        """
        self._told = told
        self.place: Place = deploying.enter(settings)
        self._assembly: Any = None
        self.asked_for = False
        """Whether anything was ever made: before, there is nothing to remove."""

    def prepare(self) -> dict[str, Any]:
        """Get all ready, and give the template; nothing is made yet.

        Raises:
            OperatorError: when the deployment would fail.
        """
        if flaw := deploying.flaw_of_bytecode():
            self._told(flaw)
        self._assembly = deploying.prepare(self.place, self._told)
        return dict(self._assembly.template)

    def make(self) -> Target:
        """Deploy it.

        Raises:
            OperatorError: when it fails.
        """
        self.asked_for = True
        progress = deploying.Progress(step=self._told)
        with deploying.review(self.place, self._assembly) as reviewed:
            deploying.carry_out(self.place, self._assembly, reviewed, progress, self._wrong)
        return deploying.target(self.place)

    def _wrong(self, target: Target) -> str | None:
        failed = smoke.failed(smoke.smoke(target, lambda _: None))
        return f"{failed[0].title}: {failed[0].fault}" if failed else None

    def remove(self) -> None:
        """Remove it, and what was made beside it.

        Raises:
            OperatorError: when the stack cannot be removed.
        """
        if not self.asked_for:
            return
        self._told(f"Removing stage {self.place.settings.stage}")
        found = deploying.stack(self.place)
        if found is not None:
            deploying.clear(self.place, found, lambda _: None)
        for left in self._beside():
            left.remove()

    def left(self) -> list[str]:
        """List what there still is of it."""
        if not self.asked_for:
            return []
        found = deploying.stack(self.place)
        stack = [f"stack {self.place.stack}, {found.status}"] if found else []
        return [*stack, *map(str, self._beside())]

    def _beside(self) -> list[leftovers.Left]:
        return leftovers.beside(self.place.client, self.place.settings.stage)


def interrupted_runs(settings: Settings) -> list[str]:
    """Name the stages that interrupted runs have left.

    Args:
        settings: of any stage in the account and Region.
    """
    return leftovers.stages(deploying.enter(settings).client("cloudformation"))


def of_an_interrupted_run(stage: str, told: Callable[[str], None]) -> OnAws:
    """Give the stage of an earlier run, to remove it."""
    found = OnAws(settings_of(stage), told)
    found.asked_for = True
    return found
