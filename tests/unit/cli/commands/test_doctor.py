"""`orders doctor` says before a deployment what would make it fail, and how to mend it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ProfileNotFound
from botocore.stub import Stubber

from cli.commands import doctor
from infrastructure.settings import STAGES, Worker, settings_of
from local.checks import OF_THE_LOCAL_RUN
from ops.reach.errors import Obstacle, OperatorError
from ops.reach.layout import Layout
from ops.release import account, cdk, checks_here, checks_on_aws, findings
from ops.release.account import Account
from ops.release.checks_here import OF_A_STAGE
from ops.release.checks_on_aws import ON_AWS, Place
from ops.release.findings import Check, Finding, Result, run_all
from project.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STACK = "food-delivery-orders-prod"
NAME = f"{STACK}-order-changes"
TOPIC = f"arn:aws:sns:us-east-1:111122223333:{NAME}"
LOGS = f"/aws/vendedlogs/pipes/{NAME}"
CHECKS = {check.name: check for check in ON_AWS}
_HERE: tuple[Check[Any], ...] = (*OF_A_STAGE, *OF_THE_LOCAL_RUN)
HERE = {check.name: check for check in _HERE}
LIMITS = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}


class Aws:
    """AWS, answering what a test has told it to, with boto3 checking the forms of it."""

    def __init__(self) -> None:
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.session: Any = session
        self.stubs: dict[str, Stubber] = {}
        caller = "arn:aws:iam::111122223333:user/me"
        real = Account("111122223333", "us-east-1", caller, session)
        self.account = replace(real)
        object.__setattr__(self.account, "client", self.client)

    def client(self, service: str) -> Any:
        """Give the one stubbed client of a service."""
        return self.stub(service).client

    def stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            self.stubs[service] = Stubber(self.session.client(service))
            self.stubs[service].activate()
        return self.stubs[service]

    def answers(self, service: str, operation: str, **answer: Any) -> None:
        self.stub(service).add_response(operation, answer)

    def refuses(self, service: str, operation: str, code: str, message: str = "no") -> None:
        self.stub(service).add_client_error(operation, code, message)

    def finds(self, check: str, stage: str = "prod", **changes: Any) -> Finding:
        """Run a check of a stage with some settings changed."""
        return CHECKS[check].run(Place(replace(settings_of(stage), **changes), self.account))

    def has(self, *resources: tuple[str, str]) -> None:
        """Have a stack of these resources."""
        summaries = [
            {
                "ResourceType": kind,
                "PhysicalResourceId": name,
                "LogicalResourceId": "X",
                "ResourceStatus": "CREATE_COMPLETE",
                "LastUpdatedTimestamp": 0,
            }
            for kind, name in resources
        ]
        self.answers("cloudformation", "list_stack_resources", StackResourceSummaries=summaries)

    def has_no_stack(self, operation: str = "list_stack_resources") -> None:
        message = f"Stack with id {STACK} does not exist"
        self.refuses("cloudformation", operation, "ValidationError", message)


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


@pytest.mark.parametrize(("version", "result"), [("30", "ok"), ("5", "failure")])
def test_bootstrap(aws: Aws, version: str, result: str) -> None:
    """An account that was prepared for the CDK too long ago is to be prepared once more."""
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
    [(1000, None, "ok"), (10, None, "failure"), (100, 100, "ok"), (150, 40, "failure")],
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
    ("unreserved", "result"), [(1000, "ok"), (250, "ok"), (249, "warning"), (10, "warning")]
)
def test_workers(aws: Aws, unreserved: int, result: str) -> None:
    """Workers that could take all that is left from the API are a warning."""
    limits = {**LIMITS, "UnreservedConcurrentExecutions": unreserved}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    aws.has_no_stack()
    assert aws.finds("workers' concurrency").result == result


@pytest.mark.parametrize(
    ("role", "result"),
    [
        ("", "ok"),
        ("arn:aws:iam::111122223333:role/food-delivery-orders-dev-ApiRole-1", "ok"),
        ("arn:aws:iam::111122223333:role/other", "warning"),
    ],
)
def test_logging_role(aws: Aws, role: str, result: str) -> None:
    """A logging role of someone else's is a warning, for the deployment takes its place."""
    aws.answers("apigateway", "get_account", **({"cloudwatchRoleArn": role} if role else {}))
    found = aws.finds("API Gateway logging")
    assert (found.result, "role/other" in found.sentence) == (result, result != "ok")


