"""CDK's own validation, an older edition of what test_checkers.py asks: of every variant."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from infrastructure import synth
from infrastructure.nag_acknowledgements import acknowledgements
from infrastructure.settings import STAGES
from project.checkout import ROOT
from tests.infrastructure.conftest import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path

    from infrastructure.settings import Settings

KEPT = ROOT / ".cache/cdk-validation"

LONGEST = replace(STAGES["prod"], stage="a" * 20)
"""A stage with the longest name that the settings take: CDK knows limits of names."""


def validated(settings: Settings, asset: Path, out: Path, kept: Path = KEPT) -> Path:
    """Have CDK validate a template, which takes eight seconds; a text that was clean not again.

    Args:
        settings: of the template's stage.
        asset: the folder of the functions' code.
        out: a folder for what is synthesized.
        kept: where it is noted which texts were clean.

    Returns:
        Where it is noted that this text is clean.
    """
    text = synth.synthesize(settings, asset=asset, out=out / "plain", validates=False).read_bytes()
    answered = [*acknowledgements(settings), (ROOT / "cdk.json").read_text()]
    asked = f"{version('aws-cdk-lib')} {answered}".encode()
    clean = kept / hashlib.sha256(asked + text).hexdigest()
    if not clean.exists():
        synth.synthesize(settings, asset=asset, out=out / "validated", validates=True)
        kept.mkdir(parents=True, exist_ok=True)
        clean.touch()
    return clean


@pytest.fixture
def asset(tmp_path: Path) -> Path:
    """A stand-in: only its place is in a template."""
    folder = tmp_path / "asset"
    folder.mkdir()
    (folder / "code.py").write_text("")
    return folder


@pytest.mark.synthesizes
@pytest.mark.parametrize("settings", [*VARIANTS.values(), LONGEST], ids=[*VARIANTS, "longest name"])
def test_cdk_is_content(settings: Settings, asset: Path, tmp_path: Path) -> None:
    """CDK writes each template without a complaint of its own."""
    assert validated(settings, asset, tmp_path).exists()


@pytest.mark.synthesizes
def test_only_what_is_clean_is_not_validated_again(
    asset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another text is validated however little differs, and what was wrong stays wrong."""
    asked: list[str] = []

    def fake(settings: Settings, *, out: Path, validates: bool, **_: object) -> Path:
        if validates:
            asked.append(settings.stage)
            if settings.stage == "wrong":
                raise RuntimeError
        out.mkdir(parents=True, exist_ok=True)
        (out / "template.json").write_text(settings.stage)
        return out / "template.json"

    monkeypatch.setattr(synth, "synthesize", fake)
    kept = tmp_path / "kept"
    for stage in ("one", "two", "one", "two"):
        validated(replace(STAGES["dev"], stage=stage), asset, tmp_path / stage, kept)
    assert asked == ["one", "two"]
    for _ in range(2):
        with pytest.raises(RuntimeError):
            validated(replace(STAGES["dev"], stage="wrong"), asset, tmp_path / "wrong", kept)
    assert asked == ["one", "two", "wrong", "wrong"]
