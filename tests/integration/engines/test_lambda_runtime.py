"""Every function's asset under AWS's own runtime client, with nothing else of ours around it."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.asset import build_for_host
from infrastructure.functions import BY_NAME, LIVE, names
from infrastructure.work.release import ASKED
from orders.domain.synthetic import HEARTBEAT
from orders.settings import OPERATORS
from project.checkout import ROOT
from tests.integration.engines import aws_events, environment
from tests.integration.engines.runtime_api import TRACE, Function, running
from tests.shared.examples import order
from tests.shared.people import aws, make_partner, usage_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

JSON = {"Content-Type": "application/json"}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
ONE = "/partner/orders/{orderId}"


@pytest.fixture(scope="module")
def asset() -> Path:
    """What goes to AWS, built for this machine and the environment of AWS's runtime client."""
    return build_for_host(ROOT / ".cache" / "engines-asset", environment.ready()).path


@dataclass(frozen=True)
class Lambda:
    """Functions of the stack, each started anew under AWS's runtime client."""

    stack: Endpoints
    asset: Path
    folder: Path

    @contextmanager
    def function(self, name: str, **variables: str) -> Iterator[Function]:
        """Start a function with the variables that the template gives it."""
        given = {**self._deployed(name), "AWS_ENDPOINT_URL": self.stack.aws_endpoint_url}
        log = self.folder / f"{name}.log"
        with running(self.asset, BY_NAME[name].handler, {**given, **variables}, log) as function:
            yield function

    def answer(self, name: str, event: Any, **variables: str) -> Any:
        """Start a function, call it once and give its answer."""
        with self.function(name, **variables) as function:
            outcome = function.invoke(event)
        assert outcome.kind == "response", outcome
        return outcome.body

    def logged(self, name: str) -> dict[str, Any]:
        """Give the line that a function has written of its last call."""
        texts = (self.folder / f"{name}.log").read_text().splitlines()
        lines: list[dict[str, Any]] = [json.loads(text) for text in texts if text[:1] == "{"]
        return next(line for line in reversed(lines) if "orderId" in line)

    def _deployed(self, name: str) -> Mapping[str, str]:
        if name not in self.stack.functions:
            return {}
        asked = aws(self.stack, "lambda").get_function_configuration(
            FunctionName=self.stack.functions[name]
        )
        found: dict[str, str] = asked["Environment"]["Variables"]
        return found


@pytest.fixture
def aws_lambda(stack: Endpoints, asset: Path, tmp_path: Path) -> Lambda:
    return Lambda(stack, asset, tmp_path)


@pytest.fixture
def acme(api_key_id: str) -> aws_events.Caller:
    """The demo partner, as API Gateway tells of it."""
    return aws_events.partner(api_key_id)


def placing(caller: aws_events.Caller, **headers: str) -> dict[str, Any]:
    """The event of an order that a partner places."""
    sent = {**JSON, "Idempotency-Key": uuid.uuid4().hex, **headers}
    return aws_events.request(caller, "POST", "/partner/orders", body=order(), headers=sent)


@pytest.fixture
def placed(aws_lambda: Lambda, acme: aws_events.Caller) -> dict[str, Any]:
    """An order that a function under AWS's client has placed."""
    answer = aws_lambda.answer("create_order", placing(acme))
    assert answer["statusCode"] == 201, answer
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def stored(stack: Endpoints, order_id: str) -> dict[str, Any]:
    """Read an order in DynamoDB's typed JSON."""
    found = aws(stack, "dynamodb").query(
        TableName=stack.tables["orders"],
        KeyConditionExpression="orderId = :id",
        ExpressionAttributeValues={":id": {"S": order_id}},
    )
    (item,) = found["Items"]
    return dict(item)


def test_create_order(stack: Endpoints, aws_lambda: Lambda, placed: dict[str, Any]) -> None:
    """An order is placed, and knows the trace that Lambda told its function."""
    trace = TRACE.partition(";")[0].removeprefix("Root=")
    assert stored(stack, placed["orderId"])["traceId"] == {"S": trace}
    line = aws_lambda.logged("create_order")
    assert (line["orderId"], line["replayed"]) == (placed["orderId"], False)


