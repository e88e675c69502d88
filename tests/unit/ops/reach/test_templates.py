"""A template is read from a file, or the file is refused by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.reach import templates
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("text", ["Resources: {}", "[]", '{"Resources": []}'])
def test_no_template(tmp_path: Path, text: str) -> None:
    """A file that is no template is told by its name."""
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(OperatorError, match=r"other\.yaml"):
        templates.read(path)


def test_a_template_is_kept_while_its_sources_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`orders cost` waits for CDK once, then only for a changed source or a broken file."""
    made: list[str] = []
    sources = iter(["a", "a", "b", "b"])

    def synthesized(stage: str) -> dict[str, object]:
        made.append(stage)
        return {"Resources": {}}

    monkeypatch.setattr(templates, "of_the_checkout", lambda _: None)
    monkeypatch.setattr(templates, "_KEPT", tmp_path)
    monkeypatch.setattr(templates, "_synthesized", synthesized)
    monkeypatch.setattr(templates, "fingerprint", lambda *_: next(sources))
    for wanted in (1, 1, 2):
        assert templates.synthesized("dev") == {"Resources": {}}
        assert len(made) == wanted
    (tmp_path / "dev.json").write_text("{")
    templates.synthesized("dev")
    assert len(made) == 3


def test_costs_need_no_cdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """`orders cost` in a fresh checkout asks no CDK: the template is in the checkout."""

    def fail(_: str) -> None:
        raise AssertionError("CDK was asked")

    monkeypatch.setattr(templates, "_synthesized", fail)
    assert len(templates.synthesized("prod")["Resources"]) > 100
