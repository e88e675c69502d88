"""What `orders doctor` looks at in the account that a stage goes to; each check asks AWS."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure.settings import STAGES, stack_name, tracing_policy
from ops.release import cdk, states
from ops.release.account import (
    check_account,
    check_bootstrap,
    check_concurrency,
    concurrency_of,
    resources_of,
)
from ops.release.before.findings import Check, Finding, failure, ok, unknown, warning
from orders.settings import AUTHENTICATOR_APP, OPERATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.release.account import Place

_PARAMETERS = 10_000  # standard ones of an account and Region (Systems Manager quotas)
_FEW_PARAMETERS = 500
_TRACING_POLICIES = 5  # of an account and Region (PutResourcePolicy, PolicyCountLimitExceeded)
_COUNTING_SECONDS = 4
_MUCH_TRACED = 0.2
_STACK_RESOURCES = "cloudformation:ListStackResources"
_CONCURRENCY = f"lambda:GetAccountSettings, lambda:GetFunctionConcurrency and {_STACK_RESOURCES}"


def identity(place: Place) -> Finding:
    """See whose credentials these are, and whether the stage belongs there."""
    account = place.account
    if not re.fullmatch("[0-9]{12}", account.account_id):
        return failure(
            f"The credentials are for {account.account_id!r}, which is no AWS account number.",
            "Set AWS_PROFILE to a profile of the account to deploy to.",
        )
    check_account(place)
    where = f"account {account.account_id}, {account.region}, as {account.caller}"
    if elsewhere := os.environ.get("AWS_ENDPOINT_URL"):
        return warning(f"{where}, but at {elsewhere}, not AWS.", "Unset AWS_ENDPOINT_URL for AWS.")
    return ok(f"{where}.")


def bootstrap(place: Place) -> Finding:
    """See whether the CDK has its bucket and roles, and new enough ones."""
    account = place.account
    check_bootstrap(account, cdk.bootstrap_command(account.account_id, account.region))
    return ok("The account is prepared for the CDK.")


def reserved(place: Place) -> Finding:
    """See whether Lambda's quota leaves room for what the stage reserves."""
    check_concurrency(place.account, place.stack, place.settings.reserved_concurrency)
    return ok(f"There is room for the {place.settings.reserved} reserved executions.")


def workers(place: Place) -> Finding:
    """See whether the workers can run as many at once as the stage lets them."""
    room = concurrency_of(place.account, place.stack)
    left, wanted = room.available - place.settings.reserved, place.settings.shared_workers
    if wanted <= left:
        return ok(f"The workers may take {wanted} of {left} shared executions.")
    return warning(
        f"The workers may take {wanted} executions, but only {max(left, 0)} are shared by all "
        "functions: at peaks they would take those of the API.",
        "Have the quota raised (Service Quotas, AWS Lambda, Concurrent executions) or lower "
        "`workers`, most_at_once, in infrastructure/settings.py.",
    )


def logging_role(place: Place) -> Finding:
    """See whose role API Gateway logs with: an account has one, and the stage sets it."""
    role = place.client("apigateway").get_account().get("cloudwatchRoleArn", "")
    if not role:
        return ok("API Gateway has no logging role yet; the deployment sets it.")
    ours = ("AWS::IAM::Role", role.rpartition("/")[2])
    for stage in STAGES:
        if ours in resources_of(place.account, stack_name(stage)):
            return ok(f"API Gateway's logging role is that of stage {stage}.")
    return warning(
        f"API Gateway logs with {role}; the deployment puts its own in its place, for every API "
        "of the account in this Region.",
        "That does no harm if nobody watches the old one; note it down.",
    )


def gateway_throttle(place: Place) -> Finding:
    """See whether the account lets through as many requests as the stage promises."""
    limits = place.client("apigateway").get_account()["throttleSettings"]
    ours = place.settings.stage_throttle
    rate, burst = limits["rateLimit"], limits["burstLimit"]
    if ours.rate <= rate and ours.burst <= burst:
        return ok(f"API Gateway lets {rate:.0f} requests a second through, {burst} at once.")
    return warning(
        f"API Gateway lets {rate:.0f} requests a second through, {burst} at once; stage_throttle "
        f"promises {ours.rate} and {ours.burst}.",
        "Have the quota raised (Service Quotas, Amazon API Gateway, Throttle rate).",
    )


