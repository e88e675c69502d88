"""Who people are: a Cognito user pool, its web client, and the groups of operators and staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure.work.permissions import allow
from orders.settings import OPERATORS, RESTAURANTS

if TYPE_CHECKING:
    from infrastructure.settings import Settings
    from infrastructure.work.function import Function


_STAFF_OF = "restaurants"
"""The attribute of who is staff; a token has it as `custom:restaurants`."""

_LONGEST_CLAIM = 2_048


class Identity(Construct):
    """Sign-in by e-mail address and password."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        """Define the pool, its client and its group.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            settings: the stage's; they say whether the people survive the stack.
        """
        super().__init__(scope, construct_id)
        keep = settings.keep_data
        self.user_pool = self._user_pool(keep=keep, email=_sender(settings))
        self.client = self._client()
        self.measured = {
            "UserPool": self.user_pool.user_pool_id,
            "UserPoolClient": self.client.user_pool_client_id,
        }
        """The dimensions of the metrics of sign-up."""
        operators = self.user_pool.add_group(
            "Operators", group_name=OPERATORS, description="See and move all orders"
        )
        staff = self.user_pool.add_group(
            "Restaurants",
            group_name=RESTAURANTS,
            description="Serve the restaurants that operators have named for each",
        )
        for of_the_pool in (self.client, operators, staff):
            of_the_pool.apply_removal_policy(
                RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY
            )

    def ask_before_tokens(self, function: Function) -> None:
        """Let a function say which groups tokens have, and see whether somebody has an app.

        Its permission is a policy of its own: the pool names the function, which waits for the
        policy that its role is made with; so that one cannot name the pool.
        """
        self.user_pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
            function.function,
            cognito.LambdaVersion.V1_0,
        )
        policy = iam.Policy(function, "People", roles=[function.role])
        allow(
            function.role,
            "cognito-idp:AdminGetUser",
            on=self.user_pool.user_pool_arn,
            why="Sees whether an operator has an authenticator app",
            policy=policy,
        )

    def _user_pool(self, *, keep: bool, email: cognito.UserPoolEmail) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "UserPool",
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            self_sign_up_enabled=True,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            custom_attributes={
                _STAFF_OF: cognito.StringAttribute(mutable=True, max_len=_LONGEST_CLAIM)
            },
            email=email,
            # A changed address counts only once it is verified: else it could be somebody else's.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )

    def _client(self) -> cognito.UserPoolClient:
        return self.user_pool.add_client(
            "WebClient",
            # A page cannot keep a secret; the password itself never leaves it (SRP).
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True),
            disable_o_auth=True,
            # People write what is theirs: of which restaurants somebody is staff they only read.
            # Without these lists AWS decides, and its token might not name the restaurants.
            write_attributes=cognito.ClientAttributes().with_standard_attributes(**_OWN),
            read_attributes=(
                cognito.ClientAttributes()
                .with_standard_attributes(**_OWN, email_verified=True, phone_number_verified=True)
                .with_custom_attributes(_STAFF_OF)
            ),
            id_token_validity=Duration.minutes(60),
            access_token_validity=Duration.minutes(60),
            refresh_token_validity=Duration.days(30),
            # Each renewal brings a new refresh token and ends the old one, but for a minute in
            # which a page may ask again whose answer got lost.
            refresh_token_rotation_grace_period=Duration.seconds(60),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )


_OWN = dict.fromkeys(
    (
        *("address", "birthdate", "email", "family_name", "fullname", "gender", "given_name"),
        *("last_update_time", "locale", "middle_name", "nickname", "phone_number"),
        *("preferred_username", "profile_page", "profile_picture", "timezone", "website"),
    ),
    True,
)
"""What people may write of themselves: all that they could so far."""


def _sender(settings: Settings) -> cognito.UserPoolEmail:
    """Say who sends the pool's mails."""
    if settings.mail is None:
        return cognito.UserPoolEmail.with_cognito()
    return cognito.UserPoolEmail.with_ses(
        from_email=settings.mail.sender,
        ses_region=settings.region,
        ses_verified_domain=settings.mail.domain,
    )
