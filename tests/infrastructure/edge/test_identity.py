"""Customers' and operators' sign-in, as the template defines it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import STAGES
from orders.callers import RESTAURANTS_CLAIM
from orders.settings import OPERATORS, RESTAURANTS

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@pytest.fixture
def pool(template: Template) -> dict[str, Any]:
    """The user pool of each variant."""
    return template.one("Cognito::UserPool")


@pytest.fixture
def client(template: Template) -> dict[str, Any]:
    """The web client of each variant."""
    return template.one("Cognito::UserPoolClient")


def test_passwords_are_long_and_mixed(pool: dict[str, Any]) -> None:
    """A password has 12 characters or more, with letters of both cases, a digit and a symbol."""
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"):
        assert policy[f"Require{kind}"] is True
    assert policy["TemporaryPasswordValidityDays"] <= 3


def test_people_sign_in_with_their_address_and_nothing_else(pool: dict[str, Any]) -> None:
    """The e-mail address is the name, in whatever case it is typed, once it is verified."""
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AutoVerifiedAttributes"] == ["email"]


def test_a_changed_address_counts_once_it_is_verified(pool: dict[str, Any]) -> None:
    """Nobody takes over an account by entering an address that is not theirs."""
    settings = pool["UserAttributeUpdateSettings"]
    assert settings == {"AttributesRequireVerificationBeforeUpdate": ["email"]}


def test_customers_mails_come_from_a_sender_of_ones_own(prod: Template, dev: Template) -> None:
    """In prod SES sends the codes, as many as its quota allows; in dev Cognito does, 50 a day."""
    mail = STAGES["prod"].mail
    assert mail is not None
    given = prod.one("Cognito::UserPool")["EmailConfiguration"]
    assert (given["EmailSendingAccount"], given["From"]) == ("DEVELOPER", mail.sender)
    source = "".join(str(part) for part in given["SourceArn"]["Fn::Join"][1])
    assert source.endswith(f":identity/{mail.domain}")
    cognitos_own = {"EmailSendingAccount": "COGNITO_DEFAULT"}
    assert dev.one("Cognito::UserPool")["EmailConfiguration"] == cognitos_own


def test_a_second_factor_is_offered_and_is_no_sms(pool: dict[str, Any]) -> None:
    """Who wants a second factor uses an authenticator app; numbers can be taken over."""
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_cognito_asks_who_may_be_an_operator(prod: Template, dev: Template) -> None:
    """Where data is kept, Cognito calls the function before it makes any token."""
    (function,) = (name for name, _ in prod.all("Lambda::Function") if name.startswith("CheckSec"))
    arn = {"Fn::GetAtt": [function, "Arn"]}
    asked = {"LambdaArn": arn, "LambdaVersion": "V1_0"}
    assert prod.one("Cognito::UserPool")["LambdaConfig"] == {"PreTokenGenerationConfig": asked}
    permission = prod.one("Lambda::Permission", "IdentityUserPool")
    (pool,) = (name for name, _ in prod.all("Cognito::UserPool"))
    assert permission["FunctionName"] == arn
    assert permission["Principal"] == "cognito-idp.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": [pool, "Arn"]}
    assert "LambdaConfig" not in dev.one("Cognito::UserPool")


@pytest.mark.parametrize("asked", [True, False])
def test_a_stage_may_decide_about_the_second_factor(asked: Any) -> None:
    """A stage without data may ask operators for one, too, and one with data may leave it out."""
    for stage in STAGES.values():
        there = replace(stage, operators_second_factor=asked).functions
        assert ("check_second_factor" in there) is asked
        assert ("check_second_factor" in stage.functions) is stage.keep_data


def test_an_account_is_recovered_by_e_mail_only(pool: dict[str, Any]) -> None:
    """A forgotten password goes through the verified address, never through a phone number."""
    mechanisms = pool["AccountRecoverySetting"]["RecoveryMechanisms"]
    assert mechanisms == [{"Name": "verified_email", "Priority": 1}]


def test_the_password_never_leaves_the_page(client: dict[str, Any]) -> None:
    """The only way in is SRP, which does not send the password."""
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH"]


def test_the_client_has_no_secret_to_lose(client: dict[str, Any]) -> None:
    """A page cannot keep a secret, so there is none."""
    assert client["GenerateSecret"] is False


def test_there_is_no_oauth_way_around(template: Template, client: dict[str, Any]) -> None:
    """No hosted page, no implicit flow and no other identity provider gives tokens."""
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert client["SupportedIdentityProviders"] == ["COGNITO"]
    assert not list(template.all("Cognito::UserPoolDomain"))


def test_tokens_do_not_last(client: dict[str, Any]) -> None:
    """A stolen token opens the API for an hour; a refresh token lasts a month, or until revoked."""
    assert set(client["TokenValidityUnits"].values()) == {"minutes"}
    assert client["IdTokenValidity"] <= 60
    assert client["AccessTokenValidity"] <= 60
    assert client["RefreshTokenValidity"] <= 30 * 24 * 60
    assert client["EnableTokenRevocation"] is True


def test_a_refresh_token_works_once(client: dict[str, Any]) -> None:
    """A renewal ends the token that it used, so that a stolen copy is of use to one of the two.

    For a minute it may be used again, by a page whose answer got lost.
    """
    rotation = client["RefreshTokenRotation"]
    assert rotation["Feature"] == "ENABLED"
    assert 0 < rotation["RetryGracePeriodSeconds"] <= 60
    # The older way to renew knows no rotation, and Cognito takes only one of the two.
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in client["ExplicitAuthFlows"]


def test_nobody_learns_by_signing_in_who_has_an_account(client: dict[str, Any]) -> None:
    """A wrong password and an unknown address are answered alike; sign-up tells (SECURITY.md)."""
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_nobody_can_make_themselves_an_operator(template: Template) -> None:
    """Operators and staff are groups, which only the account's administrators fill."""
    groups = [group for _, group in template.all("Cognito::UserPoolGroup")]
    assert {group["GroupName"] for group in groups} == {OPERATORS, RESTAURANTS}
    assert not any("RoleArn" in group for group in groups)
    assert not list(template.all("Cognito::IdentityPool"))


