"""What the functions' asset promises: the same bytes anywhere, compiled, small, complete."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infrastructure import asset as building
from infrastructure.asset import (
    RUNTIME_PYTHON,
    Asset,
    AssetError,
    build_for_aws,
    build_for_host,
    find_interpreter,
)
from project.checkout import ROOT

UNCHECKED_HASH = 0b01  # PEP 552: hash-based, and the source is not looked at
ELF_MACHINES = {183: "aarch64", 62: "x86_64"}
UNZIPPED_LIMIT, ZIPPED_LIMIT = 1_300_000, 700_000

needs_runtime_python = pytest.mark.skipif(
    find_interpreter(RUNTIME_PYTHON) is None, reason=f"no Python {RUNTIME_PYTHON} here"
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Asset:
    return build_for_aws(tmp_path_factory.mktemp("aws") / "asset")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Asset:
    return build_for_host(tmp_path_factory.mktemp("host") / "asset", Path(sys.executable))


def files(asset: Asset, pattern: str = "*") -> list[Path]:
    found = sorted(path for path in asset.path.rglob(pattern) if path.is_file())
    assert found
    return found


def contents(asset: Asset) -> dict[str, bytes]:
    return {str(path.relative_to(asset.path)): path.read_bytes() for path in files(asset)}


def run_alone(asset: Asset, code: str) -> str:
    """What the code prints, run with the standard library and the asset and nothing else."""
    alone = f"import sys; sys.path.append({str(asset.path)!r}); {code}"
    command = [sys.executable, "-I", "-S", "-c", alone]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_same_code_gives_the_same_asset_in_any_folder(
    aws: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deploying from another checkout, with nothing cached, uploads and replaces nothing."""
    monkeypatch.setattr(building, "_KEPT_DEPENDENCIES", tmp_path / "other cache")
    again = build_for_aws(tmp_path / "another" / "much longer folder" / "asset")
    assert contents(again) == contents(aws)
    assert again.fingerprint == aws.fingerprint


def test_cdk_sees_the_same_asset_in_any_folder(aws: Asset, tmp_path: Path) -> None:
    """The hash under which CDK uploads the asset depends on its content alone."""
    from aws_cdk import FileSystem  # noqa: PLC0415 - the import starts Node

    again = build_for_aws(tmp_path / "asset")
    assert FileSystem.fingerprint(str(again.path)) == FileSystem.fingerprint(str(aws.path))


def test_asset_tells_nothing_of_the_machine_that_built_it(aws: Asset) -> None:
    """No file made by the build names a folder of the checkout or of the interpreter."""
    private = [f"{folder}/".encode() for folder in (ROOT, aws.path, sys.prefix, sys.base_prefix)]
    made_here = [path for path in files(aws) if path.suffix in {".pyc", ".py", ""}]
    telling = [path for path in made_here for folder in private if folder in path.read_bytes()]
    assert telling == []


@needs_runtime_python
def test_every_module_is_compiled_for_the_runtime(aws: Asset) -> None:
    """No cold start compiles: each module is bytecode that stays valid in CDK's archive.

    Those of msgspec's modules that no start loads, as another test says, are sources.
    """
    assert aws.bytecode
    assert aws.warning() is None
    compiled = [path.relative_to(aws.path).with_suffix(".py") for path in files(aws, "*.pyc")]
    own = [path.relative_to(ROOT) for path in (ROOT / "orders").rglob("*.py")]
    assert {path for path in compiled if path.parts[0] == "orders"} == {*own}
    assert {path.relative_to(aws.path) for path in files(aws, "*.py")} == building._SELDOM
    for path in files(aws, "*.pyc"):
        flags = int.from_bytes(path.read_bytes()[4:8], "little")
        assert flags == UNCHECKED_HASH, path