@pytest.mark.parametrize(("rate", "result"), [(10_000.0, "ok"), (299.0, "warning")])
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


def described(status: str, *, protected: bool = True) -> dict[str, Any]:
    stack = {"StackName": STACK, "StackStatus": status, "CreationTime": 0}
    return {"Stacks": [{**stack, "EnableTerminationProtection": protected}]}


@pytest.mark.parametrize(
    ("status", "result", "remedy"),
    [
        ("UPDATE_COMPLETE", "ok", ""),
        ("REVIEW_IN_PROGRESS", "ok", ""),
        ("UPDATE_IN_PROGRESS", "failure", "Wait"),
        ("ROLLBACK_COMPLETE", "failure", f"delete-stack --stack-name {STACK} --region us-east-1"),
        ("DELETE_FAILED", "failure", "termination protection off first"),
        ("UPDATE_ROLLBACK_FAILED", "failure", "continue-update-rollback --stack-name"),
        ("UPDATE_FAILED", "failure", "rollback-stack"),
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


def name_of_pipe(aws: Aws, *, there: bool) -> str:
    if there:
        aws.answers("pipes", "describe_pipe", Name=NAME)
    else:
        aws.refuses("pipes", "describe_pipe", "NotFoundException")
    return NAME


NAMES = {
    "log group's name": name_of_log_group,
    "topic's name": name_of_topic,
    "pipe's name": name_of_pipe,
}


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


QUESTIONS = {
    "CDK bootstrap": ("ssm", "get_parameter"),
    "stack": ("cloudformation", "describe_stacks"),
    "reserved concurrency": ("lambda", "get_account_settings"),
    "workers' concurrency": ("lambda", "get_account_settings"),
    "API Gateway logging": ("apigateway", "get_account"),
    "API Gateway throttle": ("apigateway", "get_account"),
    "SSM parameters": ("ssm", "describe_parameters"),
    "X-Ray sampling": ("xray", "get_sampling_rules"),
    "log group's name": ("logs", "describe_log_groups"),
    "topic's name": ("sns", "get_topic_attributes"),
    "pipe's name": ("pipes", "describe_pipe"),
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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EndpointConnectionError(endpoint_url="https://x"), "cannot be reached"),
        (ProfileNotFound(profile="p"), "set AWS_PROFILE"),
        (KeyError("x"), "Looking failed: KeyError"),
        (OperatorError("as it is"), "as it is"),
    ],
)
def test_looking_fails(error: Exception, said: str) -> None:
    """Whatever goes wrong in looking is told in a sentence, and is no failure of the stage."""

    def broken(_: object) -> Finding:
        raise error

    found = Check("x", broken).run(None)
    assert (found.result, said in found.sentence, found.check) == ("unknown", True, "x")


def test_obstacle() -> None:
    """What `make deploy` would stop at is a failure with the same words."""

    def broken(_: object) -> Finding:
        raise Obstacle("It is so.", "Do this.")

    assert Check("x", broken).run(None) == Finding(Result.FAILURE, "It is so.", "Do this.", "x")


def test_slow_check() -> None:
    """A check that gets no answer does not keep me waiting, nor hide what the others found."""

    def slow(_: object) -> Finding:
        time.sleep(60)
        return findings.ok("never")

    found = run_all(
        [Check("slow", slow), Check("quick", lambda _: findings.ok("done"))], None, seconds=0.2
    )
    assert [(each.check, each.result) for each in found] == [("slow", "unknown"), ("quick", "ok")]


def here(check: str, subject: Any = None) -> Finding:
    return HERE[check].run(subject or settings_of("prod"))


