"""A patch that no longer fits ministack fails when the emulator starts."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from local.inside import ministack
from local.inside.patches import lambda_

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What stands for ministack's module that runs functions."""
    worker = SimpleNamespace(
        __name__="Worker", _drain_stderr_bounded=lambda _: "", _spawn=lambda _: None
    )
    stand_in = SimpleNamespace(
        __name__="runtime", Worker=worker, zipfile=None, _PYTHON_WORKER_SCRIPT=""
    )
    monkeypatch.setitem(sys.modules, "ministack.core.lambda_runtime", stand_in)
    return stand_in


@pytest.mark.parametrize("patch", [lambda_.quick_functions, lambda_.whole_logs])
@pytest.mark.parametrize("times", [0, 2])
def test_a_text_that_is_not_there_is_told(
    runtime: SimpleNamespace, patch: Callable[[], None], times: int
) -> None:
    """A patch of the script of functions needs the very line that it replaces, once."""
    line = "    _ms_install_invoke_depth()\n\nrun()\n"
    runtime._PYTHON_WORKER_SCRIPT = times * line
    with pytest.raises(AssertionError, match="any more"):
        patch()


def test_both_patches_of_the_script_fit_each_other(runtime: SimpleNamespace) -> None:
    """What one takes away and the other puts in stand in different places."""
    runtime._PYTHON_WORKER_SCRIPT = "def f():\n    _ms_install_invoke_depth()\n\nrun()\n"
    lambda_.quick_functions()
    lambda_.whole_logs()
    before, loop, after = runtime._PYTHON_WORKER_SCRIPT.partition("\nrun()\n")
    assert (before.count("os.write(2"), bool(loop), after) == (1, True, "")
    assert "_ms_install_invoke_depth" not in before


def test_a_name_that_is_gone_is_told() -> None:
    """Nothing is put where nobody would call it."""
    theirs = SimpleNamespace(__name__="services.sqs", known=1)
    ministack.replace(theirs, known=2)
    assert theirs.known == 2
    with pytest.raises(AssertionError, match=r"services\.sqs\.unknown"):
        ministack.replace(theirs, unknown=2)


def test_a_service_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that is not loaded is another thing than one that there is not."""
    monkeypatch.setattr(ministack, "find_spec", lambda name: name.endswith("sqs") or None)
    assert ministack.loaded("services.sqs") is None
    with pytest.raises(AssertionError, match=r"services\.sns"):
        ministack.loaded("services.sns")
