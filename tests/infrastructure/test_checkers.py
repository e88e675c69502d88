"""The checkers find nothing in any variant that is not acknowledged with a reason.

What none of them sees is asserted beside what it is about: keys, indexes and billing in
work/test_data.py, roles and architecture in work/test_function.py.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from infrastructure import service as service_module
from infrastructure.asset import Target
from infrastructure.nag_acknowledgements import acknowledgements
from infrastructure.synth import compose_without_code
from project.checkout import ROOT
from tests.infrastructure.conftest import VARIANTS
from tests.lazily import Lazily
from tests.shared.templates import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infrastructure.service import Service
    from tests.infrastructure.conftest import Services, Template

cdk_nag, cfnlint = Lazily("cdk_nag"), Lazily("cfnlint")
cloudformation_validate = Lazily("cloudformation_validate")

PACKS = ("AwsSolutionsChecks", "ServerlessChecks")
IGNORED = {
    # A function and a pipe wait for their role's policy; CDK names the role beside it.
    ("W3005", "AWS::Lambda::Function"),
    ("W3005", "AWS::Pipes::Pipe"),
    # The certificate of a domain is made outside this stack, by whoever owns the domain.
    ("W9002", "AWS::ApiGateway::DomainName"),
}


@pytest.fixture(scope="session")
def validator() -> Any:
    """The engine of cloudformation-validate, which compiles its rules once."""
    return cloudformation_validate.CompositeEngine()


class Finding(NamedTuple):
    """What cdk-nag holds against one resource."""

    path: str
    rule: str
    description: str

    def __str__(self) -> str:
        """Say it to a person."""
        return f"{self.path}: {self.description} Mend it, or acknowledge {self.rule} with a reason."


def nag(what: str, variant: str, service: Callable[[], Service]) -> list[Finding]:
    """Give what both packs of cdk-nag find in a variant; they are not asked twice."""
    what = f"{what} cdk-nag {version('cdk-nag')} {PACKS} {inspect.getsource(findings_of)}"
    asked = kept.made(what, VARIANTS[variant], lambda: list(findings_of(service())))
    return [Finding(*finding) for finding in asked]


def findings_of(service: Service) -> Iterator[Finding]:
    """Ask both packs of cdk-nag about a service."""
    prefix = f"{service.node.path}/"
    for pack in PACKS:
        checks = getattr(cdk_nag, pack)(service)
        for violation in checks.validate_scope(service).violations:
            for resource in violation.violating_resources:
                path = str(resource.construct_path).removeprefix(prefix)
                yield Finding(path, violation.rule_name, violation.description)


@pytest.mark.parametrize("variant", VARIANTS)
def test_cdk_nag_is_content(services: Services, variant: str) -> None:
    """AWS's rules for solutions and for serverless find nothing that nobody has answered for."""
    findings = [str(finding) for finding in nag("whole", variant, lambda: services[variant])]
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_acknowledgement_answers_a_finding(
    variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No acknowledgement is left over from what has been mended since, or was never found."""
    monkeypatch.setattr(service_module, "acknowledge", lambda *_: None)
    bare = nag("bare", variant, lambda: compose_without_code(VARIANTS[variant], tmp_path))
    found = {(finding.path, finding.rule) for finding in bare}
    assert {(a.path, a.rule) for a in acknowledgements(VARIANTS[variant])} == found


def test_an_acknowledgement_is_on_one_resource_and_has_a_reason() -> None:
    """Nothing is waved through for a whole stack, nor with a shrug."""
    for settings in VARIANTS.values():
        for path, rule, reason in acknowledgements(settings):
            assert path.endswith("/Resource"), path
            assert reason.startswith("As AwsSolutions-") or len(reason.split()) >= 10, (path, rule)


@pytest.mark.parametrize("variant", VARIANTS)
def test_cfn_lint_is_content(paths: dict[str, Path], variant: str) -> None:
    """AWS's linter for CloudFormation has neither an error nor a warning."""
    problems = linted(paths[variant])
    assert not problems, "\n".join(problems)


def linted(path: Path, kept: Path = ROOT / ".cache/cfn-lint") -> list[str]:
    """Ask cfn-lint, which takes six seconds; a text that it found clean it is not asked again."""
    text = path.read_bytes()
    asked = f"{version('cfn-lint')} {sys.version} {sorted(IGNORED)}".encode()
    clean = kept / hashlib.sha256(asked + text).hexdigest()
    if clean.exists():
        return []
    resources = json.loads(text)["Resources"]
    problems = [
        f"{match.rule.id} at line {match.linenumber}: {match.message}"
        for match in cfnlint.lint_file(path)
        if (match.rule.id, resources.get(match.path[1], {}).get("Type")) not in IGNORED
    ]
    if not problems:
        kept.mkdir(parents=True, exist_ok=True)
        clean.touch()
    return problems


def test_only_what_is_clean_is_not_linted_again(tmp_path: Path) -> None:
    """Another text is linted however little differs, and what was wrong stays wrong."""
    path, kept = tmp_path / "template.json", tmp_path / "kept"
    queue: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    for properties, count in (({}, 1), ({"DelaySeconds": 1}, 2), ({"DelaySecond": 1}, 2)):
        queue["Properties"] = properties
        path.write_text(json.dumps({"Resources": {"Queue": queue}}))
        for _ in range(2):
            problems = linted(path, kept)
            assert bool(problems) == ("DelaySecond" in properties)
        assert len([*kept.iterdir()]) == count


@pytest.mark.parametrize("variant", VARIANTS)
def test_cloudformation_validate_is_content(
    validator: Any, paths: dict[str, Path], variant: str
) -> None:
    """AWS's offline validation has neither an error nor a warning: a wrong enum is only one."""
    problems = problems_of(validator, paths[variant])
    assert not problems, "\n".join(problems)


def problems_of(validator: Any, template: Any) -> list[str]:
    """Validate a template, and say what is worse than a hint."""
    return [
        f"{found.rule_id} at {found.entity}: {found.message}"
        for found in validator.validate_template(template).diagnostics
        if found.severity.name != "INFO"
        and (found.rule_id, found.entity and found.entity.resource_type) not in IGNORED
    ]


def test_a_wrong_enum_does_not_pass(validator: Any, prod: Template) -> None:
    """A value that AWS does not know is reported before anything is deployed."""
    document = copy.deepcopy(prod.document)
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::WAFv2::WebACL":
            resource["Properties"]["Scope"] = "GLOBAL"
    problems = problems_of(validator, json.dumps(document).encode())
    assert [problem for problem in problems if "GLOBAL" in problem]


def test_functions_run_on_what_their_asset_is_built_for(template: Template) -> None:
    """No checker looks into the asset: its processor and its Python are the functions'."""
    target = Target.aws()
    assert str(target.platform).startswith("aarch64")
    for _, function in template.all("Lambda::Function"):
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == f"python{target.python}"
        assert "Layers" not in function