def test_get_order(aws_lambda: Lambda, acme: aws_events.Caller, placed: dict[str, Any]) -> None:
    """The order is read."""
    event = aws_events.request(acme, "GET", ONE, orderId=placed["orderId"])
    answer = aws_lambda.answer("get_order", event)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, placed)


def test_list_orders(aws_lambda: Lambda, acme: aws_events.Caller, placed: dict[str, Any]) -> None:
    """The order is in the list, and a person's own list is read by the claims of the token."""
    with aws_lambda.function("list_orders") as function:
        event = aws_events.request(acme, "GET", "/partner/orders", query={"limit": "1"})
        listed = json.loads(function.invoke(event).body["body"])
        person = aws_events.customer(str(uuid.uuid4()))
        theirs = json.loads(
            function.invoke(aws_events.request(person, "GET", "/orders")).body["body"]
        )
    assert [one["orderId"] for one in listed["orders"]] == [placed["orderId"]]
    assert theirs == {"orders": [], "cursor": None}


def test_update_order(aws_lambda: Lambda, acme: aws_events.Caller, placed: dict[str, Any]) -> None:
    """The order is moved, though the caller's HTTP/2 sends the names of headers in lower case."""
    headers = {**MERGE_PATCH, "if-match": '"1"'}
    event = aws_events.request(
        acme,
        *("PATCH", ONE),
        body={"status": "CONFIRMED"},
        headers=headers,
        orderId=placed["orderId"],
    )
    answer = aws_lambda.answer("update_order", event)
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (200, "CONFIRMED")


def test_process_order(stack: Endpoints, aws_lambda: Lambda, placed: dict[str, Any]) -> None:
    """A message of the queue is worked on, and nothing of the batch is reported as failed."""
    event = aws_events.batch(aws_events.inserted(stored(stack, placed["orderId"])))
    assert aws_lambda.answer("process_order", event) == {"batchItemFailures": []}
    line = aws_lambda.logged("process_order")
    assert (line["orderId"], line["outcome"]) == (placed["orderId"], "waiting")


def test_notify_partner(stack: Endpoints, aws_lambda: Lambda, placed: dict[str, Any]) -> None:
    """The partner hears of the order, over TLS."""
    event = aws_events.batch(aws_events.inserted(stored(stack, placed["orderId"])))
    trusted = {
        "SSL_CERT_FILE": str(Path(stack.server_pem).with_name("authorities.pem")),
        "WEBHOOK_TEST_NETWORKS": "127.0.0.1/32",
    }
    answer = aws_lambda.answer("notify_partner", event, **trusted)
    assert answer == {"batchItemFailures": []}
    line = aws_lambda.logged("notify_partner")
    assert (line["orderId"], line["outcome"]) == (placed["orderId"], "delivered")


def test_create_parameters(stack: Endpoints, aws_lambda: Lambda) -> None:
    """CloudFormation gets its answer at the signed address in S3, and the parameters are there."""
    bucket, s3, ssm = f"answers-{uuid.uuid4().hex[:8]}", aws(stack, "s3"), aws(stack, "ssm")
    s3.create_bucket(Bucket=bucket)
    signed = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "answer"})
    prefix = f"/engines/{uuid.uuid4().hex}"
    properties = {
        "Flags": f"{prefix}/flags",
        "SigningKey": f"{prefix}/key",
        "KeyId": "alias/aws/ssm",
    }
    created = aws_events.custom_resource("Create", properties, signed)
    with aws_lambda.function("create_parameters") as function:
        assert function.invoke(created) == ("response", None, None)
        told = json.loads(s3.get_object(Bucket=bucket, Key="answer")["Body"].read())
        made = ssm.get_parameters_by_path(Path=prefix)["Parameters"]
        known = {"PhysicalResourceId": told["PhysicalResourceId"]}
        function.invoke(aws_events.custom_resource("Delete", properties, signed, **known))
    assert {one["Type"] for one in made} == {"String", "SecureString"}
    assert (told["Status"], told["RequestId"]) == ("SUCCESS", created["RequestId"])
    assert ssm.get_parameters_by_path(Path=prefix)["Parameters"] == []


