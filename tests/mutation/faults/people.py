"""Faults of sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mutation.fault import fault, id_of, remove

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def pool(template: Template) -> dict[str, Any]:
    return template.one("Cognito::UserPool")


def client(template: Template) -> dict[str, Any]:
    return template.one("Cognito::UserPoolClient")


@fault
def short_passwords(template: Template) -> None:
    """Passwords of six characters are taken, and guessed."""
    pool(template)["Policies"]["PasswordPolicy"]["MinimumLength"] = 6


@fault
def plain_passwords(template: Template) -> None:
    """Passwords need no symbol."""
    pool(template)["Policies"]["PasswordPolicy"]["RequireSymbols"] = False


@fault
def fifty_mails_a_day(template: Template) -> None:
    """The 51st customer of a day gets no code."""
    pool(template)["EmailConfiguration"] = {"EmailSendingAccount": "COGNITO_DEFAULT"}


@fault
def refresh_tokens_that_stay(template: Template) -> None:
    """A copy of a refresh token works beside its owner's for a month."""
    client(template)["RefreshTokenRotation"]["Feature"] = "DISABLED"


@fault
def passwords_that_wait(template: Template) -> None:
    """A temporary password in a lost mail is good for a year."""
    pool(template)["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] = 365


@fault
def no_sign_up(template: Template) -> None:
    """No customer can make an account."""
    pool(template)["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] = True


@fault
def unverified_addresses(template: Template) -> None:
    """Somebody signs up with an address that is not theirs."""
    del pool(template)["AutoVerifiedAttributes"]


@fault
def addresses_taken_over(template: Template) -> None:
    """A changed address counts before it is verified."""
    del pool(template)["UserAttributeUpdateSettings"]


@fault
def second_factor_by_sms(template: Template) -> None:
    """A stolen telephone number is a second factor."""
    pool(template)["EnabledMfas"] = ["SMS_MFA"]


@fault
def operators_by_password_alone(template: Template) -> None:
    """Cognito does not ask, and a password makes an operator."""
    del pool(template)["LambdaConfig"]


@fault
def trigger_of_another_version(template: Template) -> None:
    """Cognito reads the answer of another form, and leaves the groups as they are."""
    pool(template)["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] = "V2_0"


@fault
def trigger_that_cognito_may_not_call(template: Template) -> None:
    """Nobody can sign in."""
    template.one("Lambda::Permission", "IdentityUserPool")["Principal"] = "sns.amazonaws.com"


@fault
def no_second_factor(template: Template) -> None:
    """Nobody can protect their account by a second factor."""
    pool(template)["MfaConfiguration"] = "OFF"


@fault
def recovery_by_telephone(template: Template) -> None:
    """A stolen number opens the account."""
    mechanisms = pool(template)["AccountRecoverySetting"]["RecoveryMechanisms"]
    mechanisms[0]["Name"] = "verified_phone_number"


@fault
def names_that_differ_by_case(template: Template) -> None:
    """Ann@ and ann@ are two people, and changing it replaces the pool."""
    pool(template)["UsernameConfiguration"]["CaseSensitive"] = True


@fault
def names_by_telephone(template: Template) -> None:
    """Cognito refuses to change what people sign in with: a new pool, without anybody in it."""
    pool(template)["UsernameAttributes"] = ["phone_number"]


@fault
def people_that_go_with_the_stack(template: Template) -> None:
    """Whoever deletes the stack deletes all accounts."""
    template.resource("Cognito::UserPool", "Identity")["DeletionPolicy"] = "Delete"


@fault
def people_deleted_by_mistake(template: Template) -> None:
    """One wrong call deletes all accounts."""
    pool(template)["DeletionProtection"] = "INACTIVE"


@fault
def passwords_sent_as_they_are(template: Template) -> None:
    """The page sends passwords to the server."""
    client(template)["ExplicitAuthFlows"].append("ALLOW_USER_PASSWORD_AUTH")


@fault
def secret_in_a_page(template: Template) -> None:
    """A page cannot keep a secret; making one replaces the client, and every page is wrong."""
    client(template)["GenerateSecret"] = True


@fault
def tokens_for_a_day(template: Template) -> None:
    """A stolen token opens the API all day."""
    client(template)["IdTokenValidity"] = 24 * 60


@fault
def tokens_in_other_units(template: Template) -> None:
    """Sixty days where sixty minutes were meant: Cognito refuses more than one."""
    client(template)["TokenValidityUnits"]["IdToken"] = "days"


@fault
def refresh_for_ten_years(template: Template) -> None:
    """A stolen refresh token opens the account for a decade."""
    client(template)["RefreshTokenValidity"] = 10 * 365 * 24 * 60


@fault
def tokens_that_cannot_be_revoked(template: Template) -> None:
    """Nobody can end a stolen session."""
    client(template)["EnableTokenRevocation"] = False


@fault
def accounts_that_can_be_listed(template: Template) -> None:
    """The answer tells whether an address has an account."""
    client(template)["PreventUserExistenceErrors"] = "LEGACY"


@fault
def tokens_in_addresses(template: Template) -> None:
    """The implicit flow puts tokens into addresses."""
    client(template).update(
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["implicit"],
        AllowedOAuthScopes=["openid"],
        CallbackURLs=["https://orders.example.com"],
    )


@fault
def operators_of_another_name(template: Template) -> None:
    """The code looks for a group that is not there: no operator has a right."""
    template.one("Cognito::UserPoolGroup")["GroupName"] = "operator"


@fault
def no_operators(template: Template) -> None:
    """Nobody can be made an operator."""
    remove(template, "Cognito::UserPoolGroup")


@fault
def operators_of_the_account(template: Template) -> None:
    """Operators of orders get a role in AWS."""
    role = {"Fn::GetAtt": [id_of(template, "IAM::Role", "CreateOrderRole"), "Arn"]}
    template.one("Cognito::UserPoolGroup")["RoleArn"] = role
