"""What all tests share: a running copy of the service, started when a test first asks for it.

`make test` runs them in three processes, `make quick` in two (scripts/test, scripts/quick). What is
dear to make is made once: tests that share it stay together in one of them, in their order:

    stack       those that use a running copy, and the judge of what it asked AWS for
    beside      those of commands, which use another, and its judge
    contract    those that try the whole document of the API, likewise
    pages       those of a browser and of generated clients, likewise
    a folder    those that share what they have synthesized or built, or deploy to
    a module    all others
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from ops.reach.layout import free_port
from project.release import COMMIT, looked_at
from tests.lazily import Lazily
from tests.quick import pytest_addoption, pytest_configure, pytest_ignore_collect
from tests.shared.http_clients import read_certificates_once
from tests.spent import pytest_runtest_setup, pytest_runtest_teardown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from ops.reach.endpoints import Endpoints

emulator, copies = Lazily("local.copy.emulator"), Lazily("local.stack")

__all__ = [
    "pytest_addoption",
    "pytest_configure",
    "pytest_ignore_collect",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]

# A busy machine is no finding.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

# Nor on how they are started: what runs behind `nohup` or `&` ignores signals, and hands that on.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# No test speaks with AWS, or depends on how you do: your profile, region and keys are not found.
# Nor on your terminal. The commands that the tests start inherit this.
for _name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_CA_BUNDLE"]:
    del os.environ[_name]
for _name in ("FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
    os.environ.pop(_name, None)
os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
# Nor on the commit: a template says which it is of.
os.environ[COMMIT] = looked_at().commit

read_certificates_once()

# jsonschema would build a parser of international addresses when it is imported, for two seconds:
# of formats that no schema of ours has, as tests/infrastructure/documents makes sure.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # as Python documents it

_JUDGE = "tests/permissions/test_recorded_beside.py"
"""It has a test for each group with a running copy but the first."""

_CONTRACT = ("tests/integration/api/test_contract.py", f"{_JUDGE}::test_contract")
_PAGES = (
    "tests/integration/browser/",
    "tests/integration/clients/",
    f"{_JUDGE}::test_pages",
)
_BESIDE = ("tests/integration/cli/", "tests/integration/local/", f"{_JUDGE}::test_beside")
_OF_THE_STACK = ("tests/integration/", "tests/permissions/test_recorded.py")
_APART = {"test_bench", "test_deploy", "test_doctor", "test_run"}
"""Integration tests that start what they need themselves."""

_NO_TEMPLATES = {
    *("test_ci", "test_mapping", "test_openapi_compatibility", "test_patterns", "test_plantings"),
    "test_toolchain",
}
"""Modules of tests/infrastructure that look at no template: another process may have them."""

_FOLDERS = {"ceilings", "infrastructure", "permissions", "pipeline", "releases"}
_LONGEST_FIRST = (
    *("releases", "pages", "beside", "contract", "stack", "faults/test_faults", "pipeline"),
    *("infrastructure", "integration/test_deploy", "integration/test_run", "permissions"),
)


class Together(LoadScopeScheduling):  # type: ignore[misc] # it comes without types
    """Gives each process one group of tests after the other.

    pytest-xdist's own groups are not kept by pytest 9.2:
    https://github.com/pytest-dev/pytest-xdist/issues/1386
    """

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Keep those together that share something."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with those that take longest."""
    for item in items:
        if item.path.stem in _APART and "stack" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid} uses the running copy: it is not apart")
        if item.path.stem in _NO_TEMPLATES and "paths" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid} looks at a template")
    items.sort(key=lambda item: _rank(_group(item.nodeid)))


def pytest_collection_finish() -> None:
    """Let no search for garbage look at what was imported and collected: it stays to the end."""
    gc.freeze()


def _group(nodeid: str) -> str:
    module = Path(nodeid.partition("::")[0])
    folder, name = module.parts[1], module.stem
    if nodeid.startswith(_CONTRACT):
        return "contract"
    if nodeid.startswith(_PAGES):
        return "pages"
    if name not in _APART and nodeid.startswith(_BESIDE):
        return "beside"
    if name not in _APART and nodeid.startswith(_OF_THE_STACK):
        return "stack"
    return folder if folder in _FOLDERS and name not in _NO_TEMPLATES else f"{folder}/{name}"


def _rank(group: str) -> int:
    return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all that the functions ask of AWS is written down: tests/permissions judges it."""
    return tmp_path_factory.mktemp("recording") / "calls.jsonl"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, recording: Path) -> Iterator[Endpoints]:
    """The whole service, deployed to an emulator on a port of its own."""
    directory = tmp_path_factory.mktemp("local")
    watch = emulator.Watch(record=recording)
    with copies.start(free_port(), directory, watch=watch) as endpoints:
        yield endpoints
