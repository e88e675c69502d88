"""Each patch of the emulator: what it promises, and that ministack still needs it.

The second half of each pair fails once ministack does as AWS does: then take the patch away.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.copy import environment
from local.inside.patches import PATCHES
from local.inside.saved_state import SAVING_SECONDS
from local.inside.validation import validation_message
from local.stack import start
from ops.reach.clients import clients
from ops.reach.layout import free_port
from project.checkout import ROOT
from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories import rest_api, traces
from tests.integration.laboratories.batches import most_at_once
from tests.integration.laboratories.metrics import Figure
from tests.integration.laboratories.rest_api import MODEL, Laboratory
from tests.integration.laboratories.streams import heard_after_restart
from tests.integration.laboratories.traces import HEADER, SETTLED, Topic, begin, wait_for
from tests.shared.people import client_of, enable, make_partner, usage_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

LIMIT = max(8, 4 * (os.cpu_count() or 1))
BATCHES = max(4, 2 * (os.cpu_count() or 1))


@pytest.fixture(scope="module")
def patched(stack: Endpoints) -> Laboratory:
    return rest_api.build(stack)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unpatched")


@pytest.fixture(scope="module")
def endpoints_without_patches(home: Path) -> Iterator[Endpoints]:
    with start(free_port(), home, patches=()) as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def unpatched(endpoints_without_patches: Endpoints) -> Laboratory:
    return rest_api.build(endpoints_without_patches)


def context_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    context: dict[str, Any] = answer.json()["requestContext"]
    return context


def test_every_patch_is_tested() -> None:
    """No patch stays in for longer than ministack needs it."""
    needed = {name.removesuffix("_is_needed") for name in globals() if name.endswith("_is_needed")}
    assert {name.removeprefix("test_") for name in needed} == set(PATCHES)


def test_api_key_identity(patched: Laboratory) -> None:
    """A function sees the id of the API key that a method required, and null where it did not."""
    assert context_of(patched.post("echo"))["identity"]["apiKeyId"] == patched.key_id
    assert context_of(patched.post("keyless"))["identity"]["apiKeyId"] is None


def test_api_key_identity_is_needed(unpatched: Laboratory) -> None:
    """Ministack tells functions nothing of the API key."""
    assert "apiKeyId" not in context_of(unpatched.post("echo"))["identity"]


def problem_with_a_key_switched_off(stack: Endpoints) -> str:
    partner = make_partner(stack, plan=usage_plan(stack, "standard"))
    enable(stack, partner.key_id, enabled=False)
    with client_of(stack, {"x-api-key": partner.key}) as client:
        problem: str = client.get("/partner/orders").json()["type"]
        return problem.rpartition(":")[2]


def test_api_key_switch(stack: Endpoints) -> None:
    """A key that an operator has switched off opens nothing."""
    assert problem_with_a_key_switched_off(stack) == "invalid-api-key"


def test_api_key_switch_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Without the patch, a key that is switched off gets past the gateway, to a function."""
    assert problem_with_a_key_switched_off(endpoints_without_patches) == "unknown-caller"


def test_client_path(patched: Laboratory) -> None:
    """A function sees the path that the client used, without the query."""
    path = urlsplit(patched.url).path
    assert context_of(patched.post("echo", params={"a": "b"}))["path"] == f"{path}/echo"


def test_client_path_is_needed(unpatched: Laboratory) -> None:
    """Ministack shows the path as if there were no prefix to it."""
    assert context_of(unpatched.post("echo"))["path"] == "/v1/echo"


def put(where: Laboratory, body: str) -> httpx.Response:
    headers = {"x-api-key": where.key, "Content-Type": "application/json"}
    return httpx.put(f"{where.url}/checked", content=body, headers=headers, timeout=30)


def test_validation_errors(patched: Laboratory) -> None:
    """A refused body is told what is wrong with it, in a text that is safe inside JSON's quotes."""
    answer = put(patched, '{"name": 1, "a\\"b": 2}')
    assert answer.status_code == 400
    assert answer.json() == {
        "problem": "BAD_REQUEST_BODY",
        "faults": '[object instance has properties which are not allowed by the schema: ["a\\"b"]]',
    }