@needs_runtime_python
def test_the_runtime_takes_the_bytecode(aws: Asset) -> None:
    """Python of the runtime's version runs it as it is, and says of which source a line is."""
    shown = "ids.__cached__, ids.new_order_id.__code__.co_filename"
    code = f"import sys; sys.path.append({str(aws.path)!r}); from orders.domain import ids"
    command = [str(find_interpreter(RUNTIME_PYTHON)), "-I", "-S", "-c", f"{code}; print({shown})"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert answer == [str(aws.path / "orders/domain/ids.pyc"), "/var/task/orders/domain/ids.py"]


def test_extensions_for_aws_are_for_arm64_and_its_python(aws: Asset) -> None:
    """The functions' compiled libraries load on Lambda's arm64 processors."""
    for library in files(aws, "*.so"):
        machine = int.from_bytes(library.read_bytes()[18:20], "little")
        assert ELF_MACHINES[machine] == "aarch64", library
        assert "cpython-313-aarch64" in library.name


def test_asset_for_this_machine_runs_here_alone(host: Asset) -> None:
    """All that the functions import is in the asset: nothing is borrowed from this environment."""
    code = "import msgspec, orders.dynamodb; print(msgspec.__file__)"
    assert run_alone(host, code).startswith(str(host.path))


def test_a_start_loads_no_part_of_msgspec_that_no_function_uses(host: Asset) -> None:
    """A cold start does not wait for TOML, YAML, MessagePack and JSON Schema."""
    code = "import orders.handlers.update_order; print(*(m for m in sys.modules if 'msgspec' in m))"
    loaded = {*run_alone(host, code).split()}
    assert loaded == {f"msgspec{part}" for part in ("", "._core", "._utils", "._version", ".json")}


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("msgspec.structs.replace(msgspec.json.decode('{}', type=One), name='b').name", "b"),
        ("msgspec.json.schema(int)['type']", "integer"),
        ("type(msgspec.inspect.type_info(int)).__name__", "IntType"),
        ("msgspec.msgpack.decode(msgspec.msgpack.encode('c'))", "c"),
        ("msgspec.yaml.__name__, msgspec.toml.__name__", "msgspec.yaml msgspec.toml"),
    ],
)
def test_what_a_start_leaves_out_is_there_when_asked_for(
    host: Asset, code: str, answer: str
) -> None:
    """Code that works with msgspec here works in the functions, too."""
    one = "import msgspec; One = msgspec.defstruct('One', [('name', str, 'a')])"
    assert run_alone(host, f"{one}; print({code})") == answer


@pytest.mark.parametrize("module", ["msgspec", "msgspec.json"])
def test_what_msgspec_never_had_is_missing_as_ever(host: Asset, module: str) -> None:
    """A misspelt name fails in the words that Python always uses."""
    code = f"import {module}; print(getattr({module}, 'nothing', 'default')); {module}.nothing"
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_alone(host, code)
    assert failed.value.stdout == "default\n"
    last = f"AttributeError: module '{module}' has no attribute 'nothing'"
    assert failed.value.stderr.strip().endswith(last)


