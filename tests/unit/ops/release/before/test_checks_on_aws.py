"""What `orders doctor` looks at in an account, which boto3's Stubber plays."""

from __future__ import annotations

from typing import Any

import pytest

from infrastructure.settings import STAGES, Worker
from ops.release.before import checks_on_aws
from project.text import plain
from tests.shared.aws_account import CHECKS, STACK, Aws

NAME = f"{STACK}-order-changes"
TOPIC = f"arn:aws:sns:us-east-1:111122223333:{NAME}"
LOGS = f"/aws/vendedlogs/pipes/{NAME}"
LIMITS = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Aws()


def test_credentials(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """I see whose credentials they are, and a warning when they do not go to AWS itself."""
    found = aws.finds("credentials")
    assert (found.result, "account 111122223333, us-east-1" in found.sentence) == ("ok", True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert aws.finds("credentials").result == "warning"
    object.__setattr__(aws.account, "account_id", "acme")
    assert "no AWS account number" in aws.finds("credentials").sentence


def test_another_account(aws: Aws) -> None:
    """Credentials of an account that the stage does not belong to are a failure, with a remedy."""
    found = aws.finds("credentials", account="999988887777")
    assert (found.result, "AWS_PROFILE" in found.remedy) == ("failure", True)
    assert "999988887777" in found.sentence
    assert aws.finds("credentials", account="111122223333").result == "ok"


@pytest.mark.parametrize(("version", "result"), [("30", "ok"), ("21", "ok"), ("20", "failure")])
def test_bootstrap(aws: Aws, version: str, result: str) -> None:
    """An account that was prepared by a CDK that is not safe is to be prepared once more."""
    aws.answers("ssm", "get_parameter", Parameter={"Value": version})
    found = aws.finds("CDK bootstrap")
    assert (found.result, "cdk bootstrap aws://" in found.remedy) == (result, result != "ok")


def test_no_bootstrap(aws: Aws) -> None:
    """An account that was never prepared is told with the command that prepares it."""
    aws.refuses("ssm", "get_parameter", "ParameterNotFound")
    found = aws.finds("CDK bootstrap")
    assert found.result == "failure"
    assert "bootstrap aws://111122223333/us-east-1" in found.remedy


@pytest.mark.parametrize(
    ("unreserved", "by_stack", "result"),
    [(1000, None, "ok"), (10, None, "failure"), (100, 300, "ok"), (350, 40, "failure")],
)
def test_reserved(aws: Aws, unreserved: int, by_stack: int | None, result: str) -> None:
    """A quota that leaves no room is found; what the stage has reserved already is not counted."""
    limits = {**LIMITS, "UnreservedConcurrentExecutions": unreserved}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    if by_stack is None:
        aws.has_no_stack()
    else:
        aws.has(("AWS::Lambda::Function", "f"), ("AWS::Lambda::Function", "g"))
        reserved = {"ReservedConcurrentExecutions": by_stack}
        aws.answers("lambda", "get_function_concurrency", **reserved)
        aws.refuses("lambda", "get_function_concurrency", "ResourceNotFoundException")
    found = aws.finds("reserved concurrency")
    assert (found.result, "Service Quotas" in found.remedy) == (result, result != "ok")


def test_nothing_reserved(aws: Aws) -> None:
    """A new account's quota of 10 is no obstacle to a stage that reserves nothing."""
    limits = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    aws.has_no_stack()
    assert aws.finds("reserved concurrency", reserved_concurrency={}).result == "ok"


@pytest.mark.parametrize(
    ("unreserved", "result"), [(1000, "ok"), (480, "ok"), (479, "warning"), (10, "warning")]
)
def test_workers(aws: Aws, unreserved: int, result: str) -> None:
    """Workers that could take all that is left from the API are a warning."""
    limits = {**LIMITS, "UnreservedConcurrentExecutions": unreserved}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    aws.has_no_stack()
    assert aws.finds("workers' concurrency").result == result


def test_no_logging_role(aws: Aws) -> None:
    """An account without one is well: the deployment sets it."""
    aws.answers("apigateway", "get_account")
    assert aws.finds("API Gateway logging").result == "ok"


@pytest.mark.parametrize(
    ("role", "result"),
    [("ApiRole-1", "ok"), ("food-delivery-orders-dev-of-somebody-else", "warning")],
)
def test_logging_role(aws: Aws, role: str, result: str) -> None:
    """A role that is in no stage's stack is a warning, for the deployment takes its place."""
    arn = f"arn:aws:iam::111122223333:role/{role}"
    aws.answers("apigateway", "get_account", cloudwatchRoleArn=arn)
    for _ in [*STAGES][1:]:
        aws.has_no_stack()
    aws.has(("AWS::IAM::Role", "ApiRole-1"))
    found = aws.finds("API Gateway logging")
    assert (found.result, role in found.sentence) == (result, result != "ok")


@pytest.mark.parametrize(("rate", "result"), [(10_000.0, "ok"), (104.0, "warning")])
def test_gateway_throttle(aws: Aws, rate: float, result: str) -> None:
    """An account that lets less through than the stage promises is a warning."""
    throttle = {"rateLimit": rate, "burstLimit": 5_000}
    aws.answers("apigateway", "get_account", throttleSettings=throttle)
    assert aws.finds("API Gateway throttle").result == result


@pytest.mark.parametrize(
    ("count", "result"), [(0, "ok"), (9_500, "ok"), (9_501, "warning"), (10_000, "failure")]
)
def test_parameters(aws: Aws, count: int, result: str) -> None:
    """A full Parameter Store is found before the first parameter is refused."""
    aws.answers("ssm", "describe_parameters", Parameters=[{}] * (count // 2), NextToken="next")
    aws.answers("ssm", "describe_parameters", Parameters=[{}] * (count - count // 2))
    assert aws.finds("SSM parameters").result == result


def test_too_many_parameters_to_count(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting ends after seconds: then I am told how far it came."""
    monkeypatch.setattr(checks_on_aws, "_COUNTING_SECONDS", -1)
    aws.answers("ssm", "describe_parameters", Parameters=[{}], NextToken="next")
    assert aws.finds("SSM parameters").result == "unknown"


@pytest.mark.parametrize(
    ("rate", "service", "result"), [(0.05, "*", "ok"), (1.0, "*", "warning"), (1.0, "x", "ok")]
)
def test_sampling(aws: Aws, rate: float, service: str, result: str) -> None:
    """A rule that traces every request of all services is a warning: each trace is billed."""
    rule = {
        "RuleName": "Mine",
        "ResourceARN": "*",
        "Priority": 1,
        "FixedRate": rate,
        "ReservoirSize": 1,
        "ServiceName": service,
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
    }
    aws.answers("xray", "get_sampling_rules", SamplingRuleRecords=[{"SamplingRule": rule}])
    assert aws.finds("X-Ray sampling").result == result


@pytest.mark.parametrize(
    ("names", "result"),
    [
        ([], "ok"),
        (["a", "b", "c", "d"], "ok"),
        (["a", "b", "c", "d", f"{STACK}-topic"], "ok"),
        (["a", "b", "c", "d", "e"], "failure"),
    ],
)
def test_tracing_policies(aws: Aws, names: list[str], result: str) -> None:
    """X-Ray takes five resource policies: a full account is found before the stage's is refused."""
    policies = [{"PolicyName": name} for name in names]
    aws.answers("xray", "list_resource_policies", ResourcePolicies=policies)
    found = aws.finds("X-Ray policies")
    assert (found.result, "delete-resource-policy" in found.remedy) == (result, result != "ok")


def described(status: str, *, protected: bool = True) -> dict[str, Any]:
    stack = {"StackName": STACK, "StackStatus": status, "CreationTime": 0}
    return {"Stacks": [{**stack, "EnableTerminationProtection": protected}]}


@pytest.mark.parametrize(
    ("status", "result", "remedy"),
    [
        ("UPDATE_COMPLETE", "ok", ""),
        ("REVIEW_IN_PROGRESS", "ok", ""),
        ("UPDATE_IN_PROGRESS", "failure", "Wait"),
        ("ROLLBACK_COMPLETE", "failure", "orders deploy --stage prod"),
        ("UPDATE_ROLLBACK_FAILED", "failure", f"continue-update-rollback --stack-name {STACK}"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning", "events"),
    ],
)
def test_stack(aws: Aws, status: str, result: str, remedy: str) -> None:
    """A stack that no deployment can start from is found, with the command that leads out."""
    aws.answers("cloudformation", "describe_stacks", **described(status))
    found = aws.finds("stack")
    assert (found.result, remedy in found.remedy) == (result, True), found


def test_stack_without_protection(aws: Aws) -> None:
    """A stack whose data is to be kept, but which anybody can delete, is a warning."""
    for _ in range(2):
        answer = described("CREATE_COMPLETE", protected=False)
        aws.answers("cloudformation", "describe_stacks", **answer)
    assert (aws.finds("stack").result, aws.finds("stack", "dev").result) == ("warning", "ok")


def test_no_stack(aws: Aws) -> None:
    """A stage that was never deployed is fine."""
    aws.has_no_stack("describe_stacks")
    assert aws.finds("stack").result == "ok"


def name_of_log_group(aws: Aws, *, there: bool) -> str:
    longer = {"logGroupName": f"{LOGS}-2"}
    groups = [longer, {"logGroupName": LOGS}] if there else [longer]
    aws.answers("logs", "describe_log_groups", logGroups=groups)
    return LOGS


def name_of_topic(aws: Aws, *, there: bool) -> str:
    if there:
        aws.stub("sns").add_response("get_topic_attributes", {}, {"TopicArn": TOPIC})
    else:
        aws.refuses("sns", "get_topic_attributes", "NotFound")
    return TOPIC


NAMES = {"log group's name": name_of_log_group, "topic's name": name_of_topic}


@pytest.mark.parametrize("check", NAMES)
def test_free_name(aws: Aws, check: str) -> None:
    """A name that nothing has yet is fine."""
    NAMES[check](aws, there=False)
    assert aws.finds(check).result == "ok"


@pytest.mark.parametrize("check", NAMES)
def test_own_name(aws: Aws, check: str) -> None:
    """A name that the stack itself has is fine."""
    aws.has(("X", NAMES[check](aws, there=True)))
    assert aws.finds(check).result == "ok"


@pytest.mark.parametrize("check", NAMES)
def test_taken_name(aws: Aws, check: str) -> None:
    """A name that something else has is found, with what removes it."""
    name = NAMES[check](aws, there=True)
    aws.has_no_stack()
    found = aws.finds(check)
    assert (found.result, name in found.remedy) == ("failure", True)


def ses(aws: Aws, *, sandbox: bool = False, sending: bool = True) -> None:
    """Have an account of Amazon SES."""
    quota = {"Max24HourSend": 50_000.0}
    state = {"ProductionAccessEnabled": not sandbox, "SendingEnabled": sending}
    aws.answers("sesv2", "get_account", SendQuota=quota, **state)


def test_mails(aws: Aws) -> None:
    """A sender that SES has verified, and a way out of the sandbox, are what sign-up takes."""
    ses(aws)
    aws.answers("sesv2", "get_email_identity", VerifiedForSendingStatus=True)
    found = aws.finds("mails of sign-up")
    assert (found.result, "50000 mails a day" in found.sentence) == ("ok", True)


@pytest.mark.parametrize("state", [{"sandbox": True}, {"sending": False}])
def test_mails_that_reach_nobody(aws: Aws, state: dict[str, bool]) -> None:
    """While SES is in its sandbox, or stopped, nobody can sign up: that is a failure."""
    ses(aws, **state)
    found = aws.finds("mails of sign-up")
    assert (found.result, "production access" in found.remedy) == ("failure", True)


@pytest.mark.parametrize("there", [True, False])
def test_mails_of_a_stranger(aws: Aws, *, there: bool) -> None:
    """A domain that SES has not verified, or does not know, sends nothing."""
    ses(aws)
    if there:
        aws.answers("sesv2", "get_email_identity", VerifiedForSendingStatus=False)
    else:
        aws.refuses("sesv2", "get_email_identity", "NotFoundException")
    found = aws.finds("mails of sign-up")
    assert (found.result, "orders.example.com" in found.sentence) == ("failure", True)


def test_fifty_mails_a_day(aws: Aws) -> None:
    """Where Cognito's 50 mails a day are all, doctor fails, waived or not; in dev it warns."""
    waived = aws.finds("mails of sign-up", mail=None, mail_waiver="Twelve people, by invitation.")
    assert (waived.result, "Twelve people" in waived.sentence) == ("failure", True)
    assert aws.finds("mails of sign-up", "dev").result == "warning"


POOL = ("AWS::Cognito::UserPool", "us-east-1_Example")
FACTOR = "operators' second factor"
SETTINGS = {"SOFTWARE_TOKEN_MFA": ["SOFTWARE_TOKEN_MFA"], "EMAIL_OTP": ["EMAIL_OTP"], "none": []}


def operators(aws: Aws, **factors: str) -> None:
    """Have operators, by their ids, each with a factor."""
    aws.has(POOL)
    people = [{"Username": person} for person in factors]
    aws.answers("cognito-idp", "list_users_in_group", Users=people)
    for person, factor in factors.items():
        has = SETTINGS[factor]
        aws.answers("cognito-idp", "admin_get_user", Username=person, UserMFASettingList=has)


def test_operators_with_an_app(aws: Aws) -> None:
    """A stage whose operators all have an app, or that is not there yet, is well."""
    operators(aws, one="SOFTWARE_TOKEN_MFA", two="SOFTWARE_TOKEN_MFA")
    assert aws.finds(FACTOR).result == "ok"
    aws.has_no_stack()
    assert aws.finds(FACTOR).result == "ok"


def test_operators_without_an_app(aws: Aws) -> None:
    """I am told which operators have none, by their ids, and to take them out until they have."""
    operators(aws, one="SOFTWARE_TOKEN_MFA", two="none", three="EMAIL_OTP")
    found = aws.finds(FACTOR)
    assert (found.result, "two, three;" in found.sentence) == ("warning", True)
    assert "customers until" in found.sentence
    assert "out of the group" in found.remedy
    operators(aws, one="none")
    assert "customers until" not in aws.finds(FACTOR, "dev").sentence


def test_a_stage_that_asks_for_no_second_factor(aws: Aws) -> None:
    """Where data is kept, I am told that a password alone makes an operator."""
    found = aws.finds(FACTOR, operators_second_factor=False)
    assert (found.result, "password alone" in found.sentence) == ("warning", True)


QUESTIONS = {
    "CDK bootstrap": ("ssm", "get_parameter"),
    "stack": ("cloudformation", "describe_stacks"),
    "reserved concurrency": ("lambda", "get_account_settings"),
    "workers' concurrency": ("lambda", "get_account_settings"),
    "API Gateway logging": ("apigateway", "get_account"),
    "API Gateway throttle": ("apigateway", "get_account"),
    "SSM parameters": ("ssm", "describe_parameters"),
    "X-Ray sampling": ("xray", "get_sampling_rules"),
    "X-Ray policies": ("xray", "list_resource_policies"),
    "mails of sign-up": ("sesv2", "get_account"),
    "operators' second factor": ("cloudformation", "list_stack_resources"),
    "log group's name": ("logs", "describe_log_groups"),
    "topic's name": ("sns", "get_topic_attributes"),
}


@pytest.mark.parametrize("check", QUESTIONS)
def test_missing_permission(aws: Aws, check: str) -> None:
    """What I may not look at is unknown, never a failure, and the permission is named."""
    aws.refuses(*QUESTIONS[check], "AccessDeniedException")
    found = aws.finds(check)
    assert (found.result, CHECKS[check].permission in found.sentence) == ("unknown", True)
    assert CHECKS[check].permission


def test_missing_permission_for_the_stack(aws: Aws) -> None:
    """Who may not see what the stack has reserved is not told that the quota is too small."""
    limits = {"ConcurrentExecutions": 200, "UnreservedConcurrentExecutions": 100}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    aws.refuses("cloudformation", "list_stack_resources", "AccessDenied")
    assert aws.finds("reserved concurrency").result == "unknown"


def test_every_check_of_aws_is_tested_without_permission() -> None:
    """No check of the account is left out above."""
    assert set(QUESTIONS) | {"credentials"} == set(CHECKS)


def test_worker_with_its_own_share(aws: Aws) -> None:
    """A worker with executions of its own takes none of the others'."""
    limits = {**LIMITS, "UnreservedConcurrentExecutions": 300}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    aws.has_no_stack()
    own = {"process_order": 100, "notify_partner": 130}  # 20 are for retries, 10 for servers
    found = aws.finds(
        "workers' concurrency",
        reserved_concurrency=own,
        workers={name: Worker(most_at_once=100, retry_seconds=5) for name in own},
    )
    assert found.result == "ok"
    assert plain(found.sentence) == "The workers may take 0 of 70 shared executions."
