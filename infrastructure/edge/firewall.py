"""AWS WAF in front of API and sign-in: rules for known attacks, rates of addresses and people.

request ─► rates for each address ─► a rate for each token ─► known bad inputs ─► common attacks ─►
           (counted over five minutes)  (over one)             (AWS's rule groups, default version)

One web ACL stands before both: a second one would cost five dollars more. What it refuses of the
API is answered through the gateway response WAF_FILTERED, as a problem of 403; of sign-in, by
Cognito itself, with 403.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infrastructure.shares import PERSON_SECONDS, RATE_WINDOW_SECONDS
from infrastructure.work.function import RETENTION
from orders.routes import STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_cognito as cognito

    from infrastructure.settings import Settings

_Acl = wafv2.CfnWebACL
_Logging = wafv2.CfnLoggingConfiguration

KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
COMMON_ATTACKS = "AWSManagedRulesCommonRuleSet"

COUNTED: Mapping[str, Mapping[str, str]] = {
    KNOWN_BAD_INPUTS: {},
    COMMON_ATTACKS: {
        "SizeRestrictions_BODY": "refuses bodies above 8 KB; the API does so itself, and says why",
        "NoUserAgent_HEADER": "the API asks for no User-Agent, and tills send none",
    },
}
"""Rules that refuse what the API's contract allows, and why: they count and do not block."""

_INSPECTED = "KB_16"  # of each body; more costs more for each request, and functions check it all

_PARTNERS_PATH = rf"^(/{STAGE})?/partner/"  # a domain of the API's own has no stage in its paths

_OPERATION = "x-amz-target"  # the header in which Cognito is told what is wanted

_MAILING = ("SignUp", "ResendConfirmationCode", "ForgotPassword")
_SIGNING_IN = ("InitiateAuth",)

_CREDENTIALS = ("authorization", "x-api-key", "cookie")