def parameters(place: Place) -> Finding:
    """Count the parameters: each partner takes one, each stage a few."""
    pages = place.client("ssm").get_paginator("describe_parameters")
    count, until = 0, time.monotonic() + _COUNTING_SECONDS
    for page in pages.paginate(PaginationConfig={"PageSize": 50}):
        if time.monotonic() > until:
            return unknown(f"There are more than {count} parameters of at most {_PARAMETERS}.")
        count += len(page["Parameters"])
    said = f"There are {count} of at most {_PARAMETERS} standard parameters."
    if count <= _PARAMETERS - _FEW_PARAMETERS:
        return ok(said)
    found = failure if count >= _PARAMETERS else warning
    return found(said, "Delete some, or switch Parameter Store to advanced ones, which cost.")


def tracing(place: Place) -> Finding:
    """See whether X-Ray's sampling rules would trace, and bill, much of all requests."""
    records = place.client("xray").get_sampling_rules()["SamplingRuleRecords"]
    rules = [record["SamplingRule"] for record in records]
    much = [f"{rule['RuleName']} {rule['FixedRate']:.0%}" for rule in rules if _traces_much(rule)]
    if not much:
        return ok("X-Ray samples few requests.")
    return warning(
        f"X-Ray's sampling rules trace much of all requests: {', '.join(much)}.",
        "Lower their fixed rate, unless the cost, 5 dollars a million traces, is meant.",
    )


def _traces_much(rule: dict[str, Any]) -> bool:
    return bool(rule["FixedRate"] > _MUCH_TRACED and rule.get("ServiceName") == "*")


def tracing_policies(place: Place) -> Finding:
    """See whether X-Ray has room for the policy that lets the topic trace: it takes few."""
    pages = place.client("xray").get_paginator("list_resource_policies").paginate()
    named = sorted(policy["PolicyName"] for page in pages for policy in page["ResourcePolicies"])
    said = f"X-Ray has {len(named)} of at most {_TRACING_POLICIES} resource policies"
    if len(named) < _TRACING_POLICIES or tracing_policy(place.stack) in named:
        return ok(f"{said}.")
    return failure(
        f"{said}, none of them ours: {', '.join(named)}.",
        "Delete one that nobody needs: aws xray delete-resource-policy --policy-name …",
    )


def stack(place: Place) -> Finding:
    """See whether the stack is in a state that a deployment can start from."""
    try:
        described = place.client("cloudformation").describe_stacks(StackName=place.stack)
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return ok(f"{place.stack} is not there yet; the deployment makes it.")
        raise
    found = described["Stacks"][0]
    return _state(place, found["StackStatus"], bool(found.get("EnableTerminationProtection")))


def _state(place: Place, status: str, protected: bool) -> Finding:  # noqa: FBT001 - as AWS says it
    said = f"{place.stack} is {status}."
    if status in states.ABSENT:
        return ok(f"{place.stack} was never made; the deployment makes it.")
    if remedy := states.obstacle(status, place):
        return failure(said, remedy)
    if status in states.ROLLED_BACK:
        return warning(f"{said} The last deployment failed.", "Mend what its events name.")
    return _protection(place, said, protected)


def _protection(place: Place, said: str, protected: bool) -> Finding:  # noqa: FBT001 - as above
    if place.settings.keep_data and not protected:
        return warning(
            f"{said} It is not protected from being deleted.", "make deploy protects it."
        )
    return ok(f"{said} It is protected from being deleted." if protected else said)


def log_group(place: Place) -> Finding:
    """See whether the name of the pipe's log group is free, or ours."""
    name = f"/aws/vendedlogs/pipes/{_changes(place)}"
    groups = place.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    there = any(group["logGroupName"] == name for group in groups)
    return _name(
        place, "log group", name, f"aws logs delete-log-group --log-group-name {name}", there=there
    )


def topic(place: Place) -> Finding:
    """See whether the name of the topic is free, or ours."""
    partition, region, account = (
        place.account.caller.split(":")[1],
        place.account.region,
        place.account.account_id,
    )
    arn = f"arn:{partition}:sns:{region}:{account}:{_changes(place)}"
    there = _there(lambda: place.client("sns").get_topic_attributes(TopicArn=arn))
    return _name(place, "topic", arn, f"aws sns delete-topic --topic-arn {arn}", there=there)


def _changes(place: Place) -> str:
    return f"{place.stack}-order-changes"


