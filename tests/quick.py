"""`make quick`: the tests that need neither emulator nor network, and what keeps it so.

    pytest --quick ─► looks into QUICK only
                   ─► a test fails that asks beyond this machine or starts the emulator,
                      though somebody catches the exception
                   ─► uv installs what it has kept, and asks nobody
                   ─► Hypothesis tries a quarter of its examples; `make test` tries them all

The guard is an audit hook, which Python tells of each socket and each process of its own. What a
process that a test starts does by itself it does not see.

https://docs.python.org/3/library/audit_events.html
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

QUICK = ("alarms", "infrastructure", "unit")
"""Folders of tests. Fuzzing, mutation and ceilings need no emulator either, but a minute."""

NOT_QUICK = (
    "infrastructure/test_asset.py",
    "infrastructure/documents/test_asyncapi_rules.py",
    "infrastructure/documents/test_openapi_rules.py",
    "infrastructure/release/test_cdk_validation.py",
)
"""What within them needs the package index, or npm's; and CDK's validation, a minute of Node.js."""

_TESTS = ROOT / "tests"


class NotQuickError(RuntimeError):
    """A test needs what `make quick` promises to need not."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the option."""
    parser.addoption(
        "--quick", action="store_true", help="only tests that need neither emulator nor network"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the guard up."""
    if is_quick(config):
        os.environ["UV_OFFLINE"] = "1"
        settings.register_profile("quick", max_examples=settings().max_examples // 4)
        settings.load_profile("quick")
        config.pluginmanager.register(Guard(), "quick-guard")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is not quick."""
    return True if is_quick(config) and not belongs(collection_path) else None


def is_quick(config: pytest.Config) -> bool:
    """Tell whether this run is a quick one."""
    return bool(config.getoption("quick", default=False))


def belongs(path: Path) -> bool:
    """Tell whether a file or folder holds quick tests; what is not ours is not for us to say."""
    if not path.is_relative_to(_TESTS) or path == _TESTS:
        return True
    place = path.relative_to(_TESTS)
    first = place.parts[0]
    return (first in QUICK or first.endswith(".py")) and place.as_posix() not in NOT_QUICK


class Guard:
    """The plugin that fails a test which does what is forbidden."""

    def __init__(self) -> None:
        """Watch this process from now on: an audit hook stays."""
        self._seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FORBIDDEN and (what := forbidden(event, arguments)) is not None:
            self._seen.append(what)
            raise NotQuickError(what)

    def _watched(self) -> Generator[None, object, object]:
        try:
            result = yield
        finally:
            seen, self._seen = self._seen, []
        if seen:
            raise NotQuickError("; ".join(seen))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Watch the fixtures."""
        return (yield from self._watched())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Watch the test."""
        return (yield from self._watched())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Watch what is put away."""
        return (yield from self._watched())


def forbidden(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Say what is wrong with something that Python is about to do; None if nothing is."""
    return _FORBIDDEN[event](arguments)


def _connects(arguments: tuple[Any, ...]) -> str | None:
    address = arguments[1]  # a Unix socket's is a text
    beyond = isinstance(address, tuple) and not _is_here(address[0])
    return f"connects to {address[0]}" if beyond else None


def _resolves(arguments: tuple[Any, ...]) -> str | None:
    host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
    is_known = not host or _is_here(host) or _address(host) is not None
    return None if is_known else f"looks up {host}"


def _starts(arguments: tuple[Any, ...]) -> str | None:
    executable, command = arguments[:2]
    parts = [command] if isinstance(command, str | bytes | os.PathLike) else list(command)
    words = [os.fsdecode(part) for part in (executable or "", *parts)]
    return "starts the emulator" if any("local.inside" in word for word in words) else None


_FORBIDDEN: Mapping[str, Callable[[tuple[Any, ...]], str | None]] = {
    "socket.connect": _connects,
    "socket.sendto": _connects,
    "socket.getaddrinfo": _resolves,
    "socket.gethostbyname": _resolves,
    "subprocess.Popen": _starts,
}


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0])
    with contextlib.suppress(OSError):
        return ipaddress.IPv4Address(socket.inet_aton(host))  # an old spelling, such as 127.1
    return None
