"""Whoever edits while a copy runs is told what runs it, and what does not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infrastructure.asset import AssetError
from local import saved_code
from local.saved_code import SavedCode
from ops.reach.layout import Layout
from ops.web import bundle

FUNCTIONS = {"get_order": "Get-1", "create_parameters": "Parameters-1"}


class Copy:
    """The emulator's clients, which note what is asked of them, and a build that can fail."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.flaw: str | None = None
        self.lambda_ = SimpleNamespace(
            get_alias=self._alias,
            get_function_configuration=lambda **_: {"Environment": {"Variables": {}}},
            update_function_code=self._code,
            update_alias=lambda **asked: self.done.append(
                (asked["FunctionName"], asked["FunctionVersion"])
            ),
        )
        self.s3 = SimpleNamespace(put_object=lambda **_: None)

    def client(self, service: str) -> Any:
        return self.s3 if service == "s3" else self.lambda_

    def _code(self, **asked: Any) -> dict[str, str]:
        self.done.append((asked["FunctionName"], f"publish={asked['Publish']}"))
        return {"Version": "8"}

    def _alias(self, **asked: Any) -> dict[str, str]:
        if asked["FunctionName"] == "Parameters-1":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetAlias")
        return {"FunctionVersion": "7", "RevisionId": "r"}

    def build(self) -> Any:
        if self.flaw:
            raise AssetError(self.flaw)
        return SimpleNamespace(fingerprint="f", path=self.folder)

    folder: Path


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A checkout with a handler, a page and a template."""
    for name in ("orders/handlers/get_order.py", "web/src/app.tsx", "infrastructure/service.py"):
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    return tmp_path / "checkout"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    made = Copy()
    made.folder = tmp_path / "asset"
    made.folder.mkdir()
    return made


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(saved_code, "SHARED", tmp_path)
    made = Layout(tmp_path, 4566)
    made.home.mkdir()
    return made


def watching(copy: Copy, layout: Layout, sources: Path) -> SavedCode:
    return SavedCode(copy.client, FUNCTIONS, layout, copy.build, root=sources)


def save(path: Path) -> None:
    """Save a file; the clock of a file system is coarse."""
    later = path.stat().st_mtime_ns + 1_000_000
    os.utime(path, ns=(later, later))


def test_a_handler_that_is_saved_runs(copy: Copy, layout: Layout, sources: Path) -> None:
    """Callers meet it by the alias; what has none gets the code alone. Nothing is done twice."""
    saved = watching(copy, layout, sources)
    assert list(saved.news()) == []
    save(sources / "orders/handlers/get_order.py")
    assert list(saved.news()) == ["orders/handlers/get_order.py: the next request runs it."]
    assert copy.done == [
        ("Get-1", "publish=True"),
        ("Get-1", "8"),
        ("Parameters-1", "publish=False"),
    ]
    assert list(saved.news()) == []


def test_what_does_not_compile_is_told(copy: Copy, layout: Layout, sources: Path) -> None:
    """A slip changes nothing that runs, and I read where it is."""
    saved, copy.flaw = watching(copy, layout, sources), "line 3: invalid syntax"
    save(sources / "orders/handlers/get_order.py")
    (told,) = saved.news()
    assert "line 3: invalid syntax\nThe functions run what they ran before." in told
    assert copy.done == []


def test_a_new_and_a_removed_file_count(copy: Copy, layout: Layout, sources: Path) -> None:
    """Moving a module is a change as well; of many files some are named."""
    saved = watching(copy, layout, sources)
    (sources / "orders/handlers/get_order.py").rename(sources / "orders/a.py")
    for name in "bcd":
        (sources / f"orders/{name}.py").write_text("")
    (told,) = saved.news()
    assert told.startswith("orders/a.py, orders/b.py, orders/c.py and 2 more:")


def test_what_goes_during_a_look_does_not_end_the_copy(
    copy: Copy, layout: Layout, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another branch takes a folder away while it is looked through: the copy goes on."""
    going = sources / "orders/going"
    going.mkdir()
    (going / "link.py").symlink_to("nowhere")
    saved, real = watching(copy, layout, sources), os.scandir

    def scandir(folder: Any) -> Any:
        if not isinstance(folder, int) and Path(folder) == going:
            shutil.rmtree(going, ignore_errors=True)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert list(saved.news()) == []
    assert not going.exists()


def test_what_goes_while_it_is_built_does_not_end_the_copy(
    copy: Copy, layout: Layout, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does a file that was there at the look, and is not when it is read."""

    def build() -> Any:
        raise FileNotFoundError(2, "No such file or directory", "orders/gone.py")

    monkeypatch.setattr(copy, "build", build)
    saved = watching(copy, layout, sources)
    save(sources / "orders/handlers/get_order.py")
    (told,) = saved.news()
    assert "orders/gone.py" in told
    assert copy.done == []


def test_a_template_takes_a_new_start(copy: Copy, layout: Layout, sources: Path) -> None:
    """Settings and resources are deployed at the next start, and I am told so."""
    saved = watching(copy, layout, sources)
    save(sources / "infrastructure/service.py")
    (told,) = saved.news()
    assert "start again: ^C, make run" in told
    assert copy.done == []


def test_a_page_is_built(
    copy: Copy, layout: Layout, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of the web client a reload shows it."""
    built: list[bool] = []
    monkeypatch.setattr(bundle, "ready", lambda: built.append(True))
    saved = watching(copy, layout, sources)
    save(sources / "web/src/app.tsx")
    assert list(saved.news()) == ["web/src/app.tsx: reload the page."]
    assert built == [True]


def test_a_page_whose_source_goes_does_not_end_the_copy(
    copy: Copy, layout: Layout, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source of the web client that is gone when it is read is told, too."""

    def ready() -> Any:
        raise FileNotFoundError(2, "No such file or directory", "web/src/gone.tsx")

    monkeypatch.setattr(bundle, "ready", ready)
    saved = watching(copy, layout, sources)
    save(sources / "web/src/app.tsx")
    (told,) = saved.news()
    assert "web/src/gone.tsx" in told
    assert "what it was before" in told


def test_the_next_start_runs_what_is_saved(copy: Copy, layout: Layout, sources: Path) -> None:
    """Edited while it ran and put back while it stood: what runs then is what is there."""
    assert list(watching(copy, layout, sources).catch_up()) == []
    saved = watching(copy, layout, sources)
    save(sources / "orders/handlers/get_order.py")
    list(saved.news())
    copy.done.clear()
    assert list(watching(copy, layout, sources).catch_up()) != []
    assert ("Get-1", "8") in copy.done
    assert list(watching(copy, layout, sources).catch_up()) == []
