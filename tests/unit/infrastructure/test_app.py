"""What `make synth` and deployments have made stands as long as all that it is made of."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import app
from infrastructure.asset import READY
from infrastructure.settings import stack_name
from ops.release.cdk import OUT, TAKING_OVER
from project.checkout import ROOT
from project.release import COMMIT
from project.sources import Made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the assembly goes; the functions' code is there already."""
    asset = tmp_path / "code"
    asset.mkdir()
    (asset / "a.pyc").write_bytes(b"1")
    told = {"STAGE": "dev", OUT: str(tmp_path / "out"), READY: str(asset), COMMIT: "a" * 40}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "out"


@pytest.fixture
def made(out: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stages that CDK was asked for; its part is played, for it takes five seconds."""
    asked: list[str] = []

    def synthesize(settings: Any, **_: Any) -> Path:
        asked.append(settings.stage)
        (out / f"asset.{len(asked)}").mkdir(parents=True)
        (out / f"asset.{len(asked)}/a.pyc").write_bytes(b"1")
        (out / "cdk.out").touch()  # as CDK marks each assembly
        template = out / f"{stack_name(settings.stage)}.template.json"
        template.write_text("{}")
        return template

    monkeypatch.setitem(sys.modules, "infrastructure.synth", SimpleNamespace(synthesize=synthesize))
    return asked


def test_it_is_made_once(made: list[str], out: Path) -> None:
    """A second command does not wait for CDK, whatever the CDK CLI has put beside the assembly."""
    app.main()
    (out / ".cache").mkdir()
    (out / ".cache/1.zip").write_bytes(b"")
    app.main()
    assert made == ["dev"]


CHANGES: dict[str, Callable[[pytest.MonkeyPatch, Path], Any]] = {
    "the stage": lambda patch, _: patch.setenv("STAGE", "prod"),
    "the commit": lambda patch, _: patch.setenv(COMMIT, "b" * 40),
    "what is taken over": lambda patch, _: patch.setenv(TAKING_OVER, "yes"),
    "what the CDK CLI tells": lambda patch, _: patch.setenv("CDK_CONTEXT_JSON", "{}"),
    "whether CDK validates": lambda patch, _: patch.setenv("CDK_VALIDATION", "never said"),
    "the code": lambda _, out: (out.parent / "code/a.pyc").write_bytes(b"2"),
    "the assembly's code": lambda _, out: (out / "asset.1/a.pyc").write_bytes(b"2"),
    "the template": lambda _, out: (out / f"{stack_name('dev')}.template.json").write_text("[]"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_made_anew(
    made: list[str], out: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Where anything is otherwise CDK is asked again, and nothing is left of what was there."""
    app.main()
    CHANGES[change](monkeypatch, out)
    app.main()
    assert len(made) == 2
    assert {path.name for path in out.glob("*.json")} == {f"{stack_name(made[1])}.template.json"}
    assert [path.name for path in out.glob("asset.*")] == ["asset.2"]


def test_somebodys_files_stay(made: list[str], out: Path) -> None:
    """Where I name a folder that holds no assembly, such as my own, nothing of it is removed."""
    (out / "asset.mine").mkdir(parents=True)
    (out / "package.json").write_text("{}")
    app.main()
    assert made == ["dev"]
    assert (out / "package.json").exists()
    assert (out / "asset.mine").is_dir()


def test_a_synthesis_leaves_the_checkout_clean() -> None:
    """After `make synth` git finds nothing new: what is deployed then is not told as changed."""
    out = ROOT / "cdk.out"
    written = [str(path) for path in (out / "cdk.out", Made(out, (), "").stamp)]
    command = ["git", "check-ignore", *written]
    ignored = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ignored.stdout.split() == written
