"""A patch that no longer fits ministack fails when the emulator starts."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from local.inside import ministack
from local.inside.patches import lambda_

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HALF = """
import threading
begun, go_on = threading.Event(), threading.Event()
threading.current_thread().of_import.append((begun, go_on))
begun.set()
go_on.wait(60)
stacks = {}
"""


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


def test_half_a_service_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ^C during the start finds the emulator amid its imports, and it ends all the same.

    Whoever listens for the end looks for deployments, and must not fail over a half of a module.
    """
    (tmp_path / "ministack").mkdir()
    (tmp_path / "ministack/half.py").write_text(HALF)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("ministack", "ministack.half"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importer = threading.Thread(target=ministack.module, args=["half"])
    events: list[tuple[threading.Event, threading.Event]] = []
    importer.of_import = events  # type: ignore[attr-defined]
    importer.start()
    while not events:
        importer.join(0.01)
    begun, go_on = events[0]
    try:
        assert begun.wait(60)
        assert ministack.loaded("half") is None
        go_on.set()
        importer.join()
        assert vars(ministack.loaded("half"))["stacks"] == {}
    finally:
        go_on.set()
        importer.join()
        for name in ("ministack", "ministack.half"):
            sys.modules.pop(name, None)
