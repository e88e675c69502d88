"""Builds what the functions run, dependencies and bytecode included, without Docker.

    runtime.txt ──uv──► dependencies, compiled (kept in .cache/asset) ─┐
    orders/*.py ───────────────────────────────────────────────────────┴─► compiled ──► asset

Equal inputs give equal bytes wherever the checkout stands, so the asset's hash on AWS changes
only when the code does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

from uv import find_uv_bin

from project.checkout import ROOT
from project.file_lock import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RUNTIME_PYTHON = "3.13"
"""The minor version of Python that the functions run on in AWS."""

READY = "ORDERS_ASSET"
"""The variable that names a folder with a ready asset, for a rehearsal of a deployment."""

_LOCK = ROOT / "requirements" / "runtime.txt"
_SOURCES = ROOT / "orders"
_CARRIED = ("**/*.py", "**/*.pem")
_KEPT_DEPENDENCIES = ROOT / ".cache" / "asset"
_LAMBDA_FOLDER = "/var/task"

# Nothing at run time reads these, and some carry the path of the checkout or the time.
_UNWANTED = (
    ".lock",
    "bin",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_*",
    "*.dist-info/sboms",
    "**/tests",
    "**/*.pyi",
)

_GETTER = '''

def __getattr__(name):
    """Load on demand: put here when the functions' asset was built."""
    if name in {{{names}}}:
        from importlib import import_module

        return {found}
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")


