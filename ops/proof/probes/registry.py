"""All probes, by the claim that they look at."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ops.proof.probes import (
    deployment,
    functions,
    gateway,
    messages,
    permissions,
    releases,
    requests,
    restaurants,
    sign_in,
    tables,
    watching,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.proof.probe import Probe

_ROOMS = (
    gateway,
    requests,
    sign_in,
    tables,
    functions,
    messages,
    restaurants,
    watching,
    permissions,
    deployment,
    releases,
)

PROBES = MappingProxyType({probe.claim: probe for room in _ROOMS for probe in room.PROBES})
"""The probes by the ids of their claims."""


def chosen(*, local: bool, quick: bool, only: tuple[str, ...] = ()) -> list[Probe]:
    """Choose the probes of a run, those of the emulator as it can show them.

    Args:
        local: whether a running copy is looked at.
        quick: whether those that wait long are left out.
        only: the ids of claims; none for all.
    """
    return list(_chosen(local=local, quick=quick, only=only))


def _chosen(*, local: bool, quick: bool, only: tuple[str, ...]) -> Iterator[Probe]:
    for probe in PROBES.values():
        if only and probe.claim not in only:
            continue
        if local:
            if not probe.emulator:
                yield probe.on_the_emulator()
        elif probe.quick or not quick:
            yield probe