def test_validation_errors_is_needed(unpatched: Laboratory) -> None:
    """Ministack leaves the variable as it stands."""
    assert put(unpatched, "{}").json()["faults"] == "$context.error.validationErrorString"


UNKNOWN = "object instance has properties which are not allowed by the schema"
WRONG = "does not match any allowed primitive type"
MISSING = "object has missing required properties"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{}", f'[{MISSING} (["name"])]'),
        ('{"name": 1, "y": 2, "x": 3}', f'[{UNKNOWN}: ["x","y"]]'),
        ('{"x": 3}', f'[{UNKNOWN}: ["x"], {MISSING} (["name"])]'),
        ('{"é": 3, "name": 1}', f'[{UNKNOWN}: ["é"]]'),
        (
            '{"name": 1, "parts": 7}',
            f'[instance type (integer) {WRONG} (allowed: ["array"])]',
        ),
        (
            "[]",
            f'[instance type (array) {WRONG} (allowed: ["object"])]',
        ),
        (
            "null",
            f'[instance type (null) {WRONG} (allowed: ["object"])]',
        ),
    ],
)
def test_words_of_validation(body: str, message: str) -> None:
    """The faults have AWS's words: all of one object, and those of its members only after them."""
    part = {"properties": {"size": {}}, "additionalProperties": False, "required": ["size"]}
    model = {**MODEL, "properties": {"name": {}, "parts": {"type": "array", "items": part}}}
    assert validation_message(model, body.encode()) == message


def test_words_for_members() -> None:
    """Faults of several members stand in one list, each naming the property and not its place."""
    part = {"properties": {"size": {}}, "additionalProperties": False, "required": ["size"]}
    model = {"properties": {"parts": {"items": part}}}
    message = validation_message(model, b'{"parts": [{}, {"size": 1}, {"size": 1, "hue": 2}]}')
    assert message == f'[{MISSING} (["size"]), {UNKNOWN}: ["hue"]]'


def test_words_for_numbers() -> None:
    """A whole number is a number, and the words for what is none name both."""
    assert validation_message({"type": "number"}, b"1") == "[Invalid request body]"
    message = validation_message({"type": "number"}, b'"1"')
    assert message == f'[instance type (string) {WRONG} (allowed: ["integer","number"])]'


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_words_for_no_json(body: bytes) -> None:
    """What is not JSON is called that."""
    said = validation_message(MODEL, body)
    assert said.startswith("Could not parse request body into json: ")


@pytest.mark.parametrize(
    ("function", "status"),
    [
        ("raises", 502),
        ("dies", 502),
        ("returns_text", 502),
        ("returns_no_status", 502),
        ("throttled", 500),
    ],
)
def test_function_failures(patched: Laboratory, function: str, status: int) -> None:
    """A function that fails is answered by the API's 5XX response, which tells nothing of it."""
    answer = patched.post(function)
    assert answer.status_code == status
    assert answer.json()["problem"] == "DEFAULT_5XX"
    assert "hunter2" not in answer.text


def test_function_failures_is_needed(unpatched: Laboratory) -> None:
    """Ministack tells the caller the exception, and lets an answer without a status pass."""
    assert "hunter2" in unpatched.post("raises").text
    assert unpatched.post("returns_text").status_code == 200
    assert unpatched.post("throttled").status_code == 429


def processes(where: Laboratory) -> set[int]:
    """Count the processes that answer when some more requests come at once than there may be."""
    with ThreadPoolExecutor(LIMIT + 4) as pool:
        return {
            answer.json() for answer in pool.map(lambda _: where.post("process"), range(LIMIT + 4))
        }


def test_function_queue(patched: Laboratory) -> None:
    """However many requests come at once, a bounded number of processes answers them all."""
    assert len(processes(patched)) <= LIMIT


def test_function_queue_is_needed(unpatched: Laboratory) -> None:
    """Ministack starts an interpreter for each of the requests."""
    assert len(processes(unpatched)) > LIMIT


