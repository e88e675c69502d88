"""The firewall, as the template defines it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.edge.firewall import COUNTED
from infrastructure.settings import STAGES
from infrastructure.shares import PERSON_SECONDS, RATE_WINDOW_SECONDS
from orders.routes import ROUTES, STAGE
from tests.shared.templates.kept import template_of

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

MANAGED = ["AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet"]


@pytest.fixture
def rules(prod: Template) -> dict[str, dict[str, Any]]:
    """The rules of the web ACL by name."""
    return {rule["Name"]: rule for rule in prod.one("WAFv2::WebACL")["Rules"]}


def rate_of(rule: dict[str, Any]) -> dict[str, Any]:
    """Give the statement of a rate rule."""
    statement: dict[str, Any] = rule["Statement"]["RateBasedStatement"]
    return statement


def test_production_stands_behind_a_firewall(prod: Template) -> None:
    """Every request to production's stage passes the firewall first, and so does each sign-up."""
    guarded = [association for _, association in prod.all("WAFv2::WebACLAssociation")]
    (acl, _), (stage, _), (pool, _) = (
        next(prod.all(kind)) for kind in ("WAFv2::WebACL", "ApiGateway::Stage", "Cognito::UserPool")
    )
    assert [one["WebACLArn"] for one in guarded] == [{"Fn::GetAtt": [acl, "Arn"]}] * 2
    arns = [one["ResourceArn"] for one in guarded]
    assert {"Fn::GetAtt": [pool, "Arn"]} in arns
    assert [arn["Fn::Join"][1][-1] for arn in arns if "Fn::Join" in arn] == [{"Ref": stage}]


def test_development_pays_for_no_firewall(dev: Template) -> None:
    """A stage whose settings leave the firewall out has nothing of it."""
    assert not [kind for kind in dev.document["Resources"].values() if "WAF" in kind["Type"]]


def test_what_no_rule_blocks_passes(prod: Template) -> None:
    """The firewall knows what is bad; everything else goes on to the API."""
    acl = prod.one("WAFv2::WebACL")
    assert acl["DefaultAction"] == {"Allow": {}}
    assert acl["Scope"] == "REGIONAL"


def test_aws_s_rules_for_known_attacks_block(rules: dict[str, dict[str, Any]]) -> None:
    """AWS's rule groups for common attacks and known bad inputs are in force."""
    for group in MANAGED:
        statement = rules[group]["Statement"]["ManagedRuleGroupStatement"]
        assert (statement["VendorName"], statement["Name"]) == ("AWS", group)
        assert rules[group]["OverrideAction"] == {"None": {}}


def test_new_rules_can_be_tried_first() -> None:
    """On trial AWS's rule groups count what they would block, and rates block all the same."""
    document = template_of(replace(STAGES["prod"], firewall_trial=True))
    (acl,) = (r for r in document["Resources"].values() if r["Type"] == "AWS::WAFv2::WebACL")
    for rule in acl["Properties"]["Rules"]:
        managed = rule["Name"] in MANAGED
        assert rule["OverrideAction" if managed else "Action"] == (
            {"Count": {}} if managed else {"Block": {}}
        )


def test_one_person_cannot_take_the_api_from_all_others(rules: dict[str, dict[str, Any]]) -> None:
    """Each token has a rate of its own on top of its address's, however it is written.

    It is that of the person's buckets in the functions, counted over a minute.
    """
    rate = rate_of(rules["Person"])
    assert (rate["AggregateKeyType"], rate["EvaluationWindowSec"]) == ("CUSTOM_KEYS", 60)
    ((key,),) = (one.values() for one in rate["CustomKeys"])
    assert key["Name"] == "authorization"
    levelled = sorted(key["TextTransformations"], key=lambda one: int(one["Priority"]))
    assert [one["Type"] for one in levelled] == ["COMPRESS_WHITE_SPACE", "LOWERCASE"]
    assert rate["Limit"] == STAGES["prod"].person_throttle.rate * PERSON_SECONDS >= 10
    assert rules["Person"]["Action"] == {"Block": {}}


def test_too_large_a_body_is_answered_by_the_api(rules: dict[str, dict[str, Any]]) -> None:
    """The rule for bodies above 8 KB only counts: the API itself says 413, and what it takes."""
    overrides = {
        (override["Name"], *override["ActionToUse"])
        for group in MANAGED
        for override in rules[group]["Statement"]["ManagedRuleGroupStatement"].get(
            "RuleActionOverrides", []
        )
    }
    assert overrides == {("SizeRestrictions_BODY", "Count"), ("NoUserAgent_HEADER", "Count")}
    assert all(reason for counted in COUNTED.values() for reason in counted.values())


