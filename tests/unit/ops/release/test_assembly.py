"""An assembly that was built elsewhere is deployed whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from ops.reach.errors import OperatorError
from ops.release.assembly import opened, release_of, unpacked
from project.release import Release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STACK = "food-delivery-orders-dev"
RELEASE = Release("1.0.0", "a" * 40, dirty=False)
TEMPLATE = {"Resources": {}, "Outputs": {"Release": {"Value": RELEASE.text()}}}


def write(folder: Path, stack: str = STACK) -> Path:
    """Write an assembly as the CDK app does, in small."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(TEMPLATE)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (folder / f"{stack}.template.json").write_text(text)
    (folder / "asset.1").mkdir()
    (folder / "asset.1/code.py").write_text("1")
    assets = {
        digest: {"source": {"path": f"{stack}.template.json"}},
        "1": {"source": {"path": "asset.1"}},
    }
    (folder / f"{stack}.assets.json").write_text(json.dumps({"files": assets}))
    properties = {
        "templateFile": f"{stack}.template.json",
        "stackTemplateAssetObjectUrl": f"s3://bucket/{digest}.json",
        "terminationProtection": True,
        "tags": {"team": "orders"},
    }
    artifacts = {stack: {"type": "aws:cloudformation:stack", "properties": properties}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts, "version": "55"}))
    return folder


def zipped(folder: Path, archive: Path, below: str = "") -> Path:
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, f"{below}{path.relative_to(folder)}")
    return archive


@pytest.mark.parametrize("below", ["", "cdk.out/"])
def test_what_was_built_elsewhere(tmp_path: Path, below: str) -> None:
    """A ZIP of cdk.out is deployed as it is, with its own release, whatever folder it is in."""
    archive = zipped(write(tmp_path / "out"), tmp_path / "a.zip", below)
    found = opened(unpacked(archive, tmp_path / "in"), STACK)
    assert (found.template, found.release) == (TEMPLATE, RELEASE)
    assert (found.protected, found.tags) == (True, {"team": "orders"})
    text = json.dumps(TEMPLATE).encode()
    assert found.template_key == f"{hashlib.sha256(text).hexdigest()}.json"


def test_another_stage(tmp_path: Path) -> None:
    """The assembly of another stage is refused, with that stage's name."""
    write(tmp_path, "food-delivery-orders-prod")
    with pytest.raises(OperatorError, match=r"of food-delivery-orders-prod, not of .*-dev"):
        opened(tmp_path, STACK)


def empty(path: Path) -> None:
    path.write_text("")


def changed(path: Path) -> None:
    path.write_text(path.read_text().replace("Resources", "Outcomes") + '{"Resources": {}}')


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        ("manifest.json", lambda path: path.unlink(), "has no manifest.json"),
        ("manifest.json", empty, "manifest.json is no JSON object"),
        ("manifest.json", lambda path: path.write_text("{}"), "lists nothing"),
        (f"{STACK}.assets.json", lambda path: path.unlink(), "has no .*assets.json"),
        (f"{STACK}.template.json", empty, "cannot be read as a template"),
        (f"{STACK}.template.json", lambda path: path.unlink(), "cannot be read"),
        (
            f"{STACK}.template.json",
            lambda path: path.write_text('{"Resources": {"X": 1}}'),
            "is not what its hash says",
        ),
        ("asset.1", lambda path: path.rename(path.with_name("gone")), "asset.1 is missing"),
    ],
)
def test_an_assembly_that_is_not_whole(
    tmp_path: Path, name: str, harm: Callable[[Path], Any], said: str
) -> None:
    """Whatever is missing, cut off or changed is found before anything is deployed."""
    harm(write(tmp_path / "out") / name)
    with pytest.raises(OperatorError, match=said):
        opened(tmp_path / "out", STACK)


def test_a_zip_that_is_none(tmp_path: Path) -> None:
    """A download that was cut off, or never was a ZIP, is told in a sentence."""
    whole = zipped(write(tmp_path / "out"), tmp_path / "a.zip").read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OperatorError, match="no ZIP that can be opened"):
        unpacked(cut, tmp_path / "in")
    flipped = bytearray(whole)
    flipped[whole.index(b'{"Resources"') + 2] ^= 1
    cut.write_bytes(bytes(flipped))
    with pytest.raises(OperatorError, match="is damaged"):
        unpacked(cut, tmp_path / "in")
    with pytest.raises(OperatorError, match="cannot be read"):
        unpacked(tmp_path / "nowhere.zip", tmp_path / "in")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_a_zip_that_would_write_elsewhere(tmp_path: Path, name: str) -> None:
    """Nothing is written outside of the folder it is unpacked in."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(name, "x")
    with pytest.raises(OperatorError, match="a file outside of itself"):
        unpacked(tmp_path / "a.zip", tmp_path / "in")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("value", [None, {"Ref": "X"}, "no release", "{}"])
def test_a_template_that_does_not_say(value: Any) -> None:
    """A release before there were any is unknown, and no error."""
    assert release_of({"Outputs": {"Release": {"Value": value}}}) is None
    assert release_of({}) is None
