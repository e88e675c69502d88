"""Parameter Store, as the template writes it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from orders.settings import MAX_BODY_BYTES

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def facts(template: Template) -> dict[str, dict[str, Any]]:
    """Give the parameters by their names below the stage's prefix."""
    found = (properties for _, properties in template.all("SSM::Parameter"))
    return {fact["Name"].split("/", 3)[3]: fact for fact in found}


def test_other_services_find_what_this_one_consists_of(template: Template) -> None:
    """Tables, queues, topic, the API's address, origins and limits have their parameters."""
    assert set(facts(template)) == {
        *(f"tables/{name}" for name in ("orders", "partners", "idempotency-keys")),
        *(f"queues/{name}" for name in ("process-order", "process-order-dead-letters")),
        *(f"queues/{name}" for name in ("notify-partner", "notify-partner-dead-letters")),
        *(f"queues/{name}" for name in ("notify-restaurant", "notify-restaurant-dead-letters")),
        *("topics/order-changes", "api/url", "api/origins"),
        *("limits/body-bytes", "limits/idempotency-hours", "release"),
    }
    assert facts(template)["limits/body-bytes"]["Value"] == str(MAX_BODY_BYTES)


def test_each_parameter_says_what_it_is_and_what_it_can_hold(template: Template) -> None:
    """Whoever changes one by hand is told what it is for, and stopped from writing nonsense."""
    for name, fact in facts(template).items():
        assert len(fact["Description"].split()) >= 3, name
        assert fact["AllowedPattern"].startswith("^"), name
        if isinstance(fact["Value"], str):
            assert re.fullmatch(fact["AllowedPattern"], fact["Value"]), name
        assert not re.fullmatch(fact["AllowedPattern"], "no such thing!"), name


def test_readers_may_read_each_fact_and_no_secret(template: Template) -> None:
    """Other services get one policy, which opens neither partners' secrets nor the signing key."""
    policy = template.one("IAM::ManagedPolicy")["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert set(statement["Action"]) == {"ssm:GetParameter", "ssm:GetParameters"}
    names = {name for name, _ in template.all("SSM::Parameter")}
    assert {on["Fn::Join"][1][-1]["Ref"] for on in statement["Resource"]} == names


def test_what_operators_and_nobody_may_know_is_not_in_the_template(template: Template) -> None:
    """The flags and the signing key are made at the first deployment: no template holds them."""
    (created,) = (
        resource["Properties"]
        for resource in template.document["Resources"].values()
        if resource["Type"] == "Custom::CreatedParameters"
    )
    assert created["Flags"].endswith("/flags")
    assert created["SigningKey"].endswith("/webhook-signing-key")
    assert set(created) == {"ServiceToken", "ServiceTimeout", "Flags", "SigningKey", "KeyId"}
    assert "whsec_" not in json.dumps(template.document)
    assert not [name for name in facts(template) if name in ("flags", "webhook-signing-key")]


def created(template: Template) -> dict[str, Any]:
    resources: dict[str, dict[str, Any]] = template.document["Resources"]
    return next(r for r in resources.values() if r["Type"] == "Custom::CreatedParameters")


def test_what_is_made_goes_with_dev_and_stays_with_prod(dev: Template, prod: Template) -> None:
    """Prod's flags and signing key outlive its stack: nobody asks for their removal, or may."""
    assert created(dev)["DeletionPolicy"] == created(dev)["UpdateReplacePolicy"] == "Delete"
    assert created(prod)["DeletionPolicy"] == created(prod)["UpdateReplacePolicy"] == "Retain"
    for template, allowed in ((dev, True), (prod, False)):
        assert ("ssm:DeleteParameters" in json.dumps(template.document)) is allowed


def test_a_deployment_waits_for_every_call_that_lambda_repeats(template: Template) -> None:
    """An answer that only the third call gets through still comes in time: 60 s and 120 s later."""
    function = template.one("Lambda::Function", "CreateParametersFunction")
    assert function["Timeout"] >= 30 + 2 * 4 + 3 * 10  # IAM, two calls of SSM, three answers
    assert int(created(template)["Properties"]["ServiceTimeout"]) >= 3 * function["Timeout"] + 180