def test_a_library_that_loads_otherwise_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an update of msgspec I read which file to look at, and which table to mend."""
    monkeypatch.setattr(building, "_KEPT_DEPENDENCIES", tmp_path / "cache")
    older = ("from . import toml\n", "")
    monkeypatch.setitem(building._CHEAPER, "msgspec/__init__.py", older)
    told = r"msgspec/__init__\.py .*'from \. import toml'.* mend _CHEAPER in infrastructure/asset"
    with pytest.raises(AssetError, match=told):
        build_for_host(tmp_path / "asset", Path(sys.executable))
    assert not (tmp_path / "asset").exists()


def test_functions_carry_no_aws_sdk_for_python_and_no_pydantic(aws: Asset) -> None:
    """Libraries that would triple the start-up time are not even there to import."""
    assert not {"boto3", "botocore", "pydantic", "aws_xray_sdk"} & {
        path.name for path in aws.path.iterdir()
    }


def test_asset_holds_bytecode_and_libraries_only(aws: Asset) -> None:
    """Nothing of the build, the tests or the repository travels to AWS."""
    own = {path.suffix for path in (aws.path / "orders").rglob("*") if path.is_file()}
    assert own <= {".pyc", ".pem"}
    names = {path.name for path in files(aws)}
    assert not {"RECORD", "INSTALLER", "REQUESTED", ".lock", "direct_url.json"} & names
    assert not (aws.path / "bin").exists()
    assert (aws.path / "orders/aws/roots.pem").is_file(), "without it nobody is believed to be AWS"


def test_lambda_may_read_every_file(aws: Asset) -> None:
    """A strict umask on the machine that deploys does not lock the functions out."""
    for path in (aws.path, *aws.path.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_asset_stays_small(aws: Asset, tmp_path: Path) -> None:
    """An upload takes seconds and a cold start loads little: a new heavy library is noticed."""
    with zipfile.ZipFile(tmp_path / "asset.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files(aws):
            archive.write(path, path.relative_to(aws.path))
    assert aws.size == sum(path.stat().st_size for path in files(aws))
    assert aws.size < UNZIPPED_LIMIT
    assert (tmp_path / "asset.zip").stat().st_size < ZIPPED_LIMIT


def test_without_the_runtime_python_the_build_says_cost_and_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without the runtime's Python still deploys, and is told what that costs."""
    monkeypatch.setattr(building, "_candidates", lambda _minor: iter([Path("/no/such/python")]))
    asset = build_for_aws(tmp_path / "asset")
    assert not asset.bytecode
    assert not list(asset.path.rglob("*.pyc"))
    warning = asset.warning()
    assert warning is not None
    assert "2.3 to 2.6 times as long" in warning
    assert f"uv python install {RUNTIME_PYTHON}" in warning


def test_a_second_build_changes_nothing(aws: Asset) -> None:
    """With nothing changed there is nothing to wait for."""
    before = aws.path.stat().st_ino
    assert build_for_aws(aws.path) == aws
    assert aws.path.stat().st_ino == before


def test_changed_code_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is deployed is the code as it stands, not as it stood at the last build."""
    package = tmp_path / "orders"
    package.mkdir()
    (package / "__init__.py").write_text("state = 'old'\n")
    (package / "gone.py").write_text("")
    monkeypatch.setattr(building, "_SOURCES", package)
    old = build_for_host(tmp_path / "asset", Path(sys.executable))
    (package / "__init__.py").write_text("state = 'new'\n")
    (package / "gone.py").unlink()
    new = build_for_host(tmp_path / "asset", Path(sys.executable))
    assert new.fingerprint != old.fingerprint
    assert run_alone(new, "import orders; print(orders.state)") == "new"
    assert not (new.path / "orders" / "gone.py").exists()


def test_interruption_leaves_no_half_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ^C in mid-build the next build starts afresh and is whole."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building, "_compile", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build_for_host(tmp_path / "asset", Path(sys.executable))
    assert list(tmp_path.iterdir()) == []
    assert build_for_host(tmp_path / "asset", Path(sys.executable)).path.is_dir()


def test_unreachable_index_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline you read what could not be installed, not a traceback from an installer."""
    monkeypatch.setattr(building, "_KEPT_DEPENDENCIES", tmp_path / "cache")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(AssetError, match=r"could not install requirements/runtime\.txt .*index"):
        build_for_aws(tmp_path / "asset")
    assert not (tmp_path / "asset").exists()


def test_an_interpreter_that_does_not_run_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim that only says "command not found" is passed over for a Python that works."""
    minor = "{}.{}".format(*sys.version_info)
    shim = tmp_path / f"python{minor}"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setattr(building, "_candidates", lambda _: iter([shim, Path(sys.executable)]))
    assert find_interpreter(minor) == Path(sys.executable)
    with pytest.raises(AssetError, match="not a Python interpreter that runs"):
        build_for_host(tmp_path / "asset", shim)


def test_no_python_is_found_for_a_version_that_is_not_there() -> None:
    """Asking for a Python that nobody has gives a plain no, without downloading one."""
    assert find_interpreter("3.99") is None
