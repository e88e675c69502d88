"""Commands that write say so in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import terminal
from ops import audit

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ops.reach.target import Target


def audited(target: Target, command: str, **about: str) -> AbstractContextManager[None]:
    """Record a command, on the deployment that it changes.

    Args:
        target: the deployment.
        command: as it is typed after `orders`, without its arguments.
        about: ids and names of what it changes, never a secret or an address.
    """
    terminal.busy(f"Changing {target.name} …")
    return audited_in(audit.home_of(target), command, **about)


def audited_in(home: audit.Home, command: str, **about: str) -> AbstractContextManager[None]:
    """Record a command in a log that is found already; arguments as above."""
    return audit.recorded(home, f"orders {command}", about, warn=terminal.note)
