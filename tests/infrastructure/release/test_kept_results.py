"""What CDK has made is kept as long as its sources stand, and not a change longer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import STAGES
from ops.reach import kept as templates
from tests.shared.templates import kept

if TYPE_CHECKING:
    from pathlib import Path

    from infrastructure.settings import Settings
    from tests.infrastructure.conftest import Template

DEV = STAGES["dev"]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """What the sources of templates are; a test changes it."""
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "templates")
    now: dict[str, str | None] = {"now": "1"}
    monkeypatch.setattr(templates, "sources", lambda: now["now"])
    return now


def asked(what: str = "template", settings: Settings = DEV) -> bool:
    """Tell whether it was made anew."""
    made: list[int] = []

    def make() -> Any:
        made.append(1)
        return {"a": made}

    assert kept.made(what, settings, make) == {"a": [1]}
    return bool(made)


@pytest.mark.usefixtures("sources")
def test_it_is_made_once_for_the_same() -> None:
    """Another question, or another setting, is another answer."""
    assert asked()
    assert not asked()
    assert asked("findings")
    assert asked(settings=replace(DEV, firewall_trial=True))


def test_a_changed_source_is_heard_of_at_once(sources: dict[str, str | None]) -> None:
    """While a change is not said to be meant nothing is kept, and nothing kept is believed."""
    assert asked()
    sources["now"] = None
    assert asked()
    assert asked()
    sources["now"] = "2"
    assert asked()
    assert [folder.name for folder in kept.FOLDER.iterdir()] == ["2"]


@pytest.mark.usefixtures("sources")
def test_half_of_it_is_made_anew() -> None:
    """A run that was interrupted leaves nothing that a later one takes for whole."""
    assert asked()
    (path,) = kept.FOLDER.glob("*/*")
    path.write_text('{"a": [')
    assert asked()
    assert not asked()


@pytest.mark.synthesizes
def test_what_is_kept_is_what_cdk_makes(dev: Template, dev_again: Template) -> None:
    """Each run asks CDK for one stage in any case: it makes what is kept, to the last value."""
    assert dev_again.document == dev.document
