"""The floor plan holds: rooms that fit a glance, and arrows that go down only."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from project.checkout import ROOT
from tests import conftest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
HOUSES: list[str] = CONFIGURATION["tool"]["importlinter"]["root_packages"]
CONTRACTS = {one["id"]: one for one in CONFIGURATION["tool"]["importlinter"]["contracts"]}
LINTER = ROOT / ".venv/bin/lint-imports"

MOST_MODULES = 12
AS_IT_IS = {"orders"}
"""It reads well (docs/decisions/0016)."""

NOT_OURS = {"node_modules", "__pycache__", "baselines"}
"""What is installed; and bench/baselines, each of which is an asset of its own."""


def rooms() -> Iterator[Path]:
    """Give each folder that holds modules."""
    for house in HOUSES:
        for folder in [ROOT / house, *(ROOT / house).rglob("*/")]:
            if not NOT_OURS & set(folder.parts) and any(folder.glob("*.py")):
                yield folder


@pytest.mark.parametrize("room", [str(room.relative_to(ROOT)) for room in rooms()])
def test_a_room_fits_a_glance(room: str) -> None:
    """Whoever opens a folder sees twelve modules at most, and a sentence saying what they are."""
    folder = ROOT / room
    modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES or room in AS_IT_IS, sorted(modules)
    head = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    assert head, "its __init__ says nothing"
    assert head.partition("\n\n")[0].endswith("."), head


@pytest.mark.parametrize("house", ["cli", "ops"])
def test_tests_mirror_what_they_test(house: str) -> None:
    """The test of ops/partners/keys.py is tests/unit/ops/partners/test_keys.py."""
    tests = ROOT / "tests/unit" / house
    tested = [path.relative_to(tests) for path in tests.rglob("test_*.py")]
    modules = [ROOT / house / path.parent / path.name.removeprefix("test_") for path in tested]
    assert [path for path in modules if not path.exists()] == []


def test_tests_that_are_kept_together_exist() -> None:
    """Whoever renames a test that `make test` treats apart hears of it here."""
    names = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    folders = {path.name for path in (ROOT / "tests").iterdir()}
    assert names >= conftest._APART
    assert folders >= conftest._FOLDERS
    places = (ROOT / "tests").rglob("test_*.py")
    groups = {conftest._group(str(path.relative_to(ROOT))) for path in places}
    assert set(conftest._LONGEST_FIRST) <= groups


def lint(folder: Path) -> tuple[bool, str]:
    """Check the arrows of a checkout; gives whether they hold, and what was said."""
    done = subprocess.run(
        [LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def test_arrows_go_down() -> None:
    """No module uses what stands above it, no two use each other: what is above can be changed."""
    kept, said = lint(ROOT)
    assert kept, said


PLANTED = {
    "houses": ("ops/flags.py", "from cli import terminal"),
    "local": ("local/copy/tls.py", "from local.demo import people"),
    "infrastructure": ("infrastructure/work/data.py", "from infrastructure.edge import api"),
    "ops": ("ops/reach/clients.py", "from ops.partners import keys"),
    "cli": ("cli/terminal.py", "from cli import options"),
    "commands": ("cli/commands/flags.py", "from cli.commands import logs"),
    "callers": (
        "cli/commands/callers/restaurants.py",
        "from cli.commands.callers import partners",
    ),
    "no-circles": ("orders/domain/lifecycle.py", "from orders.domain import reasons"),
    "inside": ("local/inside/segments.py", "import httpx"),
    "pure": ("cloudwatch/alarms.py", "import boto3"),
    "library-is-silent": ("ops/traces/spans.py", "import rich"),
}


def test_every_contract_is_tried() -> None:
    """No contract stands there that could not bite."""
    assert set(PLANTED) == set(CONTRACTS)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, dict[str, str]]:
    """Plant all of them in one copy of the code; gives what is said of each contract."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for house in HOUSES:
        shutil.copytree(
            ROOT / house, folder / house, ignore=shutil.ignore_patterns(*NOT_OURS, "*.json")
        )
    for place, line in PLANTED.values():
        module = folder / place
        before = module.read_text()
        planted = rf"\g<0>\n{line}"
        module.write_text(
            re.sub(r"^from __future__.*$", planted, before, count=1, flags=re.MULTILINE)
        )
    kept, said = lint(folder)
    _, _, broken = " ".join(said.split()).partition("Broken contracts")  # long names are wrapped
    names = "|".join(re.escape(contract["name"]) for contract in CONTRACTS.values())
    heads = re.split(rf"({names}) -+ ", broken)
    return kept, dict(zip(heads[1::2], heads[2::2], strict=True))


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_is_found(contract: str, found: tuple[bool, dict[str, str]]) -> None:
    """A wrong import anywhere fails `make check`, which names the contract and the place."""
    kept, broken = found
    assert not kept
    place, _ = PLANTED[contract]
    said = broken[CONTRACTS[contract]["name"]]
    assert any(word in said for word in (place.removesuffix(".py").replace("/", "."), ".reasons"))


def test_architecture_draws_the_layers() -> None:
    """The picture that newcomers read first has the layers that are checked, in their order."""
    text = (ROOT / "docs/architecture.md").read_text()
    picture = text.partition("<!-- layers -->\n```\n")[2].partition("```")[0]
    drawn = [re.split(r"\s{2,}", line)[0] for line in picture.splitlines() if line[:1].strip()]
    assert drawn == CONTRACTS["houses"]["layers"]
