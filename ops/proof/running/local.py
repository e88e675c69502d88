"""A running copy in the place of a stage: what the emulator can show is looked at there."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from ops.proof.world.answers import sender
from ops.proof.world.callers import Callers
from ops.proof.world.world import Local, World
from ops.reach import target as reach
from ops.reach.clients import clients

if TYPE_CHECKING:
    from ops.reach.target import Target

_MOST_SECONDS = 1_200.0


def on_this_machine() -> World:
    """Give the running copy as probes reach it: that of LOCAL_PORT, or that which started last.

    Raises:
        LocalError: when LOCAL_PORT is no port.
        OperatorError: when none is running.
    """
    target = reach.on_this_machine()
    found = reach.endpoints_on_this_machine()
    local = Local(found.api_url, clients(found.traces_url)("xray"))
    return world_of(target, local=local, seconds=_MOST_SECONDS)


def world_of(target: Target, *, seconds: float, local: Local | None = None) -> World:
    """Give a stage as probes reach it.

    Args:
        target: the stage.
        seconds: how long looking may take.
        local: where a running copy has what it has elsewhere; None on AWS.
    """
    return World(
        target=target,
        send=sender(),
        callers=Callers(target, secrets.token_hex(3)),
        local=local,
        ends=time.monotonic() + seconds,
    )
