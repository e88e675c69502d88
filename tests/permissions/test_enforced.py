"""The service with the emulator's authorization on: the template's roles decide.

The one exception: the statements that deny what does not come by TLS, which the emulator does not
speak (local/inside/refused_resources.py, without_tls_rule).
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from local.copy.emulator import Watch
from local.inside.refused_resources import without_tls_rule
from local.stack import start
from ops.reach.layout import free_port
from tests.permissions.at_run_time import done_by_aws
from tests.permissions.deployed import Asked, Deployed, recorded
from tests.permissions.exercise import Walk
from tests.permissions.judge import judge
from tests.shared.people import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("enforced") / "calls.jsonl"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, calls: Path) -> Iterator[Walk]:
    """A copy that asks the roles' policies before it does anything."""
    directory = tmp_path_factory.mktemp("local")
    with start(free_port(), directory, watch=Watch(record=calls, enforce=True)) as endpoints:
        yield Walk(endpoints, calls)


@pytest.fixture(scope="module")
def walked(walk: Walk) -> Walk:
    """The same after the whole walk."""
    walk.all()
    return walk


def test_the_service_works_under_its_own_roles(
    walked: Walk, calls: Path, interpreter: Path
) -> None:
    """All that the service does goes through, and takes every permission that there is."""
    deployed = Deployed(walked.stack)
    asked = [call for call in recorded(calls.read_text()) if call.role in deployed.roles]
    verdict = judge(interpreter, deployed.policies, [*asked, *done_by_aws(deployed)])
    assert not any(verdict), f"\n{verdict}"


@pytest.mark.parametrize(
    ("function", "action", "method", "path"),
    [
        ("GetOrder", "dynamodb:GetItem", "GET", "/orders/{order_id}"),
        ("ListOrders", "dynamodb:Query", "GET", "/orders"),
        ("UpdateOrder", "dynamodb:UpdateItem", "PATCH", "/orders/{order_id}"),
    ],
)
def test_a_grant_that_is_taken_away_is_missed_at_once(
    walk: Walk, function: str, action: str, method: str, path: str
) -> None:
    """Without a grant its request answers 500, and with it 200: it is the roles that decide."""
    iam, role, policy, document = policy_of(walk, function)
    left = [s for s in document["Statement"] if action not in s["Action"]]
    with client_of(walk.stack, {"Authorization": walk.stack.customer_token}) as http:
        order_id = walk.place(http)["orderId"]

        def answers() -> int:
            body = {"note": "x"} if method == "PATCH" else None
            return http.request(method, path.format(order_id=order_id), json=body).status_code

        assert answers() == 200
        put_policy(iam, role, policy, {**document, "Statement": left})
        assert answers() == 500
        put_policy(iam, role, policy, document)
        assert answers() == 200


def policy_of(walk: Walk, function: str) -> tuple[Any, str, str, dict[str, Any]]:
    """Give IAM, and a function's role with the name of its policy and what that says."""
    deployed = Deployed(walk.stack)
    (role,) = (name for name in deployed.roles.values() if f"{function}Role" in name)
    iam = deployed.client("iam")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return iam, role, policy, document


class CloudFormation(BaseHTTPRequestHandler):
    """Where answers go to; it is out of order when the first one comes."""

    statuses: ClassVar[list[int]] = []
    answers: ClassVar[Queue[dict[str, Any]]] = Queue()

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.statuses.pop(0) if self.statuses else 200
        self.send_response(status)
        self.end_headers()
        if status == 200:
            self.answers.put(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    """Where CloudFormation waits for an answer."""
    with HTTPServer(("127.0.0.1", 0), CloudFormation) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/answer?of=tests"
        server.shutdown()


def test_a_first_deployment_waits_for_iam(walk: Walk, address: str) -> None:
    """What makes the signing key is refused until its role's policy is spread, and then heard."""
    iam, role, policy, document = policy_of(walk, "CreateParameters")
    put = "ssm:PutParameter"
    left = [s for s in document["Statement"] if put not in s["Action"]]
    put_policy(iam, role, policy, {**document, "Statement": left})
    CloudFormation.statuses[:] = [503]
    walk.ask_for_parameters("Create", address)
    time.sleep(5)
    assert CloudFormation.answers.empty()
    put_policy(iam, role, policy, document)
    assert CloudFormation.answers.get(timeout=60)["Status"] == "SUCCESS"


def put_policy(iam: Any, role: str, policy: str, document: dict[str, Any]) -> None:
    text = json.dumps(document)
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=text)


def test_an_order_cannot_be_stored_without_its_key(walk: Walk, interpreter: Path) -> None:
    """Also with the role of the function that places orders, a plain PutItem is refused."""
    deployed = Deployed(walk.stack)
    policies = {
        role: documents for role, documents in deployed.policies.items() if "CreateOrder" in role
    }
    (role,) = policies
    table = f"arn:aws:dynamodb:us-east-1:000000000000:table/{walk.stack.tables['orders']}"
    plain = Asked(role, "dynamodb:PutItem", table, {})
    inside = plain._replace(context={"dynamodb:enclosingoperation": ["TransactWriteItems"]})
    assert judge(interpreter, policies, [plain, inside]).missing == [plain]


def test_the_one_exception_takes_away_nothing_else() -> None:
    """Only statements that deny what does not come by TLS are left out for such a run."""
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Principal": {"AWS": "*"}}
    tls = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    other = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    template = {"Resources": {"Policy": {"Properties": {"Statement": [tls, deny, other]}}}}
    left = {"Resources": {"Policy": {"Properties": {"Statement": [deny, other]}}}}
    assert json.loads(without_tls_rule(json.dumps(template))) == left