@pytest.mark.parametrize(
    ("given", "result"), [("us-east-1", "ok"), ("", "ok"), ("eu-west-1", "warning")]
)
def test_region(given: str, result: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile of another Region than the stage's is a warning that names both."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", given)
    if not given:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
    found = here("Region")
    assert (found.result, given in found.sentence) == (result, True)


def test_region_of_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist has no Region to compare."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    assert here("Region").result == "unknown"


@pytest.mark.parametrize(
    ("origin", "result"),
    [
        ("https://orders.example.com", "warning"),
        ("https://example.org", "warning"),
        ("http://localhost:5173", "warning"),
        ("https://lunch.test", "ok"),
        ("https://myexample.test", "ok"),
    ],
)
def test_origins(origin: str, result: str) -> None:
    """Origins that are still the template's, or a developer's in prod, are a warning."""
    assert here("web origins", replace(STAGES["prod"], origins=(origin,))).result == result


def test_localhost_in_dev() -> None:
    """In dev a developer's own machine may call the API."""
    assert here("web origins", STAGES["dev"]).result == "ok"


@pytest.mark.parametrize(
    ("stage", "addresses", "result"),
    [("prod", (), "warning"), ("prod", ("ops@example.com",), "ok"), ("dev", (), "ok")],
)
def test_alarms(stage: str, addresses: tuple[str, ...], result: str) -> None:
    """A stage that keeps data, but whose alarms nobody hears, is a warning."""
    assert here("alarms", replace(STAGES[stage], alarm_emails=addresses)).result == result


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is too old is a failure."""
    assert here("Python").result == "ok"
    monkeypatch.setattr(checks_here, "sys", SimpleNamespace(version_info=(3, 10)))
    assert here("Python").result == "failure"


def test_python_for_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the runtime's Python functions start slowly: a warning."""
    monkeypatch.setattr(checks_here, "find_interpreter", lambda _: None)
    assert here("Python for bytecode").result == "warning"
    monkeypatch.setattr(checks_here, "find_interpreter", lambda minor: minor)
    assert here("Python for bytecode").result == "ok"


def test_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools in other versions than the locked ones are a warning: make setup."""
    assert here("packages").result == "ok"
    monkeypatch.setattr(checks_here, "_version", lambda _: "0.1")
    found = here("packages")
    assert (found.result, found.remedy, "uv 0.1, not" in found.sentence) == (
        "warning",
        "make setup",
        True,
    )


@pytest.mark.parametrize(
    ("version", "result"), [("24.1.0", "ok"), ("20.19.0", "failure"), (None, "failure")]
)
def test_node(version: str | None, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Node.js that the CDK no longer takes is a failure."""
    monkeypatch.setattr(checks_here, "_version", lambda _: version)
    assert here("Node.js").result == result


@pytest.mark.parametrize(
    ("installed", "reads", "result"),
    [
        (None, None, "ok"),
        ("2.1", 55, "warning"),
        ("locked", 55, "ok"),
        ("locked", 43, "failure"),
        ("locked", None, "unknown"),
    ],
)
def test_cli(
    installed: str | None, reads: int | None, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CLI that cannot read what the library writes is a failure; another one, a warning."""
    monkeypatch.setattr(checks_here, "_version", lambda _: "55.4.0")
    monkeypatch.setattr(cdk, "locked_version", lambda: "locked")
    monkeypatch.setattr(cdk, "installed_version", lambda: installed)
    monkeypatch.setattr(cdk, "newest_schema", lambda: reads)
    assert here("CDK CLI").result == result


def test_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is not committed is a warning; without a repository it is unknown."""
    monkeypatch.setattr(checks_here, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert here("git").result == "unknown"
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert here("git").result == "ok"
    (tmp_path / "new.py").touch()
    found = here("git")
    assert (found.result, "new.py" in found.sentence) == ("warning", True)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_port(taken: int, tmp_path: Path) -> None:
    """A port that another program has is a failure; one that the local run itself has is not."""
    layout = Layout(tmp_path, taken)
    found = here("port", layout)
    assert (found.result, "LOCAL_PORT" in found.remedy) == ("failure", True)
    layout.home.mkdir()
    layout.emulator_pid.touch()
    layout.endpoints.touch()
    assert here("port", layout).result == "ok"


def test_free_port(taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A free port is fine."""
    monkeypatch.setattr("local.checks.port_taken", lambda _: False)
    assert here("port", Layout(tmp_path, taken)).result == "ok"


@pytest.mark.parametrize(
    ("system", "libc", "result"),
    [
        ("Linux", ("glibc", "2.36"), "ok"),
        ("Linux", ("glibc", "2.31"), "failure"),
        ("Linux", ("", ""), "failure"),
        ("Darwin", ("", ""), "ok"),
        ("Windows", ("", ""), "failure"),
    ],
)
def test_machine(
    system: str, libc: tuple[str, str], result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that the emulator has no packages for is found before they are downloaded."""
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.libc_ver", lambda: libc)
    assert here("machine").result == result


@pytest.mark.parametrize(("megabytes", "result"), [(9000, "ok"), (999, "warning"), (9, "failure")])
def test_disk(megabytes: int, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room is found before it is full."""
    usage = SimpleNamespace(free=megabytes * 1_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert here("disk").result == result


@pytest.mark.parametrize(("path", "result"), [("x", "ok"), (None, "warning")])
def test_emulator(path: str | None, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator that must be installed first takes the package index: a warning."""
    monkeypatch.setattr("local.copy.environment.ready", lambda: path)
    assert here("emulator").result == result


def signed_in(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "sign_in", lambda *_: aws.account)


def test_summary_names_what_is_unknown() -> None:
    """The last line counts failures and warnings, and names what could not be checked."""
    found = [
        Finding(Result.OK, "", check="a"),
        Finding(Result.FAILURE, "", check="b"),
        Finding(Result.UNKNOWN, "", check="c"),
    ]
    said = doctor.summary(found)
    assert said == "1 failure, 0 warnings in 3 checks. Could not be checked: c."


@pytest.mark.parametrize("asked", ["credentials", "slow", "network"])
def test_no_account(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an account every check of it is unknown, and I am sent to the credentials."""

    def refuse(*_: object) -> Account:
        if asked == "credentials":
            raise Obstacle("There are no AWS credentials.", "Sign in.")
        if asked == "slow":
            time.sleep(60)
        raise OperatorError("AWS cannot be reached: x")

    monkeypatch.setattr(doctor, "_SIGN_IN_SECONDS", 0.2)
    monkeypatch.setattr(account, "sign_in", refuse)
    found = doctor._on_aws(settings_of("dev"))
    assert [each.check for each in found] == list(CHECKS)
    assert found[0].result == ("failure" if asked == "credentials" else "unknown")
    assert {each.result for each in found[1:]} == {Result.UNKNOWN}


def test_all_checks_of_an_account(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an account every check is run, in the order of the list."""
    signed_in(aws, monkeypatch)
    found = doctor._on_aws(settings_of("dev"))
    assert [each.check for each in found] == list(CHECKS)
    assert found[0].result == "ok"
    assert all(each.sentence for each in found)


@pytest.mark.parametrize("result", list(Result))
def test_exit_code(
    result: Result, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a failure ends with 1; JSON stands alone on stdout."""
    found = [Finding(result, "It is so.", "Do\n  this.", "x")]
    monkeypatch.setattr(doctor, "of_a_stage", lambda _: found)
    code = exit_code(lambda: doctor.doctor(json_=True))
    said = capsys.readouterr()
    assert code == (1 if result is Result.FAILURE else 0)
    assert json.loads(said.out) == [
        {"check": "x", "result": result.value, "finding": "It is so.", "remedy": "Do\n  this."}
    ]
    assert "in 1 check" in said.err
    exit_code(doctor.doctor)
    assert "It is so. → Do this." in capsys.readouterr().out


def exit_code(command: Callable[[], None]) -> int:
    try:
        command()
    except Exception as ended:  # noqa: BLE001 - Typer's own kind of exit
        return int(cast("Any", ended).exit_code)
    return 0


def test_worker_with_its_own_share(aws: Aws) -> None:
    """A worker with executions of its own takes none of the others'."""
    limits = {**LIMITS, "UnreservedConcurrentExecutions": 300}
    aws.answers("lambda", "get_account_settings", AccountLimit=limits)
    aws.has_no_stack()
    own = {"process_order": 100, "notify_partner": 100}
    found = aws.finds(
        "workers' concurrency",
        reserved_concurrency=own,
        workers={name: Worker(most_at_once=100, retry_seconds=5) for name in own},
    )
    assert found.result == "ok"
    assert plain(found.sentence) == "The workers may take 0 of 100 shared executions."
