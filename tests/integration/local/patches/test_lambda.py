"""How functions start, how many run at a time, their logs, traces and metrics."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from local.copy import environment
from ops.reach.clients import clients
from project.checkout import ROOT
from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories import traces
from tests.integration.laboratories.batches import most_at_once
from tests.integration.laboratories.metrics import Figure
from tests.integration.laboratories.queues import worker
from tests.integration.laboratories.traces import HEADER, SETTLED, begin, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.rest_api import Laboratory


pytestmark = pytest.mark.integration


LIMIT = max(8, 4 * (os.cpu_count() or 1))


BATCHES = max(4, 2 * (os.cpu_count() or 1))


STAGE, SERVICE, FUNCTION = "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"


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


def test_function_queue_beyond_a_reservation(stack: Endpoints, patched: Laboratory) -> None:
    """What a function's reservation does not hold is refused at once, and does not wait."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: patched.post("scarce"), range(6)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: 2, 500: 4}
    throttled = Figure("AWS/Lambda", "Throttles", {"FunctionName": "laboratory-scarce"})
    assert figures.figure(stack, throttled) == 4


def released(where: Laboratory) -> list[httpx.Response]:
    """Call a function by its alias, more often at once than its reservation holds."""
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda _: where.post("released"), range(6)))


def test_qualified_functions(stack: Endpoints, patched: Laboratory) -> None:
    """A version behind an alias has its function's reservation; each call knows the alias."""
    answers = released(patched)
    assert Counter(answer.status_code for answer in answers) == {200: 2, 500: 4}
    arns = {answer.json() for answer in answers if answer.status_code == 200}
    assert {arn.partition(":function:")[2] for arn in arns} == {"laboratory-released:live"}
    by = {"FunctionName": "laboratory-released", "Resource": "laboratory-released:live"}
    for dimensions in (by, {"FunctionName": "laboratory-released"}):
        counts = (Figure("AWS/Lambda", name, dimensions) for name in ("Throttles", "Invocations"))
        assert [figures.figure(stack, count) for count in counts] == [4, 2]


def test_qualified_functions_is_needed(unpatched: Laboratory) -> None:
    """Ministack lets a version run without any bound."""
    assert {answer.status_code for answer in released(unpatched)} == {200}


def buried(endpoints: Endpoints, body: str) -> int:
    """Count the dead letters of a queue whose function answers so."""
    with worker(endpoints) as (source, dead):
        source.send(body)
        source.emptied()
        return dead.left()


UNKNOWN = [{"batchItemFailures": [{"itemIdentifier": name}]} for name in ("", "another", None)]


@pytest.mark.parametrize("answer", UNKNOWN, ids=str)
def test_whole_batches(stack: Endpoints, answer: dict[str, object]) -> None:
    """Where a function reports a message that is not in its batch, nothing of the batch is lost."""
    assert buried(stack, json.dumps(answer)) == 1


def test_whole_batches_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack takes such a batch for done, and deletes it."""
    assert buried(endpoints_without_patches, json.dumps(UNKNOWN[0])) == 0


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
