"""Commands that write say so in the audit log, under the name by which they were called."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from cli import terminal
from ops import audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target


@contextlib.contextmanager
def audited(target: Target, **about: str) -> Iterator[None]:
    """Record the command that runs, on the deployment that it changes.

    Args:
        target: the deployment.
        about: ids and names of what it changes, never a secret or an address.
    """
    with audited_in(audit.home_of(target), **about):
        yield


@contextlib.contextmanager
def audited_in(home: audit.Home, **about: str) -> Iterator[None]:
    """Record the command that runs, in a log that is found already; arguments as above."""
    context = click.get_current_context(silent=True)
    command = "orders" if context is None else context.command_path
    with audit.recorded(home, command, about, warn=terminal.note):
        yield
