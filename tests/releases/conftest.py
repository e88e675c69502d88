"""The stage that the releases of this folder are deployed to."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from local.copy.emulator import Watch
from local.inside.patches import NOT_KEPT
from local.stack import start
from ops.reach.layout import free_port
from tests.releases.release import Release, harmless
from tests.releases.stage import DONE, Stage
from tests.releases.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def opened(directory: Path, watch: Watch = Watch()) -> Iterator[Stage]:  # noqa: B008 - immutable
    """Run a stage whose partners' orders are confirmed at once; its customers' wait."""
    with start(free_port(), directory, patches=NOT_KEPT, watch=watch) as endpoints:
        made = Stage(endpoints)
        flags = {"auto-confirm": {"enabled": True, "deny": [endpoints.customer_id]}}
        made.client("ssm").put_parameter(
            Name=endpoints.parameters["flags"],
            Value=json.dumps(flags),
            Type="String",
            Overwrite=True,
        )
        # The local run has moved aliases to let callers have no limits: begin as AWS would.
        for release in (harmless(0), Release()):
            assert made.deploy(release._replace(gate="skip")).status == DONE
        yield made


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage that nothing holds up."""
    with opened(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture(scope="package")
def traffic(stage: Stage) -> Iterator[Traffic]:
    """People who order there all the time."""
    with Traffic(stage.stack) as people:
        yield people


@pytest.fixture(autouse=True)
def _few_versions(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no test leave versions behind: each holds all of its code in the emulator."""
    yield
    for name in {"stage", "guarded"}.intersection(request.fixturenames):
        request.getfixturevalue(name).prune()