def test_nobody_writes_whose_staff_they_are(template: Template, client: dict[str, Any]) -> None:
    """The restaurants of a person come in its token, and its page cannot change them."""
    (own,) = template.one("Cognito::UserPool")["Schema"]
    assert (own["Name"], own["Mutable"]) == ("restaurants", True)
    assert f"custom:{own['Name']}" == RESTAURANTS_CLAIM
    assert RESTAURANTS_CLAIM in client["ReadAttributes"]
    assert {"email", "name", "phone_number"} <= set(client["WriteAttributes"])
    assert not {each for each in client["WriteAttributes"] if each.startswith("custom:")}
    assert not {"email_verified", "phone_number_verified"} & set(client["WriteAttributes"])


def test_production_keeps_its_people(prod: Template, dev: Template) -> None:
    """In prod the pool outlives the stack and cannot be deleted by mistake; in dev it goes."""
    for stage, protection, policy in ((prod, "ACTIVE", "Retain"), (dev, "INACTIVE", "Delete")):
        resource = stage.resource("Cognito::UserPool", "Identity")
        assert resource["Properties"]["DeletionProtection"] == protection
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == policy


@pytest.mark.parametrize("kind", ["Cognito::UserPoolClient", "Cognito::UserPoolGroup"])
def test_production_keeps_what_pages_and_operators_have(
    prod: Template, dev: Template, kind: str
) -> None:
    """The client's id and who is an operator stay; of a first deployment that fails they do not."""
    for stage, policy in ((prod, "RetainExceptOnCreate"), (dev, "Delete")):
        resources = stage.document["Resources"].values()
        found = [each for each in resources if each["Type"] == f"AWS::{kind}"]
        assert found
        assert all(each["DeletionPolicy"] == policy for each in found)