def test_inspecting_bodies_costs_nothing_extra(prod: Template) -> None:
    """Of each body the first 16 KB are inspected, which is in the price of the request."""
    config = prod.one("WAFv2::WebACL")["AssociationConfig"]
    assert config == {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_16"}}}


def test_one_address_cannot_take_the_api_from_all_others(rules: dict[str, dict[str, Any]]) -> None:
    """Each address has a rate, a customer's a lower one than a partner's server."""
    customer, partner = rate_of(rules["CustomerAddress"]), rate_of(rules["PartnerAddress"])
    for rule in (customer, partner):
        assert (rule["AggregateKeyType"], rule["EvaluationWindowSec"]) == ("IP", 300)
    assert 10 <= customer["Limit"] < partner["Limit"]
    assert rules["CustomerAddress"]["Action"] == rules["PartnerAddress"]["Action"] == {"Block": {}}


OPERATIONS = {
    "SignUp": "MailAddress",
    "ResendConfirmationCode": "MailAddress",
    "ForgotPassword": "MailAddress",
    "InitiateAuth": "SignInAddress",
    "GetTokensFromRefreshToken": None,
    "ForgotPasswordOfNobody": None,
}
"""What Cognito is asked for, and the rule that counts it besides CustomerAddress."""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_one_address_cannot_sign_up_thousands(
    rules: dict[str, dict[str, Any]], operation: str
) -> None:
    """What sends a mail, and what guesses passwords, has a rate for each address."""
    counting = []
    for name, rule in rules.items():
        scope = rule["Statement"].get("RateBasedStatement", {}).get("ScopeDownStatement", {})
        match scope.get("RegexMatchStatement"):
            case {"FieldToMatch": {"SingleHeader": {"Name": "x-amz-target"}}} as match:
                target = f"AWSCognitoIdentityProviderService.{operation}"
                counting += [name] if re.search(match["RegexString"], target) else []
    assert counting == ([OPERATIONS[operation]] if OPERATIONS[operation] else [])


def test_sign_in_s_rates_block(rules: dict[str, dict[str, Any]]) -> None:
    """Above its rate an address is refused: sooner where mails and customers are to be paid for."""
    mails, sign_ins = rules["MailAddress"], rules["SignInAddress"]
    assert mails["Action"] == sign_ins["Action"] == {"Block": {}}
    assert rate_of(mails)["AggregateKeyType"] == rate_of(sign_ins)["AggregateKeyType"] == "IP"
    assert 10 <= rate_of(mails)["Limit"] < rate_of(sign_ins)["Limit"]
    assert rate_of(sign_ins)["Limit"] < rate_of(rules["CustomerAddress"])["Limit"]


def test_a_partner_reaches_its_plan_before_the_firewall(rules: dict[str, dict[str, Any]]) -> None:
    """A partner that keeps to its usage plan never meets the firewall's rate."""
    plans = STAGES["prod"].plans.values()
    limit = rate_of(rules["PartnerAddress"])["Limit"]
    assert limit >= max(plan.throttle.rate for plan in plans) * RATE_WINDOW_SECONDS


@pytest.mark.parametrize("base", [f"/{STAGE}", ""], ids=["AWS's address", "own domain"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_each_route_has_the_rate_of_its_callers(
    rules: dict[str, dict[str, Any]], route: Any, base: str
) -> None:
    """Partners' routes count under the partners' rate and all others under the customers'."""
    partners = rate_of(rules["PartnerAddress"])["ScopeDownStatement"]
    customers = rate_of(rules["CustomerAddress"])["ScopeDownStatement"]
    assert customers == {"NotStatement": {"Statement": partners}}
    pattern = partners["RegexMatchStatement"]["RegexString"]
    is_partners = bool(re.search(pattern, base + route.path))
    assert is_partners == route.path.startswith("/partner/")


def test_rates_come_before_what_costs_more(rules: dict[str, dict[str, Any]]) -> None:
    """Every rule has a place of its own, the cheap ones first."""
    order = sorted(rules, key=lambda name: int(rules[name]["Priority"]))
    rates = ["CustomerAddress", "PartnerAddress", "MailAddress", "SignInAddress", "Person"]
    assert order == [*rates, *MANAGED]
    assert len({rule["Priority"] for rule in rules.values()}) == len(rules)


def test_each_rule_is_counted_for_operators(
    prod: Template, rules: dict[str, dict[str, Any]]
) -> None:
    """Operators see how often each rule blocks, and samples of what it blocked."""
    parts = [prod.one("WAFv2::WebACL"), *rules.values()]
    for part in parts:
        assert part["VisibilityConfig"]["CloudWatchMetricsEnabled"] is True
        assert part["VisibilityConfig"]["SampledRequestsEnabled"] is True
    assert len({part["VisibilityConfig"]["MetricName"] for part in parts}) == len(parts)


def test_samples_show_no_credentials_and_no_personal_data(prod: Template) -> None:
    """Who looks at a blocked request sees no key, no token, no query and no body."""
    protections = prod.one("WAFv2::WebACL")["DataProtectionConfig"]["DataProtections"]
    assert {protection["Action"] for protection in protections} == {"SUBSTITUTION"}
    fields = {p["Field"]["FieldType"]: p["Field"].get("FieldKeys") for p in protections}
    assert fields == {
        "SINGLE_HEADER": ["authorization", "x-api-key", "cookie"],
        "QUERY_STRING": None,
        "BODY": None,
    }


def test_only_what_is_blocked_is_logged(prod: Template) -> None:
    """Who was refused can be looked up for a week, without queries; who passed is not logged."""
    logging = prod.one("WAFv2::LoggingConfiguration")
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    (kept,) = logging["LoggingFilter"]["Filters"]
    assert kept["Behavior"] == "KEEP"
    assert kept["Conditions"] == [{"ActionCondition": {"Action": "BLOCK"}}]
    assert logging["RedactedFields"] == [{"QueryString": {}}]
    group = prod.one("Logs::LogGroup", "Firewall")
    assert group["LogGroupName"].startswith("aws-waf-logs-")
    assert group["RetentionInDays"] == 7
