"""What `orders doctor` looks at before `make run`; the checks of a deployment stand in ops."""

from __future__ import annotations

import platform
import re
import shutil
from typing import TYPE_CHECKING

from local.copy import environment
from local.copy.emulator import port_taken
from ops.release.before.checks_here import packages_of_a_run, python
from ops.release.before.findings import Check, Finding, failure, ok, warning
from project.checkout import ROOT

if TYPE_CHECKING:
    from ops.reach.layout import Layout


_MEGABYTE = 1_000_000
_NEEDED_MB, _WISHED_MB = 500, 2_000  # a first `make run` writes 200 to 300 MB


def port(layout: Layout) -> Finding:
    """See whether the local run's port is free, or already its own."""
    if not port_taken(layout.port):
        return ok(f"Port {layout.port} is free.")
    if layout.emulator_pid.exists() and layout.endpoints.exists():
        return ok(f"A local run is at {layout.url} already.")
    return failure(
        f"Port {layout.port} is taken by another program.", "LOCAL_PORT=4567 make run moves it."
    )


def machine(_: object) -> Finding:
    """See whether there are packages for this kind of machine."""
    kind = f"{platform.system()} on {platform.machine()}"
    if platform.system() not in ("Linux", "Darwin"):
        return failure(f"{kind} does not run it.", "Use Linux, macOS, or Linux within Windows.")
    library, version = platform.libc_ver()
    if platform.system() == "Darwin" or (library == "glibc" and _numbers(version) >= (2, 34)):
        return ok(f"{kind} runs it.")
    what = f"{kind} with {library or 'another C library'} {version}".rstrip()
    return failure(f"{what} has no packages of the emulator.", "It takes glibc 2.34 or later.")


def emulator(_: object) -> Finding:
    """See whether the emulator's own environment is made."""
    if environment.ready():
        return ok("The emulator's environment is ready.")
    return warning(
        "The emulator's environment is not made yet, or out of date.",
        "The next make run makes it; that takes the package index.",
    )


def disk(_: object) -> Finding:
    """See whether there is room for environments and data."""
    free = shutil.disk_usage(ROOT).free // _MEGABYTE
    said = f"{free} MB are free on the disk of this checkout."
    if free >= _WISHED_MB:
        return ok(said)
    found = failure if free < _NEEDED_MB else warning
    return found(said, f"Have {_WISHED_MB} MB; make clean removes what can be made again.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall("[0-9]+", version))


OF_THE_LOCAL_RUN: tuple[Check[Layout], ...] = (
    Check("port", port),
    Check("machine", machine),
    Check("Python", python),
    Check("packages", packages_of_a_run),
    Check("emulator", emulator),
    Check("disk", disk),
)
"""What `make run` takes."""
