"""The functions' asset for this machine, and what each function does in it."""

from __future__ import annotations

import pytest

from infrastructure.asset import RUNTIME_PYTHON, build_for_host, find_interpreter
from tests.ceilings.measuring import Counts


@pytest.fixture(scope="session")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """Count each function when it is first asked for."""
    interpreter = find_interpreter(RUNTIME_PYTHON)
    if interpreter is None:
        pytest.skip(f"counts are of Python {RUNTIME_PYTHON}, which is not here")
    asset = build_for_host(tmp_path_factory.mktemp("ceilings") / "asset", interpreter)
    return Counts(asset.path, interpreter)