class Firewall(Construct):
    """A web ACL that lets everything through but what one of its rules blocks."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: apigateway.Stage,
        user_pool: cognito.IUserPool,
        settings: Settings,
    ) -> None:
        """Define the web ACL and put it in front of the stage and the user pool.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            stage: the API's.
            user_pool: the customers and operators.
            settings: the stage's; they say what one address may ask for in five minutes.
        """
        super().__init__(scope, construct_id)
        self._rules: list[_Acl.RuleProperty] = []
        limits, sign_in = settings.address_limits, settings.sign_in_limits
        # Whatever is not surely a partner's path counts as a customer's, with the lower limit.
        self._add_rate("CustomerAddress", _each_address(limits.customers, _not(_partners_path())))
        self._add_rate("PartnerAddress", _each_address(limits.partners, _partners_path()))
        self._add_rate("MailAddress", _each_address(sign_in.mails, _asks_cognito(_MAILING)))
        self._add_rate("SignInAddress", _each_address(sign_in.sign_ins, _asks_cognito(_SIGNING_IN)))
        self._add_rate("Person", _each_person(settings.person_limit))
        for group, counted in COUNTED.items():
            self._add_managed(group, counted, trial=settings.firewall_trial)
        acl = self._web_acl()
        guarded = {"Association": stage.stage_arn, "SignIn": user_pool.user_pool_arn}
        for name, arn in guarded.items():
            wafv2.CfnWebACLAssociation(self, name, resource_arn=arn, web_acl_arn=acl.attr_arn)
        self._log_blocked(acl)

    def _log_blocked(self, acl: wafv2.CfnWebACL) -> None:
        """Keep for a week what was blocked: what passes is in the access log, without addresses."""
        group = logs.LogGroup(
            self,
            "Logs",
            # AWS WAF writes only to groups whose names begin so.
            log_group_name=f"aws-waf-logs-{Stack.of(self).stack_name}",
            retention=RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        blocked = {"ActionCondition": {"Action": "BLOCK"}}
        kept = {"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": [blocked]}
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[group.log_group_arn],
            logging_filter={"DefaultBehavior": "DROP", "Filters": [kept]},
            # Bodies are in no log; keys, tokens and cookies the web ACL itself leaves out.
            redacted_fields=[_Logging.FieldToMatchProperty(query_string={})],
        )

    def _web_acl(self) -> wafv2.CfnWebACL:
        body = _Acl.RequestBodyAssociatedResourceTypeConfigProperty(
            default_size_inspection_limit=_INSPECTED
        )
        return wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="REGIONAL",
            description="Known attacks and floods stop here",
            default_action=_Acl.DefaultActionProperty(allow={}),
            rules=self._rules,
            # AWS tells web ACLs apart by this in metrics, and rules by theirs within it.
            visibility_config=_metrics(Stack.of(self).stack_name),
            association_config=_Acl.AssociationConfigProperty(request_body={"API_GATEWAY": body}),
            data_protection_config=_protections(),
        )

    def _add_rate(self, name: str, rate: _Acl.RateBasedStatementProperty) -> None:
        self._rules.append(
            _Acl.RuleProperty(
                name=name,
                priority=len(self._rules),
                statement=_Acl.StatementProperty(rate_based_statement=rate),
                action=_Acl.RuleActionProperty(block={}),
                visibility_config=_metrics(name),
            )
        )

    def _add_managed(self, group: str, counted: Mapping[str, str], *, trial: bool) -> None:
        count = _Acl.RuleActionProperty(count={})
        statement = _Acl.StatementProperty(
            managed_rule_group_statement=_Acl.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    _Acl.RuleActionOverrideProperty(name=rule, action_to_use=count)
                    for rule in counted
                ],
            )
        )
        self._rules.append(
            _Acl.RuleProperty(
                name=group,
                priority=len(self._rules),
                statement=statement,
                override_action=(
                    _Acl.OverrideActionProperty(count={})
                    if trial
                    else _Acl.OverrideActionProperty(none={})
                ),
                visibility_config=_metrics(group),
            )
        )


def measured(scope: Construct, settings: Settings) -> dict[str, str]:
    """Give the dimensions of the metrics of all rules together."""
    return {"WebACL": Stack.of(scope).stack_name, "Rule": "ALL", "Region": settings.region}


def _partners_path() -> _Acl.StatementProperty:
    return _Acl.StatementProperty(
        regex_match_statement=_Acl.RegexMatchStatementProperty(
            field_to_match=_Acl.FieldToMatchProperty(uri_path={}),
            regex_string=_PARTNERS_PATH,
            text_transformations=[
                _Acl.TextTransformationProperty(priority=0, type="NORMALIZE_PATH")
            ],
        )
    )


def _each_address(
    limit: int, scope_down: _Acl.StatementProperty
) -> _Acl.RateBasedStatementProperty:
    return _Acl.RateBasedStatementProperty(
        aggregate_key_type="IP",
        limit=limit,
        evaluation_window_sec=RATE_WINDOW_SECONDS,
        scope_down_statement=scope_down,
    )


def _each_person(limit: int) -> _Acl.RateBasedStatementProperty:
    """Count requests by their token, for the firewall cannot read whose a token is.

    A request without the header is not counted here. Case and blanks are levelled, or each
    spelling of `Bearer` would be somebody else.
    """
    levelled = ("COMPRESS_WHITE_SPACE", "LOWERCASE")
    token = _Acl.RateLimitHeaderProperty(
        name="authorization",
        text_transformations=[
            _Acl.TextTransformationProperty(priority=priority, type=kind)
            for priority, kind in enumerate(levelled)
        ],
    )
    return _Acl.RateBasedStatementProperty(
        aggregate_key_type="CUSTOM_KEYS",
        custom_keys=[_Acl.RateBasedStatementCustomKeyProperty(header=token)],
        limit=limit,
        evaluation_window_sec=PERSON_SECONDS,
    )


def _asks_cognito(operations: tuple[str, ...]) -> _Acl.StatementProperty:
    """Find the requests to Cognito for one of some operations."""
    return _Acl.StatementProperty(
        regex_match_statement=_Acl.RegexMatchStatementProperty(
            field_to_match=_Acl.FieldToMatchProperty(single_header={"Name": _OPERATION}),
            regex_string=rf"^AWSCognitoIdentityProviderService\.({'|'.join(operations)})$",
            text_transformations=[_Acl.TextTransformationProperty(priority=0, type="NONE")],
        )
    )


def _not(statement: _Acl.StatementProperty) -> _Acl.StatementProperty:
    return _Acl.StatementProperty(not_statement=_Acl.NotStatementProperty(statement=statement))


def _metrics(name: str) -> _Acl.VisibilityConfigProperty:
    return _Acl.VisibilityConfigProperty(
        metric_name=name, cloud_watch_metrics_enabled=True, sampled_requests_enabled=True
    )


def _protections() -> _Acl.DataProtectionConfigProperty:
    """Keep credentials and personal data out of the samples and logs that people look at."""
    protected = (
        _Acl.FieldToProtectProperty(field_type="SINGLE_HEADER", field_keys=list(_CREDENTIALS)),
        _Acl.FieldToProtectProperty(field_type="QUERY_STRING"),
        _Acl.FieldToProtectProperty(field_type="BODY"),
    )
    return _Acl.DataProtectionConfigProperty(
        data_protections=[
            _Acl.DataProtectProperty(action="SUBSTITUTION", field=field) for field in protected
        ]
    )
