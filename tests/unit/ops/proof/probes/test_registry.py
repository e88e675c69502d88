"""Probes of what the emulator cannot show: right answers hold, and a wrong one is told."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ops.proof.probe import Verdict
from ops.proof.probes.registry import PROBES
from ops.proof.running.looking import look
from ops.proof.world.answers import Answer, Request
from ops.proof.world.people import Pool
from tests.unit.ops.proof.probes.fakes import Client, FakeCallers, refused, world

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.proof.world.world import World

_PROBLEM = {"content-type": "application/problem+json"}


def answer(code: int, problem: str = "", **fields: Any) -> Answer:
    body = json.dumps({"type": f"urn:{problem}", **fields} if problem else fields).encode()
    return Answer(code, _PROBLEM if problem else {}, body)


def token(*groups: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"cognito:groups": groups}).encode()).decode()
    return f"head.{claims.rstrip('=')}.signature"


@dataclass
class Case:
    """What AWS answers: as claimed, and otherwise."""

    as_claimed: Callable[[], World]
    otherwise: Callable[[], World]
    shows: str
    """What of what is seen shows it."""


def figures(*values: float) -> Client:
    at = [datetime(2026, 12, 1, tzinfo=UTC)] * len(values)
    found = {"Timestamps": at, "Values": list(values)}
    return Client(
        get_metric_data=lambda **_: {"MetricDataResults": [found]},
        describe_alarms=lambda **_: {
            "MetricAlarms": [{"AlarmName": "a", "AlarmActions": ["arn:topic:t"]}]
        },
        set_alarm_state=lambda **_: {},
    )


def attacked(status: int) -> World:
    def send(request: Request) -> Answer:
        if "script" in request.url:
            return answer(status, "forbidden")
        return answer(201 if request.method == "POST" else 200)

    return world(send)


def logged(line: str) -> World:
    logs = Client(
        describe_log_groups=lambda **_: {
            "logGroups": [{"logGroupName": "aws-waf-logs-food-delivery-orders-prove-0a1b"}]
        },
        filter_log_events=lambda **_: {"events": [{"message": line}]},
    )

    def send(request: Request) -> Answer:
        secrets.update(re.findall(r"secret-[0-9a-f]+", request.url))
        return answer(403, "forbidden")

    secrets: set[str] = set()
    if line == "SECRET":
        logs._answers["filter_log_events"] = lambda **_: {
            "events": [{"message": f"key={secret}"} for secret in secrets]
        }
    return world(send, logs=logs)


def apps(first: str, listed: list[str]) -> World:
    cognito = Client(
        admin_initiate_auth=lambda **_: {"ChallengeName": first} if first else {},
        admin_get_user=lambda **_: {"UserMFASettingList": listed},
    )
    callers = FakeCallers(Pool(cognito, "pool", "client"))
    return world(callers=callers, cognito_idp=cognito)


def guesses(message: str) -> World:
    times = iter(range(100))

    def initiate(**given: Any) -> Exception:
        unknown = given["AuthParameters"]["USERNAME"].startswith("nobody")
        if next(times) > 5 and message != "never":
            return refused("NotAuthorizedException", "Password attempts exceeded")
        return refused("NotAuthorizedException", message if unknown else "Incorrect")

    cognito = Client(
        initiate_auth=initiate,
        admin_create_user=lambda **_: {},
        admin_set_user_password=lambda **_: {},
        admin_delete_user=lambda **_: {},
    )
    return world(callers=FakeCallers(Pool(cognito, "pool", "client")), cognito_idp=cognito)


def renewals(again: Any, other: Any) -> World:
    def result(refresh: str) -> dict[str, Any]:
        tokens = {"IdToken": "i", "AccessToken": "a", "RefreshToken": refresh}
        return {"AuthenticationResult": tokens}

    renewed = [result("new"), again]
    cognito = Client(
        admin_initiate_auth=lambda **_: result("old"),
        get_tokens_from_refresh_token=renewed,
        initiate_auth=lambda **_: other,
    )
    return world(callers=FakeCallers(Pool(cognito, "pool", "client")), cognito_idp=cognito)


def members(bare: str) -> World:
    tokens = {"without an app": bare, "with an app": token("operators", "others")}
    return world(callers=FakeCallers(tokens=tokens))


def flooded(status: int) -> World:
    times = iter(range(100))

    def forgot(**_: Any) -> Any:
        return refused("Forbidden", status=status) if next(times) > 10 else {}

    return world(cognito_idp=Client(forgot_password=forgot))


def as_role(service: str, **answers: Any) -> World:
    functions = Client(get_function_configuration=lambda **_: {"Role": "arn:aws:iam::1:role/r"})
    client = Client(**answers)
    statuses = iter(["PLACED", "CONFIRMED", "CONFIRMED"])

    def send(request: Request) -> Answer:
        order = "01a22c38-dba8-75a4-b020-9036658f007d"
        if request.method == "POST":
            return answer(201, orderId=order)
        return answer(200, status=next(statuses, "CONFIRMED"))

    found: dict[str, Any] = {"lambda": functions, service: Client()}
    return world(send, role=lambda *_: client, **found)


_DENIED = refused("AccessDeniedException")


def aliases(**answers: Any) -> World:
    functions = Client(
        get_function_configuration=lambda **_: {"Role": "arn:aws:iam::1:role/gate"},
        get_alias=lambda **_: {"FunctionVersion": "3", "RevisionId": "r", "Name": "live"},
    )
    found: dict[str, Any] = {"lambda": functions}
    return world(role=lambda *_: Client(**answers), **found)


def updated(status: str, touched: str, done: str = "UPDATE_COMPLETE") -> World:
    states = iter(["CREATE_COMPLETE", status, status, status])
    events = [[], [{"EventId": "2", "LogicalResourceId": touched, "ResourceStatus": done}]]
    changes = [{"ResourceChange": {"LogicalResourceId": "Orders"}}]
    stacks = Client(
        describe_stacks=lambda **_: {"Stacks": [{"StackStatus": next(states)}]},
        create_change_set=lambda **_: {},
        describe_change_set=lambda **_: {"Status": "CREATE_COMPLETE", "Changes": changes},
        execute_change_set=lambda **_: {},
        describe_stack_events=lambda **_: {"StackEvents": events.pop(0)},
    )
    return world(cloudformation=stacks)


def burst(retries: int) -> World:
    done = {"ResponseMetadata": {"RetryAttempts": retries, "RequestId": "r"}}
    return world(dynamodb=Client(transact_write_items=lambda **_: done))


def heart(runs: float) -> World:
    return world(cloudwatch=figures(runs))


def ups(number: float) -> World:
    return world(cognito_idp=Client(sign_up=lambda **_: {}), cloudwatch=figures(number))


def called(runs: float) -> World:
    found: dict[str, Any] = {"lambda": Client(invoke=lambda **_: {})}
    return world(**found, cloudwatch=figures(runs))


def summaries(number: int) -> World:
    found: dict[str, list[Any]] = {"TraceSummaries": [{}] * number}
    return world(xray=Client(get_trace_summaries=lambda **_: found))


def workers(number: int) -> World:
    traced = Answer(201, {"x-amzn-trace-id": "Root=1-a-b;Sampled=1"})
    found: dict[str, list[Any]] = {"TraceSummaries": [{}] * number}
    return world(
        lambda request: traced if request.method == "POST" else answer(200),
        xray=Client(get_trace_summaries=lambda **_: found),
    )


def queries(status: str) -> World:
    one = {"name": "food-delivery-orders-prove-0a1b/q", "logGroupNames": ["g"], "queryString": "q"}
    logs = Client(
        describe_query_definitions=lambda **_: {"queryDefinitions": [one]},
        start_query=lambda **_: {"queryId": "1"},
        get_query_results=lambda **_: {"status": status},
    )
    drawn = Client(list_dashboards=lambda **_: {"DashboardEntries": [{}]})
    return world(logs=logs, cloudwatch=drawn)


def plain(code: int, other: str = "") -> World:
    refusal = Answer(code, {"content-type": other or "application/json"})
    return world(lambda request: refusal if request.method == "POST" else answer(200))


CASES = {
    "firewall-blocks": Case(lambda: attacked(403), lambda: attacked(200), "an attack"),
    "blocked-requests-are-logged": Case(
        lambda: logged("a line"), lambda: logged("SECRET"), "with key, token, cookie or query"
    ),
    "groups-taken-out-of-tokens": Case(
        lambda: members(token("others")), lambda: members(token("operators")), "without an app"
    ),
    "an-app-is-always-asked-for": Case(
        lambda: apps("SOFTWARE_TOKEN_MFA", ["SOFTWARE_TOKEN_MFA"]),
        lambda: apps("", ["SOFTWARE_TOKEN_MFA"]),
        "second sign-in",
    ),
    "lockout-and-unknown-addresses": Case(
        lambda: guesses("Incorrect"), lambda: guesses("never"), "slowed down"
    ),
    "refresh-tokens-rotate": Case(
        lambda: renewals(refused("NotAuthorizedException"), refused("InvalidParameterException")),
        lambda: renewals(
            {"AuthenticationResult": {"RefreshToken": "x"}}, refused("InvalidParameterException")
        ),
        "old, later",
    ),
    "sign-ups-are-counted": Case(lambda: ups(5), lambda: ups(4), "SignUpSuccesses"),
    "firewall-before-sign-in": Case(lambda: flooded(403), lambda: flooded(429), "refused with 403"),
    "on-demand-from-the-start": Case(lambda: burst(0), lambda: burst(2), "tried again"),
    "asynchronous-calls-are-repeated": Case(lambda: called(3), lambda: called(1), "runs"),
    "schedule-calls": Case(lambda: heart(3), lambda: heart(1), "runs in a quarter of an hour"),
    "schedule-trusts-with-group": Case(lambda: heart(1), lambda: heart(0), "runs"),
    "sampling-where-it-begins": Case(lambda: summaries(40), lambda: summaries(400), "recorded"),
    "workers-decide-themselves": Case(lambda: workers(1), lambda: workers(0), "recorded"),
    "dashboard-and-queries": Case(
        lambda: queries("Complete"), lambda: queries("Failed"), "not complete"
    ),
    "alarms-reach-the-topic": Case(
        lambda: world(cloudwatch=figures(1)), lambda: world(cloudwatch=figures(0)), "published"
    ),
    "orders-only-with-their-key": Case(
        lambda: as_role("dynamodb", put_item=_DENIED, transact_write_items={}),
        lambda: as_role("dynamodb", put_item={}, transact_write_items={}),
        "a bare PutItem",
    ),
    "worker-writes-few-attributes": Case(
        lambda: as_role("dynamodb", update_item=_DENIED),
        lambda: as_role("dynamodb", update_item={}),
        "an update of items",
    ),
    "heartbeat-enters-its-own-key": Case(
        lambda: as_role("dynamodb", put_item=_DENIED),
        lambda: as_role("dynamodb", put_item={}),
        "another key's item",
    ),
    "versions-are-called-by-name": Case(
        lambda: aliases(invoke=lambda **given: {} if "Qualifier" in given else _DENIED),
        lambda: aliases(invoke={}),
        "without a qualifier",
    ),
    "template-is-taken": Case(
        lambda: updated("UPDATE_COMPLETE", "Orders"),
        lambda: updated("UPDATE_ROLLBACK_COMPLETE", "Orders"),
        "second",
    ),
    "shown-is-executed": Case(
        lambda: updated("UPDATE_COMPLETE", "Orders"),
        lambda: updated("UPDATE_COMPLETE", "Partners"),
        "done and not shown",
    ),
    "too-large-for-the-gateway": Case(
        lambda: plain(413), lambda: plain(413, "application/problem+json"), "content type"
    ),
}

REHEARSED_NOWHERE = {
    "tls-of-the-gateway": "A handshake with AWS itself.",
    "tls-only": "It signs requests to AWS itself.",
    "firewall-counts-tokens": "It asks for some minutes.",
    "thirty-five-days": "A restoration.",
    "an-environment-a-request": "Environments.",
    "queues-redrive-themselves": "StartMessageMoveTask.",
    "pipe-role-and-retries": "A role that is denied.",
    "stream-to-worker-in-seconds": "Times.",
    "only-our-topic-fills-the-queues": "Roles.",
}
"""What neither the emulator shows nor a few written answers: it is tried on AWS first."""


def test_every_probe_is_rehearsed_or_named() -> None:
    """A new probe for AWS alone is rehearsed with written answers, or named with why it is not."""
    only_on_aws = {claim for claim, probe in PROBES.items() if probe.emulator}
    assert set(CASES) | set(REHEARSED_NOWHERE) == only_on_aws
    assert not set(CASES) & set(REHEARSED_NOWHERE)


@pytest.mark.parametrize("claim", sorted(CASES))
def test_as_claimed_it_holds(claim: str) -> None:
    """Where AWS answers as it is claimed to, the run says that the claim holds."""
    fact = look(PROBES[claim], CASES[claim].as_claimed())
    assert fact.verdict is Verdict.HOLDS, (fact.why, fact.seen)


@pytest.mark.parametrize("claim", sorted(CASES))
def test_a_wrong_answer_is_told(claim: str) -> None:
    """Where AWS answers otherwise, the run says so, and what was seen shows it."""
    fact = look(PROBES[claim], CASES[claim].otherwise())
    assert fact.verdict is Verdict.DIFFERS, (fact.why, fact.seen)
    assert CASES[claim].shows in fact.why
