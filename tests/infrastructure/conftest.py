"""Templates, synthesized once for all tests of a session."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure import synth
from infrastructure.settings import STAGES, Budget, Capacity, CapacityMode, Domain, WebClient
from orders.settings import STAGE
from tests.shared.templates import kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infrastructure.service import Service

DOMAIN = Domain(
    name="api.orders.example.com",
    certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-4e5f",
)
WEB_CLIENT = WebClient(
    name="orders.example.com",
    certificate_arn="arn:aws:acm:us-east-1:111122223333:certificate/4e5f0a1b-2c3d",
    menu_url="https://menu.example.com/v2",
)
PROVISIONED = Capacity(mode=CapacityMode.PROVISIONED)
VARIANTS = {
    **STAGES,
    "dev-provisioned": replace(
        STAGES["dev"],
        capacity=PROVISIONED,
        shares_waiver="A hundred units are for a steady load of callers who know each other.",
    ),
    # all that the settings can add to prod
    "prod-hardened": replace(
        STAGES["prod"],
        domain=DOMAIN,
        web_client=WEB_CLIENT,
        customer_key=True,
        order_retention_days=730,
        budget=Budget(alarm_emails=("ops@example.com", "money@example.com")),
    ),
}

LONGEST = replace(STAGES["prod"], stage="a" * 20)
"""A stage with the longest name that the settings take."""

GIVEN = "given-templates"
"""The plugin, if any, that brings the templates: tests.mutation plants faults in them."""


class Template:
    """A synthesized CloudFormation template."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Keep the document."""
        self.document = document

    def all(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give id and properties of each resource of a type such as `Lambda::Function`."""
        for name, resource in self.document["Resources"].items():
            if resource["Type"] == f"AWS::{kind}":
                yield name, resource.get("Properties", {})

    @property
    def stage(self) -> str:
        """The stage whose metrics the functions count."""
        function = self.one("Lambda::Function", "CreateOrderFunction")
        return str(function["Environment"]["Variables"][STAGE])

    def one(self, kind: str, start: str = "") -> dict[str, Any]:
        """Give the properties of the only resource of a type whose id starts so."""
        (found,) = (properties for name, properties in self.all(kind) if name.startswith(start))
        return found

    def resource(self, kind: str, start: str) -> dict[str, Any]:
        """Give the whole resource of a type whose id starts so."""
        (name,) = (name for name, _ in self.all(kind) if name.startswith(start))
        found: dict[str, Any] = self.document["Resources"][name]
        return found


class Services(dict[str, "Service"]):
    """Every variant, built when it is first asked for: what is kept of it needs no building.

    The asset is a stand-in, only its place is in a template. CDK's own validation takes longer
    than all the rest: release/test_cdk_validation.py asks it.
    """

    def __init__(self, folder: Path) -> None:
        """Have them written below a folder."""
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> Service:
        """Build it."""
        folder = self._folder / name
        folder.mkdir()
        self[name] = synth.compose_without_code(VARIANTS[name], folder)
        return self[name]

    def template(self, name: str) -> dict[str, Any]:
        """Synthesize it."""
        found: dict[str, Any] = json.loads(synth.write(self[name]).read_text())
        return found


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    """Every variant."""
    return Services(tmp_path_factory.mktemp("services"))


@pytest.fixture(scope="session")
def given(request: pytest.FixtureRequest) -> Any:
    """What another run gives to be judged, in place of what is synthesized here; usually None."""
    return request.config.pluginmanager.get_plugin(GIVEN)


@pytest.fixture(scope="session")
def paths(given: Any, request: pytest.FixtureRequest) -> dict[str, Path]:
    """Write every variant's template."""
    if given is not None:
        found: dict[str, Path] = given.paths
        return found
    services: Services = request.getfixturevalue("services")
    folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("templates")
    written = {name: folder / f"{name}.template.json" for name in VARIANTS}
    for name, path in written.items():
        document = kept.made("template", VARIANTS[name], partial(services.template, name))
        path.write_text(json.dumps(document, indent=1))
    return written


@pytest.fixture(scope="session")
def templates(given: Any, paths: dict[str, Path]) -> dict[str, Template]:
    """Read every variant's template once."""
    if given is not None:
        found: dict[str, Template] = given.templates
        return found
    return {name: Template(json.loads(path.read_text())) for name, path in paths.items()}


@pytest.fixture(scope="session")
def longest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the template of the stage with the longest name."""
    path = tmp_path_factory.mktemp("longest") / "longest.template.json"
    path.write_text(json.dumps(kept.template_of(LONGEST), indent=1))
    return path


@pytest.fixture(params=VARIANTS)
def template(request: pytest.FixtureRequest, templates: dict[str, Template]) -> Template:
    """Each variant in turn."""
    return templates[request.param]


@pytest.fixture(scope="session")
def dev_again() -> Template:
    """Stage dev, synthesized in any case."""
    return Template(synth.template_of(STAGES["dev"]))


@pytest.fixture
def dev(templates: dict[str, Template]) -> Template:
    """The development stage."""
    return templates["dev"]


@pytest.fixture
def prod(templates: dict[str, Template]) -> Template:
    """The production stage."""
    return templates["prod"]


@pytest.fixture
def hardened(templates: dict[str, Template]) -> Template:
    """The production stage with a domain and a key of its own."""
    return templates["prod-hardened"]


@pytest.fixture
def provisioned(templates: dict[str, Template]) -> Template:
    """The development stage with provisioned capacity."""
    return templates["dev-provisioned"]