'''

_CHEAPER = {
    "msgspec/__init__.py": (
        "from . import inspect, json, msgpack, structs, toml, yaml\n",
        "from . import json\n"
        + _GETTER.format(
            names='"inspect", "msgpack", "structs", "toml", "yaml"',
            found='import_module(f"{__name__}.{name}")',
        ),
    ),
    "msgspec/json.py": (
        "from ._json_schema import schema, schema_components\n",
        _GETTER.format(
            names='"schema", "schema_components"',
            found='getattr(import_module("msgspec._json_schema"), name)',
        ),
    ),
    # Every Python since 3.11 takes is_class; to try it compiles, which makes all types of `ast`.
    "msgspec/_utils.py": (
        'try:\n    typing.ForwardRef("Foo", is_class=True)\nexcept TypeError:\n',
        "try:\n    pass\nexcept TypeError:\n",
    ),
}
"""Lines of packages that cost every start what no function needs, and what stands for each in the
asset. It does the same, later or for less (docs/decisions/0033-cheaper-starts.md)."""

_SELDOM = frozenset(
    Path("msgspec", f"{name}.py")
    for name in ("_json_schema", "_typing_utils", "inspect", "msgpack", "structs", "toml", "yaml")
)
"""Modules that no function loads. They are there, and whoever asks for one compiles it; their
bytecode is larger than they are."""

_PROBE = """
import platform, sys
if sys.implementation.name == "cpython" and sys.version_info.releaselevel == "final":
    print(platform.python_version(), sys.executable)
"""


class AssetError(RuntimeError):
    """The asset could not be built; the message says why, in a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A CPython that was seen to run."""

    path: Path
    version: str
    """In full, `3.13.1`."""

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """The interpreter at `path`, or None if it does not run (a pyenv shim may not)."""
        command = [str(path), "-I", "-S", "-c", _PROBE]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
            version, executable = answer.stdout.strip().split(" ", 1)
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return cls(path=Path(executable), version=version)

    @property
    def minor(self) -> str:
        """The version that decides which bytecode it reads, `3.13`."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where an asset is going to run."""

    name: str
    python: str
    """The minor version of Python that runs it there."""
    platform: str | None
    """As uv names it; None is this machine."""
    compiler: Interpreter | None
    """Makes the bytecode; None leaves the asset without any."""

    @classmethod
    def aws(cls) -> Self:
        """Lambda on arm64, the cheaper of its two processors."""
        return cls(
            name="aws",
            python=RUNTIME_PYTHON,
            platform="aarch64-manylinux_2_28",
            compiler=_find(RUNTIME_PYTHON),
        )

    @classmethod
    def host(cls, interpreter: Path) -> Self:
        """This machine, run by `interpreter`."""
        compiler = Interpreter.at(interpreter)
        if compiler is None:
            raise AssetError(f"{interpreter} is not a Python interpreter that runs.")
        return cls(name="host", python=compiler.minor, platform=None, compiler=compiler)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A built asset."""

    path: Path
    python: str
    """The minor version of Python it is for."""
    bytecode: bool
    """Whether it carries compiled bytecode."""
    fingerprint: str
    """SHA-256 of its file names and contents."""
    size: int
    """Of all files, in bytes, not zipped."""

    def warning(self) -> str | None:
        """What is the matter with the asset and how to mend it, or None if all is well."""
        if self.bytecode:
            return None
        return (
            f"No Python {self.python} was found here, so the functions go out without compiled "
            "bytecode and each cold start takes 2.3 to 2.6 times as long. To mend it, get a "
            f"Python {self.python}: `.venv/bin/uv python install {self.python}`, "
            f"`pyenv install {self.python}`, or your system's package python{self.python}; "
            "then build again."
        )


def find_interpreter(minor: str) -> Path | None:
    """Find a CPython of the minor version, such as `3.13`, that really runs."""
    found = _find(minor)
    return found.path if found else None


def build_for_aws(destination: Path) -> Asset:
    """Build the asset that AWS runs; without a Python of its version, without bytecode.

    Where READY names one, that is taken as it is: an emulator in the place of AWS runs what this
    machine can run.

    Raises:
        AssetError: the dependencies could not be installed.
    """
    if ready := os.environ.get(READY):
        path = Path(ready)
        return Asset(
            path=path,
            python=RUNTIME_PYTHON,
            bytecode=bool(_files(path, "**/*.pyc")),
            fingerprint=_fingerprint(path),
            size=_size(path),
        )
    return _build(Target.aws(), destination)


def build_for_host(destination: Path, interpreter: Path) -> Asset:
    """Build the asset that `interpreter` runs on this machine.

    Raises:
        AssetError: the dependencies could not be installed, or the interpreter does not run.
    """
    return _build(Target.host(interpreter), destination)


def _find(minor: str) -> Interpreter | None:
    for candidate in _candidates(minor):
        interpreter = Interpreter.at(candidate)
        if interpreter and interpreter.minor == minor:
            return interpreter
    return None


def _candidates(minor: str) -> Iterator[Path]:
    """Places to look, the quickest to try first; what is there may not run."""
    if sys.version_info[:2] == tuple(map(int, minor.split("."))):
        yield Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path(os.environ.get("HOME", "/"), ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{minor}*/bin/python"), reverse=True)
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{minor}"
    found = _uv(["python", "find", minor])
    if found.returncode == 0:
        yield Path(found.stdout.strip())


def _build(target: Target, destination: Path) -> Asset:
    """Build, unless what stands at `destination` was built from the same inputs."""
    stamp = destination.with_name(f"{destination.name}.stamp")
    sources = (_named_contents(_SOURCES, pattern) for pattern in _CARRIED)
    inputs = _digest([_key_of_dependencies(target), *chain.from_iterable(sources)])
    known = _recall(stamp, inputs) if destination.is_dir() else None
    if known is None:
        stamp.unlink(missing_ok=True)
        dependencies = _dependencies(target)
        _replace(destination, lambda folder: _assemble(target, dependencies, folder))
        known = _fingerprint(destination), _size(destination)
        stamp.write_text(json.dumps([inputs, *known]))
    fingerprint, size = known
    return Asset(
        path=destination,
        python=target.python,
        bytecode=target.compiler is not None,
        fingerprint=fingerprint,
        size=size,
    )


def _recall(stamp: Path, inputs: str) -> tuple[str, int] | None:
    """The fingerprint and the size of the asset beside the stamp, if made from these inputs."""
    try:
        then, fingerprint, size = json.loads(stamp.read_text())
    except (OSError, ValueError):
        return None
    return (str(fingerprint), int(size)) if then == inputs else None


def _key_of_dependencies(target: Target) -> bytes:
    return _digest(
        [
            _LOCK.read_bytes(),
            Path(__file__).read_bytes(),
            target.python.encode(),
            (target.platform or sysconfig.get_platform()).encode(),
            target.compiler.version.encode() if target.compiler else b"no bytecode",
        ]
    ).encode()


def _dependencies(target: Target) -> Path:
    """The folder of the target's dependencies, installed when they have changed."""
    family = f"{target.name}-{target.python}"
    folder = _KEPT_DEPENDENCIES / f"{family}-{_key_of_dependencies(target).decode()[:16]}"
    with alone(_KEPT_DEPENDENCIES / "lock"):
        if not folder.is_dir():
            outdated = list(_KEPT_DEPENDENCIES.glob(f"{family}-*"))
            _replace(folder, lambda staging: _install(target, staging))
            for other in outdated:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def _install(target: Target, folder: Path) -> None:
    installed = _uv(["pip", "install", *_install_options(target), "--target", str(folder)])
    if installed.returncode != 0:
        raise AssetError(
            f"uv could not install {_LOCK.relative_to(ROOT)} for the functions; is the package "
            f"index reachable? It said:\n{installed.stderr.strip()}"
        )
    for pattern in _UNWANTED:
        for path in list(folder.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for module in _CHEAPER:
        _make_cheaper(module, folder)
    _compile(target, folder, folder)


def _make_cheaper(module: str, folder: Path) -> None:
    """Have a package's module do the same for less."""
    dear, cheap = _CHEAPER[module]
    path = folder / module
    before = path.read_text()
    if before.count(dear) != 1:
        raise AssetError(
            f"{module} of this release does not say {dear.strip()!r}, which the functions' asset "
            "replaces. Read what it does now, and mend _CHEAPER in infrastructure/asset.py."
        )
    path.write_text(before.replace(dear, cheap))


def _install_options(target: Target) -> list[str]:
    # The lock is complete and hashed, so nothing is resolved, built or trusted here. Copies,
    # because links into uv's cache would take our file modes there.
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--quiet"]
    options += ["--link-mode", "copy", "--no-compile-bytecode", "--requirements", str(_LOCK)]
    if target.compiler:
        options += ["--python", str(target.compiler.path)]
    if target.platform:
        options += ["--python-platform", target.platform, "--python-version", target.python]
    return options


def _assemble(target: Target, dependencies: Path, folder: Path) -> None:
    shutil.copytree(dependencies, folder)
    package = folder / _SOURCES.name
    for source in chain.from_iterable(_files(_SOURCES, pattern) for pattern in _CARRIED):
        copy = package / source.relative_to(_SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    _compile(target, package, folder)
    # Lambda runs as another user: a strict umask here would leave it files it may not read.
    for path in (folder, *folder.glob("**/*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _compile(target: Target, folder: Path, asset: Path) -> None:
    """Put bytecode that the archive keeps valid in place of the sources of `folder`.

    CDK's archive dates every file 1980, which makes ordinary bytecode stale: it is never used. No
    function reads a source, not even to say where an error came through, and a start would look
    at each one's date first. Those of _SELDOM stay, for them to be compiled when asked for.

    Args:
        target: who compiles; without a compiler the sources stay as they are.
        folder: is, or lies in, `asset`.
        asset: the folder that Lambda unpacks.
    """
    if target.compiler is None:
        return
    command = [str(target.compiler.path), "-s", "-S", "-P", "-m", "compileall", "-q", "-j", "1"]
    command += ["-b", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(asset), "-p", _LAMBDA_FOLDER, str(folder)]
    # A bare environment with a fixed seed: the bytes must not depend on who compiles.
    environment = {"PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise AssetError(f"The functions' code does not compile:\n{done.stdout}{done.stderr}")
    for source in folder.glob("**/*.py"):
        compiled, seldom = source.with_suffix(".pyc"), source.relative_to(asset) in _SELDOM
        (compiled if seldom else source).unlink()


def _replace(destination: Path, make: Callable[[Path], None]) -> None:
    """Put what `make` makes in place of `destination`; an interruption leaves no half of it."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=destination.parent) as work:
        make(Path(work, "new"))
        if destination.exists():
            destination.rename(Path(work, "old"))
        Path(work, "new").rename(destination)


def _uv(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    environment.setdefault("UV_SYSTEM_CERTS", "1")  # as pip does; company proxies need it
    if not os.access(environment.get("HOME") or "/nonexistent", os.W_OK):
        environment.setdefault("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))
    return subprocess.run(
        [find_uv_bin(), *arguments], capture_output=True, text=True, env=environment, check=False
    )


def _files(folder: Path, pattern: str = "**/*") -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in _files(folder))


def _fingerprint(folder: Path) -> str:
    return _digest(_named_contents(folder, "**/*"))


def _named_contents(folder: Path, pattern: str) -> Iterator[bytes]:
    for path in _files(folder, pattern):
        yield path.relative_to(folder).as_posix().encode()
        yield path.read_bytes()


def _digest(parts: Iterable[bytes]) -> str:
    """SHA-256 of a sequence, each part with its length so that none runs into the next."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _main() -> None:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="infrastructure.asset", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--host", action="store_true", help="for this machine instead of AWS")
    host = parser.parse_args().host
    try:
        if host:
            asset = build_for_host(ROOT / "build" / "asset-host", Path(sys.executable))
        else:
            asset = build_for_aws(ROOT / "build" / "asset-aws")
    except AssetError as error:
        sys.exit(str(error))
    print(f"{asset.path}\n  for Python {asset.python}, {asset.size / 1e6:.1f} MB")
    print(f"  SHA-256 {asset.fingerprint}")
    if warning := asset.warning():
        print(f"\n{warning}", file=sys.stderr)


if __name__ == "__main__":
    _main()