def _there(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NotFound", "NotFoundException"):
            return False
        raise
    return True


def _name(place: Place, kind: str, name: str, command: str, *, there: bool) -> Finding:
    if not there:
        return ok(f"The {kind}'s name is free.")
    if name in place.owned:
        return ok(f"The {kind} is the stack's own.")
    return failure(
        f"There is a {kind} {name} that does not belong to {place.stack}.",
        f"If nobody needs it: {command} --region {place.account.region}",
    )


def mail(place: Place) -> Finding:
    """See whether whoever signs up gets the mail with the code."""
    sender = place.settings.mail
    if sender is None:
        return _mails_of_cognito(place)
    ses = place.client("sesv2")
    account = ses.get_account()
    if not (account["SendingEnabled"] and account["ProductionAccessEnabled"]):
        return failure(
            f"Amazon SES in {place.account.region} is in its sandbox or must not send: mails reach "
            "only addresses that are verified there, so nobody can sign up.",
            "Ask for production access in the console of Amazon SES, under Account dashboard.",
        )
    if not _verified(ses, sender.domain):
        return failure(
            f"Amazon SES in {place.account.region} has not verified {sender.domain}.",
            f"aws sesv2 create-email-identity --email-identity {sender.domain} --region "
            f"{place.account.region}, then enter in DNS what it answers.",
        )
    return ok(f"Amazon SES sends as {sender.sender}, {_most(account)} mails a day at most.")


def _mails_of_cognito(place: Place) -> Finding:
    waived = place.settings.mail_waiver
    found = failure if place.settings.keep_data else warning
    return found(
        "Cognito itself sends the mails of sign-up and forgotten passwords, 50 a day for all people"
        + (f"; waived: {waived.rstrip('.')}." if waived else "."),
        "Name a `mail` sender in infrastructure/settings.py that Amazon SES has verified.",
    )


def _verified(ses: Any, identity: str) -> bool:
    try:
        return bool(ses.get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"])
    except ses.exceptions.NotFoundException:
        return False


def _most(account: dict[str, Any]) -> str:
    return f"{account['SendQuota']['Max24HourSend']:.0f}"


def second_factor(place: Place) -> Finding:
    """See whether each operator has an authenticator app."""
    if place.settings.keep_data and not place.settings.asks_second_factor:
        return warning(
            "A password alone makes an operator: operators_second_factor is off.",
            "Switch it on in infrastructure/settings.py.",
        )
    without = [person for pool in _pools(place) for person in _without_app(place, pool)]
    if not without:
        return ok("Every operator has an authenticator app.")
    asked = place.settings.asks_second_factor
    return warning(
        f"Operators without an authenticator app: {', '.join(without)}"
        + ("; they are customers until they have one." if asked else "."),
        "Take them out of the group until they have one: whoever has such a password can bring an "
        "app of their own (docs/operations.md, Operators).",
    )


def _pools(place: Place) -> list[str]:
    resources = resources_of(place.account, place.stack)
    return [name for kind, name in resources if kind == "AWS::Cognito::UserPool" and name]


def _without_app(place: Place, pool: str) -> list[str]:
    """Name the operators without an app by their ids, which are no personal data."""
    cognito = place.client("cognito-idp")
    pages = cognito.get_paginator("list_users_in_group").paginate(
        UserPoolId=pool, GroupName=OPERATORS
    )
    people = [user["Username"] for page in pages for user in page["Users"]]
    return [person for person in people if not _has_app(cognito, pool, person)]


def _has_app(cognito: Any, pool: str, person: str) -> bool:
    found = cognito.admin_get_user(UserPoolId=pool, Username=person)
    return AUTHENTICATOR_APP in found.get("UserMFASettingList", ())


ON_AWS = (
    Check("credentials", identity),
    Check("CDK bootstrap", bootstrap, "ssm:GetParameter"),
    Check("stack", stack, "cloudformation:DescribeStacks"),
    Check("reserved concurrency", reserved, _CONCURRENCY),
    Check("workers' concurrency", workers, _CONCURRENCY),
    Check(
        "API Gateway logging", logging_role, f"apigateway:GET on /account and {_STACK_RESOURCES}"
    ),
    Check("API Gateway throttle", gateway_throttle, "apigateway:GET on /account"),
    Check("SSM parameters", parameters, "ssm:DescribeParameters"),
    Check("X-Ray sampling", tracing, "xray:GetSamplingRules"),
    Check("X-Ray policies", tracing_policies, "xray:ListResourcePolicies"),
    Check("mails of sign-up", mail, "ses:GetAccount and ses:GetEmailIdentity"),
    Check(
        "operators' second factor",
        second_factor,
        f"cognito-idp:ListUsersInGroup, cognito-idp:AdminGetUser and {_STACK_RESOURCES}",
    ),
    Check("log group's name", log_group, f"logs:DescribeLogGroups and {_STACK_RESOURCES}"),
    Check("topic's name", topic, f"sns:GetTopicAttributes and {_STACK_RESOURCES}"),
)
"""The checks that need AWS, in the order in which they are shown."""
