"""The files of a release: notes, each stage's assembly, lists of what they carry, and checksums.

`python -m ops.pipeline.release_files v1.0.0` makes them in build/release:

    notes.md      the changelog's section
    files/        what is published: a zip of each stage's assembly, one list of packages for the
                  functions and one for the web client (CycloneDX), SHA256SUMS
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.settings import STAGES
from ops.reach.errors import OperatorError
from ops.release import cdk
from project import changelog
from project.checkout import ROOT
from project.release import version

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT / "build" / "release"
NAME = "food-delivery-orders"
_BIN = Path(sys.executable).parent
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's first moment: the same content is the same file


def make(tag: str, pages: str = "") -> list[Path]:
    """Make the files of the release that this checkout is; gives those that are published.

    Args:
        tag: of the release, such as v1.0.0.
        pages: where the checkout's files are on the web; the notes' links point there.

    Raises:
        OperatorError: when the tag is not this checkout's version, or a file cannot be made.
    """
    if tag != f"v{version()}":
        raise OperatorError(
            f"The tag is {tag}, but pyproject.toml says version {version()}: tag v{version()}, or "
            "change the version."
        )
    shutil.rmtree(FOLDER, ignore_errors=True)
    files = FOLDER / "files"
    files.mkdir(parents=True)
    try:
        notes = changelog.notes(tag, changelog.CHANGELOG.read_text(encoding="utf-8"), pages=pages)
    except changelog.NoSectionError as error:
        raise OperatorError(str(error)) from error
    (FOLDER / "notes.md").write_text(notes + "\n", encoding="utf-8")
    stem = f"{NAME}-{version()}"
    for stage in STAGES:
        pack(cdk.synthesize(stage), files / f"{stem}-{stage}.zip")
    list_python(files / f"{stem}-functions.cdx.json")
    list_npm(files / f"{stem}-web-client.cdx.json")
    made = sorted(files.iterdir())
    (files / "SHA256SUMS").write_text(checksums(made))
    return [*made, files / "SHA256SUMS"]


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder; the same files make the same archive, byte for byte."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(_files(folder)):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def _files(folder: Path) -> Iterator[Path]:
    """Give an assembly's files, without the zips of them that the CDK CLI keeps there."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return (path for path in found if path.relative_to(folder).parts[0] != ".cache")


def list_python(path: Path) -> None:
    """List the packages that the functions carry, with the hashes of the lock file."""
    lock = ROOT / "requirements" / "runtime.txt"
    _run(
        [str(_BIN / "cyclonedx-py"), "requirements", str(lock), "--of", "JSON"],
        *("--output-reproducible", "--output-file", str(path)),
    )


def list_npm(path: Path) -> None:
    """List the packages that are in the web client's files.

    npm names what they are for by its version, which stands in pyproject.toml alone: it gets a copy
    of the lock file that says so.
    """
    wanted = ("--package-lock-only", "--omit", "dev", "--sbom-format", "cyclonedx")
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / f"{NAME}-web-client"  # npm calls it by its folder's name
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            document = json.loads((ROOT / "web" / name).read_text(encoding="utf-8"))
            roots = [document, document.get("packages", {}).get("")]
            for root in filter(None, roots):
                root["version"] = version()
            (folder / name).write_text(json.dumps(document), encoding="utf-8")
        said = _run([str(_BIN / "npm"), "sbom", "--prefix", str(folder)], *wanted)
    path.write_text(said, encoding="utf-8")


def _run(command: list[str], *options: str) -> str:
    environment = {**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OperatorError(f"{Path(command[0]).name} cannot list the packages: {reason}")
    return done.stdout


def checksums(files: list[Path]) -> str:
    """Give a line for each file, as `sha256sum --check` reads them."""
    digests = ((hashlib.sha256(path.read_bytes()).hexdigest(), path.name) for path in files)
    return "".join(f"{digest}  {name}\n" for digest, name in digests)


def main(arguments: list[str]) -> None:
    """Make the files of a release."""
    if len(arguments) != 1:
        sys.exit("usage: python -m ops.pipeline.release_files TAG")
    server, repository = (os.environ.get(f"GITHUB_{n}", "") for n in ("SERVER_URL", "REPOSITORY"))
    pages = f"{server}/{repository}/blob/{arguments[0]}" if server and repository else ""
    try:
        for path in make(arguments[0], pages):
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    except OperatorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
