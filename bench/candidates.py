"""What is measured: our functions, and the same job written in the usual ways.

Each has an asset of its own: its code, its packages and nothing else, with valid bytecode. The way
of CDK's zip is measured besides: there every file is of 1980, so that ordinary bytecode is stale,
is never used, and cannot be written where Lambda keeps the code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from infrastructure.asset import build_for_host
from infrastructure.functions import BY_NAME, Caller, names
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS, REFERENCE, BARE, EMPTY = "create_order", "powertools_idempotent", "bare", "empty"
AS_DEPLOYED = "powertools_idempotent_as_cdk_zips_it"
"""The reference without bytecode."""

BASELINES = {
    EMPTY: None,
    BARE: None,
    "chalice": "bench-chalice",
    "fastapi": "bench-fastapi",
    "parser": "bench-powertools",
    "powertools": "bench-powertools",
    REFERENCE: "bench-powertools",
}
"""Folders of `bench/baselines` with their requirements."""

OTHERS = tuple(name for name in names(Caller.API, Caller.QUEUE) if name != OURS)
"""Our other functions; they are compared with the floor alone."""

_SOURCES = ROOT / "bench" / "baselines"
_CHALICE_S_OWN = {"chalice", "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3"}
_UNWANTED = ("bin", "**/tests", "**/*.pyi", "**/swagger_ui/*.min.*")


@dataclass(frozen=True)
class Candidate:
    """One way of doing a job."""

    name: str
    asset: Path
    handler: str
    """As Lambda names it."""
    function: str = OURS
    """Whose job it does."""

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(path.stat().st_size for path in _files(self.asset))

    def zipped(self, archive: Path) -> int:
        """Give the size of the archive that is uploaded, in bytes."""
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for path in _files(self.asset):
                file.write(path, path.relative_to(self.asset))
        return archive.stat().st_size


def candidates(folder: Path, interpreter: Path) -> list[Candidate]:
    """Build all of them.

    Args:
        folder: where the assets go; what is there and up to date stays.
        interpreter: the Python that they are built for.

    Raises:
        RuntimeError: when packages cannot be installed.
    """
    ours = build_for_host(folder / "ours", interpreter).path
    found = [Candidate(OURS, ours, BY_NAME[OURS].handler)]
    for name, requirements in BASELINES.items():
        asset = folder / name
        _build(asset, name, requirements, interpreter)
        found.append(Candidate(name, asset, "handler.handler"))
    found.append(_without_bytecode(folder / AS_DEPLOYED, folder / REFERENCE))
    found += [Candidate(name, ours, BY_NAME[name].handler, name) for name in OTHERS]
    return found


def _build(asset: Path, name: str, requirements: str | None, interpreter: Path) -> None:
    stamp = asset.with_suffix(".stamp")
    wanted = _inputs(name, requirements, interpreter)
    if asset.is_dir() and stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(asset, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    asset.mkdir(parents=True)
    if requirements is not None:
        _install(asset, requirements, interpreter)
        shutil.copytree(_SOURCES / "shared", asset / "shared", ignore=_ONLY_SOURCES)
        shutil.copyfile(ROOT / "orders/domain/iso.py", asset / "shared" / "codes.py")
    if name == "chalice":  # as `chalice package` does, which leaves its own tools at home
        for path in [*asset.iterdir()]:
            if path.name not in {*_CHALICE_S_OWN, "shared", "six.py"}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(asset / "chalice" / "cli", ignore_errors=True)
    shutil.copyfile(_SOURCES / name / "handler.py", asset / "handler.py")
    _run(
        str(interpreter), *"-m compileall -q -j 0 --invalidation-mode unchecked-hash".split(), asset
    )
    stamp.write_text(wanted)


_ONLY_SOURCES = shutil.ignore_patterns("__pycache__")


def _inputs(name: str, requirements: str | None, interpreter: Path) -> str:
    sources = [*_SOURCES.glob(f"{name}/*.py"), *_SOURCES.glob("shared/*.py")]
    texts = [path.read_text() for path in sorted(sources)]
    lock = "" if requirements is None else (ROOT / f"requirements/{requirements}.txt").read_text()
    return json.dumps([str(interpreter), lock, Path(__file__).read_text(), *texts])


def _install(asset: Path, requirements: str, interpreter: Path) -> None:
    lock = ROOT / "requirements" / f"{requirements}.txt"
    _run(
        find_uv_bin(),
        *("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--link-mode", "copy"),
        *("--python", interpreter, "--target", asset, "--requirements", lock),
    )
    for pattern in _UNWANTED:
        for path in [*asset.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _without_bytecode(asset: Path, source: Path) -> Candidate:
    shutil.rmtree(asset, ignore_errors=True)
    shutil.copytree(source, asset, ignore=_ONLY_SOURCES)
    return Candidate(AS_DEPLOYED, asset, "handler.handler")


def _run(*command: str | Path) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    environment.setdefault("UV_SYSTEM_CERTS", "1")
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr or done.stdout}")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