def test_release_gate(stack: Endpoints, aws_lambda: Lambda) -> None:
    """A first deployment passes; CloudFormation is told of a version that cannot be asked."""
    bucket, s3 = f"answers-{uuid.uuid4().hex[:8]}", aws(stack, "s3")
    s3.create_bucket(Bucket=bucket)
    signed = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "answer"})
    told = []
    with aws_lambda.function("release_gate") as function:
        for kind, version in (("Create", "1"), ("Update", "999")):
            properties, old = (_gate(stack, number) for number in (version, "1"))
            known = {"PhysicalResourceId": "release-gate", "OldResourceProperties": old}
            event = aws_events.custom_resource(kind, properties, signed, **known)
            assert function.invoke(event) == ("response", None, None)
            told.append(json.loads(s3.get_object(Bucket=bucket, Key="answer")["Body"].read()))
    assert [each["Status"] for each in told] == ["SUCCESS", "FAILED"]
    assert "999 cannot be asked" in told[1]["Reason"]


def _gate(stack: Endpoints, version: str) -> dict[str, Any]:
    """Give the gate's properties as the template has them, with one version of all functions."""
    return {
        "Functions": {name: {"Name": stack.functions[name], "Version": version} for name in ASKED},
        "Alias": LIVE,
        "Rounds": "1",
        "SlowFactor": "3",
        "Gate": "check",
        "Reason": "",
        "Table": stack.tables["partners"],
        "Origin": stack.web_origin,
        "Quotes": "checked",
    }


@pytest.fixture
def heartbeat(stack: Endpoints) -> dict[str, str]:
    """What the template gives the heartbeat's function in the stages that have it."""
    partner = make_partner(stack, partner_id=HEARTBEAT, plan=usage_plan(stack, "standard"))
    return {
        "API_URL": stack.api_url,
        "HEARTBEAT_KEY_ID": partner.key_id,
        "PARTNERS_TABLE": stack.tables["partners"],
    }


def test_place_heartbeat(aws_lambda: Lambda, heartbeat: dict[str, str]) -> None:
    """The heartbeat's order goes its whole way."""
    answer = aws_lambda.answer("place_heartbeat", aws_events.scheduled(), **heartbeat)
    assert (answer["outcome"], answer["moment"]) == ("alive", "2022-03-22T18:59:43Z")


def test_check_second_factor(stack: Endpoints, aws_lambda: Lambda) -> None:
    """A member of the operators is one in the token once they have an app, and not before."""
    pool, cognito = stack.user_pool_id, aws(stack, "cognito-idp")
    email = f"{uuid.uuid4().hex}@example.com"
    who = {"UserPoolId": pool, "Username": email}
    person = cognito.admin_create_user(**who, MessageAction="SUPPRESS")["User"]["Username"]
    try:
        asked = aws_events.tokens(pool, person, [OPERATORS, "testers"])
        with aws_lambda.function("check_second_factor") as function:
            before = function.invoke(asked).body["response"]["claimsOverrideDetails"]
            app = {"Enabled": True, "PreferredMfa": True}
            cognito.admin_set_user_mfa_preference(**who, SoftwareTokenMfaSettings=app)
            after = function.invoke(asked).body
    finally:
        cognito.admin_delete_user(**who)
    assert before == {"groupOverrideDetails": {"groupsToOverride": ["testers"]}}
    assert after == asked


def test_every_function_is_tried() -> None:
    """A function that is added to the table is tried under AWS's client, too."""
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(names()) <= tested


def test_a_failure_is_an_error_of_the_function(
    aws_lambda: Lambda, heartbeat: dict[str, str]
) -> None:
    """What a handler raises reaches Lambda as an error, which the alarms count."""
    nowhere = {**heartbeat, "API_URL": "http://127.0.0.1:9"}
    with aws_lambda.function("place_heartbeat", **nowhere) as function:
        failed = function.invoke(aws_events.scheduled())
    assert (failed.kind, failed.body["errorType"]) == ("error", "Deviation")


def test_a_package_that_the_asset_forgets_is_missed(asset: Path, tmp_path: Path) -> None:
    """No package of this machine stands in for one that is not in the asset."""
    poorer = tmp_path / "asset"
    poorer.mkdir()
    for one in asset.iterdir():
        if one.name != "msgspec":
            (poorer / one.name).symlink_to(one)
    with running(poorer, BY_NAME["get_order"].handler, {}, tmp_path / "log") as function:
        outcome = function.outcome()
    assert (outcome.kind, outcome.error_type) == ("init/error", "Runtime.ImportModuleError")
    assert "No module named 'msgspec'" in outcome.body["errorMessage"]
