"""The runbooks name outputs, settings and rules that the template has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from project.checkout import ROOT

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

FOLDER = ROOT / "docs/runbooks"
TEXT = "".join(path.read_text() for path in sorted(FOLDER.glob("*.*")))


def test_outputs(prod: Template) -> None:
    """Every output that a command asks for is one of the stack's."""
    there = set(prod.document["Outputs"])
    looped = re.findall(r"for T in ([A-Za-z ]+);", TEXT)
    functions = (
        re.findall(r"insights ([A-Z][a-z]\w+)", TEXT)
        + " ".join(re.findall(r"for F in ([A-Za-z ]+);", TEXT)).split()
    )
    asked = {*re.findall(r"output (\w+)", TEXT), *" ".join(looped).split()} - {"text", "json"}
    asked |= {f"{name}Function" for name in functions}
    assert asked - {"NAME", "of"} <= there


def test_alarms(prod: Template) -> None:
    """Whoever comes from an alarm finds its name on the page that the alarm names."""
    for _, alarm in prod.all("CloudWatch::Alarm"):
        name = alarm["AlarmName"].removeprefix("food-delivery-orders-prod-")
        page = FOLDER / alarm["AlarmDescription"].rpartition("/")[2]
        functions = re.search(r"-errors-(fast|slow)$", name) and not name.startswith("api-")
        wanted = f"…-errors-{name.rpartition('-')[2]}" if functions else name
        assert f"`{wanted}`" in page.read_text(), (name, page.name)


def test_names(prod: Template) -> None:
    """The API and the firewall's rules are called what the commands call them."""
    stack = "food-delivery-orders-prod"
    log = prod.one("Logs::LogGroup", "ProcessingPipeLogs")["LogGroupName"]
    assert log == f"/aws/vendedlogs/pipes/{stack}-order-changes"
    assert prod.one("ApiGateway::RestApi")["Name"] == stack
    acl: dict[str, Any] = prod.one("WAFv2::WebACL")
    assert acl["VisibilityConfig"]["MetricName"] == stack
    (rules,) = re.findall(r"for RULE in ([A-Za-z ]+);", TEXT)
    metrics = {rule["VisibilityConfig"]["MetricName"] for rule in acl["Rules"]}
    assert set(rules.split()) == metrics
