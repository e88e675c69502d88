"""What no gate sees, for it asks functions: the front door. The smoke test goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ops.live.smoke import failed, smoke
from tests.releases.release import Release, of_type
from tests.releases.stage import DONE

if TYPE_CHECKING:
    from tests.releases.release import Template
    from tests.releases.stage import Stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

_ROUTE = "ApiRestApipartnerordersorderId"


def method(template: Template, name: str) -> Any:
    """Give the properties of a method by the beginning of its logical id."""
    found = [one for one in of_type(template, "AWS::ApiGateway::Method") if one.startswith(name)]
    assert len(found) == 1, f"{name} names {found}: mend the planting"
    return template["Resources"][found[0]]["Properties"]


def answered_by_another(template: Template) -> None:
    """Let the function that lists orders answer who reads one."""
    lists = method(template, "ApiRestApipartnerordersGET")["Integration"]["Uri"]
    method(template, f"{_ROUTE}GET")["Integration"]["Uri"] = lists


def changes_nothing(template: Template) -> None:
    """Let the function that reads orders answer who changes one."""
    reads = method(template, f"{_ROUTE}GET")["Integration"]["Uri"]
    method(template, f"{_ROUTE}PATCH")["Integration"]["Uri"] = reads


def without_permit(template: Template) -> None:
    """Let API Gateway refuse who has no token without telling the web page."""
    found = of_type(template, "AWS::ApiGateway::GatewayResponse").values()
    (refusal,) = (
        one["Properties"] for one in found if one["Properties"]["ResponseType"] == "UNAUTHORIZED"
    )
    name = "gatewayresponse.header.Access-Control-Allow-Origin"
    del refusal["ResponseParameters"][name]


def unhealthy(template: Template) -> None:
    """Let API Gateway say that all is not well."""
    answer = method(template, "ApiRestApihealthGET")["Integration"]["IntegrationResponses"][0]
    answer["ResponseTemplates"] = {"application/json": '{"status":"no"}'}


BROKEN = {
    "read": answered_by_another,
    "cancel": changes_nothing,
    "no token": without_permit,
    "health": unhealthy,
}
"""What is broken, by the step of the smoke test that finds it."""


def steps_that_fail(stage: Stage) -> list[str]:
    """Take the smoke test, and name the steps that fail."""
    return [step.name for step in failed(smoke(stage.target(), lambda _: None, times=1))]


@pytest.mark.parametrize("step", BROKEN)
def test_a_broken_front_door_is_seen(stage: Stage, step: str) -> None:
    """Where API Gateway no longer does its part I am told which, and where I could look.

    `orders deploy` then takes the release back; the release before passes.
    """
    assert stage.deploy(Release(edits=(BROKEN[step],))).status == DONE
    try:
        assert steps_that_fail(stage) == [step]
    finally:
        back = stage.deploy(Release())
    assert back.status == DONE
    assert steps_that_fail(stage) == []
