"""The web client is built again when its sources have changed, and only then."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from ops.reach.errors import OperatorError
from ops.web import bundle, node

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A client of one source, whose build does nothing but note that it was asked for."""
    sources, done = tmp_path / "web", []
    (sources / "src/views").mkdir(parents=True)
    for name in ("package-lock.json", "build.mjs", "src/main.tsx", "src/views/order.tsx"):
        (sources / name).write_text(name)

    def run(arguments: Sequence[str], _: Path, **__: str) -> str:
        done.append(arguments[0])
        pathlib.Path(arguments[1]).mkdir()
        (pathlib.Path(arguments[1]) / "index.html").touch()
        return ""

    monkeypatch.setattr(bundle, "SOURCES", sources)
    monkeypatch.setattr(bundle, "KEPT", sources / "kept")
    monkeypatch.setattr(bundle, "BUILT", tmp_path / "built/web")
    monkeypatch.setattr(bundle, "_STAMP", tmp_path / "built/web.made-from")
    (tmp_path / "built").mkdir()
    monkeypatch.setattr(node, "packages", lambda folder: folder)
    monkeypatch.setattr(node, "run", run)
    return done


def test_it_is_built_once(built: list[str]) -> None:
    """Who starts the service again waits for no build."""
    assert not bundle.is_ready()
    for _ in range(2):
        assert (bundle.ready() / "index.html").exists()
    assert built == ["build.mjs"]
    assert bundle.is_ready()


@pytest.mark.parametrize("name", ["src/views/order.tsx", "package-lock.json", "build.mjs"])
def test_it_is_built_again_when_a_source_changes(built: list[str], name: str) -> None:
    """Whoever changes a page, a package or the build sees it at the next start."""
    bundle.ready()
    (bundle.SOURCES / name).write_text("changed")
    assert not bundle.is_ready()
    bundle.ready()
    assert len(built) == 2


def test_a_build_that_fails_leaves_what_was_there(
    built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever breaks a source is told so, and the pages that are open go on."""

    def fail(*_: object, otherwise: str) -> str:
        raise OperatorError(otherwise)

    bundle.ready()
    (bundle.SOURCES / "src/main.tsx").write_text("broken")
    monkeypatch.setattr(node, "run", fail)
    with pytest.raises(OperatorError, match="The web client cannot be built"):
        bundle.ready()
    assert (bundle.BUILT / "index.html").exists()
    assert built == ["build.mjs"]


def test_what_the_checkout_keeps_takes_no_build(built: list[str]) -> None:
    """Who runs the client unchanged waits for no Node.js; whoever changes it, does."""
    bundle.keep()
    assert built == ["build.mjs"]
    bundle.keep()
    assert (bundle.ready() / "index.html").exists()
    assert [path.name for path in bundle.BUILT.iterdir()] == ["index.html"]
    assert built == ["build.mjs"]
    (bundle.SOURCES / "src/main.tsx").write_text("changed")
    assert not bundle.is_kept()
    bundle.ready()
    assert len(built) == 2