def test_function_queue_for_batches(stack: Endpoints, tmp_path: Path) -> None:
    """However many messages wait, and although a hundred may, few functions work on a queue."""
    assert most_at_once(stack, tmp_path, enough=BATCHES + 2) <= BATCHES


def test_function_queue_is_needed_for_batches(
    endpoints_without_patches: Endpoints, tmp_path: Path
) -> None:
    """Ministack starts an interpreter for each of the batches."""
    assert most_at_once(endpoints_without_patches, tmp_path, enough=BATCHES + 2) > BATCHES


def test_quick_functions(patched: Laboratory) -> None:
    """A function starts with nothing in memory that it has not asked for."""
    assert "botocore" not in patched.post("modules").json()


def test_quick_functions_is_needed(unpatched: Laboratory) -> None:
    """Ministack loads botocore into each function."""
    assert "botocore" in unpatched.post("modules").json()


def logs_of_runs(*patches: str, patience: float = 5) -> list[list[str]]:
    """Run a function in the emulator's interpreter, and give what is told of each run."""
    interpreter = environment.ready() or environment.make()
    done = subprocess.run(
        [interpreter, "-m", "tests.integration.laboratories.logs", str(patience), *patches],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_whole_logs() -> None:
    """On a busy machine, too, a run's log lines stand with the run, the unfinished one included."""
    runs = [[f"{run} begins", f"{run} is nearly over"] for run in ("one", "two", "three")]
    assert logs_of_runs("quick_functions", "whole_logs") == runs


def test_whole_logs_of_a_run_that_was_not_waited_for() -> None:
    """What came too late is told with the next run, once, and the one after it is whole again."""
    one, two, three = logs_of_runs("quick_functions", "whole_logs", patience=0.01)
    assert [*one, *two] == ["one begins", "one is nearly over", "two begins", "two is nearly over"]
    assert "two is nearly over" in two
    assert three == ["three begins", "three is nearly over"]


def test_whole_logs_is_needed() -> None:
    """Ministack does not wait for lines that come late, and tells them of another run."""
    assert not logs_of_runs("quick_functions")[0]


def test_steady_saving_is_needed(
    unpatched: Laboratory, endpoints_without_patches: Endpoints, home: Path
) -> None:
    """Ministack saves nothing before it is stopped; with the patch, test_run.py kills it."""
    clients(endpoints_without_patches.aws_endpoint_url)("sqs").create_queue(QueueName="any")
    unpatched.post("echo")
    time.sleep(2 * SAVING_SECONDS)
    assert not list(home.glob("*/state/*.json"))


def test_kept_streams(tmp_path: Path) -> None:
    """A change that was written just before a clean stop reaches the queue after the next start."""
    assert heard_after_restart(tmp_path, patches=None) == {"before", "after", "last"}


def test_kept_streams_is_needed(tmp_path: Path) -> None:
    """Ministack forgets such a change, and later ones as many as its pipe had delivered."""
    assert heard_after_restart(tmp_path, patches=()) == {"last"}


STAGE, SERVICE, FUNCTION = "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"


def test_traced_stages(stack: Endpoints, patched: Laboratory) -> None:
    """A request continues the trace that its header names, and X-Ray hears of the stage."""
    root = begin()
    answer = patched.post("echo", headers={HEADER: root.header})
    told = wait_for(stack, root.id, STAGE)[STAGE]
    assert told["parent_id"] == root.parent
    assert told["http"]["response"]["status"] == 200
    assert f"Root={root.id};" in answer.json()["headers"][HEADER.lower()]
    (call,) = told["subsegments"]
    assert (call["name"], call["namespace"]) == ("Lambda", "aws")
    assert told["aws"]["api_gateway"]["request_id"] == context_of(answer)["requestId"]


@pytest.mark.parametrize(
    ("function", "marks"),
    [
        ("raises", {"fault"}),
        ("throttled", {"fault"}),
    ],
)
def test_traced_stages_that_fail(
    stack: Endpoints, patched: Laboratory, function: str, marks: set[str]
) -> None:
    """What the caller sees as a failure, X-Ray sees as a fault; a throttle is told in the call."""
    root = begin()
    patched.post(function, headers={HEADER: root.header})
    told = wait_for(stack, root.id, STAGE, SERVICE)
    assert {mark for mark in ("fault", "error") if told[STAGE].get(mark)} == marks
    assert told[SERVICE].get("throttle", False) == (function == "throttled")


def test_traced_stages_without_a_sample(stack: Endpoints, patched: Laboratory) -> None:
    """A request that says it is not sampled is told of to nobody, and its function knows."""
    root = begin()
    header = root.header.replace("Sampled=1", "Sampled=0")
    answer = patched.post("trace", headers={HEADER: header})
    assert f"Root={root.id};" in answer.json()
    assert answer.json().endswith("Sampled=0")
    time.sleep(SETTLED)
    assert traces.documents(stack, root.id) == []


def test_traced_stages_is_needed(
    endpoints_without_patches: Endpoints, unpatched: Laboratory
) -> None:
    """Ministack tells X-Ray of no stage, and its functions of no trace of the request."""
    root = begin()
    unpatched.post("echo", headers={HEADER: root.header})
    assert root.id not in unpatched.post("trace", headers={HEADER: root.header}).text
    time.sleep(SETTLED)
    assert traces.documents(endpoints_without_patches, root.id) == []


def test_traced_functions(stack: Endpoints, patched: Laboratory) -> None:
    """A function knows its own segment as parent, anew at each call, and X-Ray hears of it."""
    for _ in range(2):
        root = begin()
        header = patched.post("trace", headers={HEADER: root.header}).json()
        told = wait_for(stack, root.id, STAGE, SERVICE, FUNCTION)
        function = told[FUNCTION]
        assert header == f"Root={root.id};Parent={function['id']};Sampled=1"
        assert function["parent_id"] == told[SERVICE]["id"]
        assert told[SERVICE]["parent_id"] == told[STAGE]["subsegments"][0]["id"]
    assert [part["name"] for part in function["subsegments"]] == ["Invocation", "Overhead"]


def test_traced_functions_that_start(stack: Endpoints, patched: Laboratory) -> None:
    """A cold start is told as Initialization, as Lambda does."""
    root = begin()
    functions = clients(stack.aws_endpoint_url)("lambda")
    functions.update_function_configuration(FunctionName="laboratory-trace", Timeout=21)
    patched.post("trace", headers={HEADER: root.header})
    function = wait_for(stack, root.id, FUNCTION)[FUNCTION]
    assert next(part["name"] for part in function["subsegments"]) == "Initialization"


def test_traced_functions_is_needed(
    endpoints_without_patches: Endpoints, unpatched: Laboratory
) -> None:
    """Ministack makes a trace up for each call, of which X-Ray hears nothing."""
    header = unpatched.post("trace").json()
    time.sleep(SETTLED)
    trace_id = header.partition(";")[0].removeprefix("Root=")
    assert traces.documents(endpoints_without_patches, trace_id) == []


def test_traced_messages(stack: Endpoints) -> None:
    """A message carries the trace of who published or sent it; a topic with tracing begins one."""
    topic, published, sent = Topic(stack), begin(), begin()
    topic.publish(published)
    told = wait_for(stack, published.id, "AWS::SNS::Topic")["AWS::SNS::Topic"]
    assert told["parent_id"] == published.parent
    assert topic.carried() == f"Root={published.id};Parent={told['id']};Sampled=1"
    topic.send(sent)
    assert topic.carried() == sent.header
    topic.publish(None)
    assert "Sampled=1" in (topic.carried() or "")


def test_traced_messages_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack drops the trace."""
    topic = Topic(endpoints_without_patches)
    topic.publish(begin())
    assert topic.carried() is None
    topic.send(begin())
    assert topic.carried() is None


def test_figures_by_minute(stack: Endpoints) -> None:
    """A figure belongs to its whole minute, wherever in it a question's time begins."""
    assert figures.early_in_the_minute(stack) == 7


def test_figures_survive_a_restart(tmp_path: Path) -> None:
    """What was counted before a restart is still in the graphs after it."""
    port = free_port()
    with start(port, tmp_path) as endpoints:
        figures.visit(endpoints)
        counted = figures.figure(endpoints, figures.of_api(endpoints, "Count"))
    with start(port, tmp_path) as endpoints:
        assert figures.figure(endpoints, figures.of_api(endpoints, "Count")) == counted == 1


def test_figures_by_minute_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack leaves out what came in the same minute, but a moment before."""
    assert figures.early_in_the_minute(endpoints_without_patches) is None


def test_gateway_figures(stack: Endpoints) -> None:
    """Each request is counted, the failed ones by whose fault it was, and timed."""
    names = ("Count", "4XXError", "5XXError", "Latency")
    before = {n: figures.figure(stack, figures.of_api(stack, n)) or 0 for n in names}
    assert (figures.visit(stack), figures.visit(stack, "/orders")) == (200, 401)
    after = {n: figures.figure(stack, figures.of_api(stack, n)) or 0 for n in names}
    grown = {name: after[name] - before[name] for name in names}
    assert (grown["Count"], grown["4XXError"], grown["5XXError"]) == (2, 1, 0)
    assert grown["Latency"] > 0


def test_gateway_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack's gateway tells CloudWatch nothing."""
    figures.visit(endpoints_without_patches)
    wanted = figures.of_api(endpoints_without_patches, "Count")
    assert figures.figure(endpoints_without_patches, wanted) is None


def test_access_logs(stack: Endpoints) -> None:
    """A request's line tells route, status, key, and why it was refused before a function ran."""
    figures.visit(stack, "/partner/orders", **{"x-api-key": stack.partner_api_key})
    figures.visit(stack, "/partner/orders")
    served, refused = figures.access_log(stack)[-2:]
    assert (served["route"], served["method"], served["status"]) == (
        "/partner/orders",
        "GET",
        "200",
    )
    assert served["apiKeyId"] not in ("-", stack.partner_api_key)
    assert int(served["latency"]) >= int(served["integrationLatency"])
    assert (refused["status"], refused["errorType"]) == ("403", "INVALID_API_KEY")
    assert (refused["apiKeyId"], refused["integrationLatency"]) == ("-", "-")


def test_access_logs_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack knows the log's group and format, and writes no line."""
    figures.visit(endpoints_without_patches)
    assert figures.access_log(endpoints_without_patches) == []


def test_function_figures(stack: Endpoints) -> None:
    """A function's runs are counted and timed when the API has called it."""
    names = ("Invocations", "Errors", "Throttles", "Duration")
    wanted = {name: figures.of_function(stack, "list_orders", name) for name in names}
    before = {name: figures.figure(stack, one) or 0 for name, one in wanted.items()}
    assert figures.visit(stack, "/partner/orders", **{"x-api-key": stack.partner_api_key}) == 200
    grown = {name: (figures.figure(stack, one) or 0) - before[name] for name, one in wanted.items()}
    assert (grown["Invocations"], grown["Errors"], grown["Throttles"]) == (1, 0, 0)
    assert grown["Duration"] > 0
    at_once = figures.of_function(stack, "list_orders", "ConcurrentExecutions")
    assert figures.figure(stack, at_once, "Minimum") == 1


def test_function_figures_count_a_failure(stack: Endpoints, patched: Laboratory) -> None:
    """A run that raises counts as an error, and one that is throttled is no run."""
    for function in ("raises", "throttled"):
        patched.post(function)
    failed = {"FunctionName": "laboratory-raises"}
    assert figures.figure(stack, Figure("AWS/Lambda", "Errors", failed)) >= 1  # type: ignore[operator] # None fails, too
    throttled = {"FunctionName": "laboratory-throttled"}
    assert figures.figure(stack, Figure("AWS/Lambda", "Throttles", throttled)) >= 1  # type: ignore[operator] # None fails, too
    assert figures.figure(stack, Figure("AWS/Lambda", "Invocations", throttled)) is None


def test_function_figures_is_needed(
    endpoints_without_patches: Endpoints, unpatched: Laboratory
) -> None:
    """Ministack counts the runs alone that somebody has asked Lambda itself for."""
    unpatched.post("echo")
    wanted = Figure("AWS/Lambda", "Invocations", {"FunctionName": "laboratory-echo"})
    assert figures.figure(endpoints_without_patches, wanted) is None


def test_queue_figures(stack: Endpoints) -> None:
    """What comes, goes and waits in a queue is counted, and how old the oldest is."""
    queue = {"QueueName": figures.used_queue(stack)}
    waiting = Figure("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue)
    assert figures.appears(stack, waiting, figures.SAMPLED_SECONDS) == 1
    traffic = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted")
    counted = [figures.figure(stack, Figure("AWS/SQS", name, queue)) for name in traffic]
    assert counted == [2, 1, 1]
    age = Figure("AWS/SQS", "ApproximateAgeOfOldestMessage", queue)
    assert figures.figure(stack, age, "Maximum") is not None


def test_queue_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of queues."""
    queue = {"QueueName": figures.used_queue(endpoints_without_patches)}
    sent = Figure("AWS/SQS", "NumberOfMessagesSent", queue)
    assert figures.figure(endpoints_without_patches, sent) is None


def test_table_figures(stack: Endpoints, api_key_id: str) -> None:
    """A read is timed and its units counted, and so is a write, a refused one as that."""
    table, dynamodb = stack.tables["partners"], clients(stack.aws_endpoint_url)("dynamodb")
    read = figures.of_partners_table(stack, "ConsumedReadCapacityUnits")
    refused = figures.of_partners_table(stack, "ConditionalCheckFailedRequests")
    before = [figures.figure(stack, one) or 0 for one in (read, refused)]
    key = {"apiKeyId": {"S": api_key_id}}
    dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(
            TableName=table, Item=key, ConditionExpression="attribute_not_exists(apiKeyId)"
        )
    after = [figures.figure(stack, one) or 0 for one in (read, refused)]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1]
    latency = figures.of_partners_table(stack, "SuccessfulRequestLatency", Operation="GetItem")
    assert figures.figure(stack, latency, "Minimum") is not None


def test_table_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of tables."""
    read = figures.of_partners_table(endpoints_without_patches, "ConsumedReadCapacityUnits")
    dynamodb = clients(endpoints_without_patches.aws_endpoint_url)("dynamodb")
    dynamodb.scan(TableName=endpoints_without_patches.tables["partners"])
    assert figures.figure(endpoints_without_patches, read) is None


def test_topic_figures(stack: Endpoints) -> None:
    """A message is counted where it is published, where it is delivered, and where it arrives."""
    topic, queue = figures.used_topic(stack)
    published = Figure("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": topic})
    delivered = Figure("AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": topic})
    sent = Figure("AWS/SQS", "NumberOfMessagesSent", {"QueueName": queue})
    assert [figures.figure(stack, one) for one in (published, delivered, sent)] == [1, 1, 1]


def test_topic_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of topics."""
    topic, _ = figures.used_topic(endpoints_without_patches)
    published = Figure("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": topic})
    assert figures.figure(endpoints_without_patches, published) is None


def test_log_figures(stack: Endpoints) -> None:
    """A line in the embedded metric format becomes a metric, and every line counts as bytes."""
    lines = [figures.embedded("Served", 3), figures.embedded("Served", 4), "{"]
    group = figures.logged(stack, lines)
    served = Figure("Laboratory", "Served", {"kind": "embedded"})
    assert figures.figure(stack, served) == 7
    written = Figure("AWS/Logs", "IncomingBytes", {"LogGroupName": group})
    assert figures.figure(stack, written) == sum(len(line) for line in lines)


def test_log_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack makes no metrics of log lines."""
    figures.logged(endpoints_without_patches, [figures.embedded("Served", 3)])
    served = Figure("Laboratory", "Served", {"kind": "embedded"})
    assert figures.figure(endpoints_without_patches, served) is None
