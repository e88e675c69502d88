"""The templates that the checkout keeps are those that CDK makes of its sources."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from documents import costs
from infrastructure.settings import STAGES
from infrastructure.watching.budget import EXPECTED_COSTS
from local.copy.kept_template import filled
from ops.reach import kept
from project.checkout import ROOT
from project.release import here, looked_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infrastructure.conftest import Template

MEND = "A source of the templates has changed. Write them anew: make docs"
CODE = "0123456789abcdef" * 4


def of(stage: str) -> dict[str, Any]:
    found = kept.template(stage)
    assert found is not None, MEND
    return found


def asset_of(template: dict[str, Any]) -> str:
    (key,) = {
        resource["Properties"]["Code"]["S3Key"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    return str(key).removesuffix(".zip")


@pytest.mark.synthesizes
@pytest.mark.parametrize("stage", STAGES)
def test_what_runs_here_is_what_cdk_makes(stage: str, templates: dict[str, Template]) -> None:
    """`make run` and `orders cost` look at the very template that goes to AWS, without CDK."""
    document = templates[stage].document
    text = filled(of(stage), code=asset_of(document), release=here(), gate=None)
    assert json.loads(text) == document, MEND


def test_each_code_has_versions_of_its_own() -> None:
    """After I edit a handler the next start publishes it: its versions' names are others."""
    template = of("dev")
    names = set(template["Resources"])
    now = json.loads(filled(template, code=CODE, release=looked_at(), gate=None))
    again = json.loads(filled(template, code=CODE, release=here(), gate=None))
    other = json.loads(filled(template, code=CODE[::-1], release=looked_at(), gate=None))
    assert asset_of(now) == CODE
    changed = [
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Version"
    ]
    assert changed
    assert names - set(now["Resources"]) == set(changed)
    assert names - set(other["Resources"]) == set(changed)
    assert set(now["Resources"]) == set(again["Resources"])
    assert set(now["Resources"]) & set(other["Resources"]) == names - set(changed)
    assert not [name for name in changed if name in json.dumps(now)]


def test_the_gate_is_told() -> None:
    """Here a new version goes live unasked; the template says why."""
    text = filled(of("dev"), code=CODE, release=here(), gate=("skip", "here"))
    (gate,) = (
        resource["Properties"]
        for resource in json.loads(text)["Resources"].values()
        if resource["Type"] == "Custom::ReleaseGate"
    )
    assert (gate["Gate"], gate["Reason"]) == ("skip", "here")


def test_make_docs_needs_no_second_run() -> None:
    """After one `make docs` the kept templates are of today's sources, the recorded costs too."""
    recipe = (ROOT / "Makefile").read_text().partition("\ndocs:")[2].partition("\n\n")[0]
    modules = re.findall(r" -m (\S+)", recipe)
    assert (
        EXPECTED_COSTS.relative_to(ROOT).as_posix() in json.loads(kept.SOURCES.read_text())["files"]
    )
    assert modules.index(costs.__name__) < modules.index(kept.__name__)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the templates are made from, and of the templates."""
    told = json.loads(kept.SOURCES.read_text())
    kept_files = [str(path.relative_to(ROOT)) for path in kept.FOLDER.iterdir()]
    for name in [*told["files"], *kept_files, "requirements/dev.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_changed_source_is_seen(checkout: Path) -> None:
    """A template of yesterday's sources is never deployed: CDK is asked instead."""
    assert kept.template("dev", root=checkout) is not None
    settings = checkout / "infrastructure/settings.py"
    before = settings.read_text()
    settings.write_text(f"{before}\n# changed\n")
    assert kept.template("dev", root=checkout) is None
    settings.write_text(before)
    assert kept.template("dev", root=checkout) is not None
    lock = checkout / "requirements/dev.txt"
    lock.write_text(lock.read_text().replace("aws-cdk-lib==2", "aws-cdk-lib==3"))
    assert kept.template("dev", root=checkout) is None


def test_a_source_or_a_template_that_is_gone_is_seen(checkout: Path) -> None:
    """Whatever is missing or broken, CDK is asked; nothing ends with a stack trace."""
    (checkout / "infrastructure/kept/prod.template.json").unlink()
    assert kept.template("prod", root=checkout) is None
    assert kept.template("dev", root=checkout) is not None
    (checkout / "infrastructure/outputs.py").unlink()
    assert kept.template("dev", root=checkout) is None
    (checkout / "infrastructure/kept/sources.json").write_text("{")
    assert kept.template("dev", root=checkout) is None
