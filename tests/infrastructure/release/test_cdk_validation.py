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
from tests.infrastructure.conftest import LONGEST, VARIANTS

if TYPE_CHECKING:
    from pathlib import Path

    from infrastructure.settings import Settings

KEPT = ROOT / ".cache/cdk-validation"


def validated(settings: Settings, text: bytes, folder: Path, kept: Path = KEPT) -> Path:
    """Have CDK validate a template, which takes eight seconds; a text that was clean not again.

    Args:
        settings: of the template's stage.
        text: the template.
        folder: for what is synthesized.
        kept: where it is noted which texts were clean.

    Returns:
        Where it is noted that this text is clean.
    """
    answered = [*acknowledgements(settings), (ROOT / "cdk.json").read_text()]
    asked = f"{version('aws-cdk-lib')} {answered}".encode()
    clean = kept / hashlib.sha256(asked + text).hexdigest()
    if not clean.exists():
        asset = folder / "asset"
        asset.mkdir(parents=True)
        (asset / "code.py").write_text("")
        path = synth.synthesize(settings, asset=asset, out=folder / "out", validates=True)
        assert path.read_bytes() == text
        kept.mkdir(parents=True, exist_ok=True)
        clean.touch()
    return clean


@pytest.mark.synthesizes
@pytest.mark.parametrize("variant", VARIANTS)
def test_cdk_is_content(paths: dict[str, Path], variant: str, tmp_path: Path) -> None:
    """CDK writes each template without a complaint of its own."""
    assert validated(VARIANTS[variant], paths[variant].read_bytes(), tmp_path).exists()


@pytest.mark.synthesizes
def test_cdk_is_content_with_the_longest_name(longest: Path, tmp_path: Path) -> None:
    """CDK knows limits of names: no other one becomes too long by the stage's."""
    assert validated(LONGEST, longest.read_bytes(), tmp_path).exists()


@pytest.mark.synthesizes
def test_only_what_is_clean_is_not_validated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another text is validated however little differs, and what was wrong stays wrong."""
    asked: list[str] = []

    def fake(settings: Settings, *, out: Path, **_: object) -> Path:
        asked.append(settings.stage)
        if settings.stage == "wrong":
            raise RuntimeError
        out.mkdir(parents=True)
        (out / "template.json").write_text(settings.stage)
        return out / "template.json"

    def validate(number: int, stage: str) -> None:
        named = replace(STAGES["dev"], stage=stage)
        validated(named, stage.encode(), tmp_path / str(number), tmp_path / "kept")

    monkeypatch.setattr(synth, "synthesize", fake)
    for number, stage in enumerate(("one", "two", "one", "two")):
        validate(number, stage)
    assert asked == ["one", "two"]
    for number in (4, 5):
        with pytest.raises(RuntimeError):
            validate(number, "wrong")
    assert asked == ["one", "two", "wrong", "wrong"]
