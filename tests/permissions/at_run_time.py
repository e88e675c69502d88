"""What AWS itself does in a role's name: no request of ours is sent, so none can be recorded.

The one reviewed list. Each rule reads what the template defines and says what AWS then does, with
the page of AWS that says so; what follows from no resource of the template is not excused here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.functions import LIVE
from tests.permissions.deployed import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.permissions.deployed import Deployed


class Rule(NamedTuple):
    """Something that AWS does by itself."""

    what: str
    source: str
    calls: Callable[[Deployed], Iterator[tuple[str, str, str]]]


def done_by_aws(stack: Deployed) -> list[Asked]:
    """List what AWS does for this stack by itself."""
    return [Asked(*call, {}) for rule in RULES for call in rule.calls(stack)]


def _logs(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    for function in _functions(stack):
        group = function["LoggingConfig"]["LogGroup"]
        _, _, _, region, account, *_ = function["FunctionArn"].split(":")
        stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
        for action in ("CreateLogStream", "PutLogEvents"):
            yield function["Role"], f"logs:{action}", stream


def _traces(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    for function in _functions(stack):
        if function["TracingConfig"]["Mode"] == "Active":
            for action in ("PutTraceSegments", "PutTelemetryRecords"):
                yield function["Role"], f"xray:{action}", "*"


def _queues(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    roles = {function["FunctionArn"]: function["Role"] for function in _functions(stack)}
    for mapping in stack.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
        function = mapping["FunctionArn"].removesuffix(f":{LIVE}")  # versions have its role
        if function in roles and ":sqs:" in mapping["EventSourceArn"]:
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                yield roles[function], f"sqs:{action}", mapping["EventSourceArn"]


def _pipe_source(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    for pipe, _ in _pipes(stack):
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
            yield pipe["RoleArn"], f"dynamodb:{action}", pipe["Source"]


def _pipe_target(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    for pipe, _ in _pipes(stack):
        yield pipe["RoleArn"], "sns:Publish", pipe["Target"]


def _pipe_dead_letters(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    for pipe, properties in _pipes(stack):
        source = properties["SourceParameters"]["DynamoDBStreamParameters"]
        queue, _ = source["DeadLetterConfig"]["Arn"]["Fn::GetAtt"]
        yield pipe["RoleArn"], "sqs:SendMessage", _queue_arn(stack, stack.ids[queue])


def _schedules(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    ours = {name for name, _ in stack.all("Scheduler::Schedule")}
    if not ours:
        return
    scheduler = stack.client("scheduler")
    for item in scheduler.list_schedules()["Schedules"]:
        if item["Name"] in ours:
            found = scheduler.get_schedule(Name=item["Name"], GroupName=item["GroupName"])
            yield found["Target"]["RoleArn"], "lambda:InvokeFunction", found["Target"]["Arn"]


def _deadlines(stack: Deployed) -> Iterator[tuple[str, str, str]]:
    """Read what process_order makes its one-shots with: no template has those."""
    for function in _functions(stack):
        told = function.get("Environment", {}).get("Variables", {})
        if "DEADLINES_ROLE" in told:
            yield told["DEADLINES_ROLE"], "sqs:SendMessage", told["DEADLINES_QUEUE"]


def _functions(stack: Deployed) -> Iterator[dict[str, Any]]:
    for name, _ in stack.all("Lambda::Function"):
        yield stack.client("lambda").get_function_configuration(FunctionName=name)


def _pipes(stack: Deployed) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for name, properties in stack.all("Pipes::Pipe"):
        yield stack.client("pipes").describe_pipe(Name=name), properties


def _queue_arn(stack: Deployed, url: str) -> str:
    wanted = ["QueueArn"]
    found = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)
    return str(found["Attributes"]["QueueArn"])


_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide"

RULES = (
    Rule(
        "Lambda writes what a function says into its log group, which the template makes",
        f"{_LAMBDA}/monitoring-cloudwatchlogs.html",
        _logs,
    ),
    Rule(
        "Lambda sends the segments of a function that is traced, its own and the function's",
        f"{_LAMBDA}/services-xray.html",
        _traces,
    ),
    Rule(
        "Lambda takes the messages of a queue that feeds a function",
        f"{_LAMBDA}/services-sqs-configure.html",
        _queues,
    ),
    Rule(
        "a pipe reads the stream that is its source",
        f"{_PIPES}/eb-pipes-dynamodb.html",
        _pipe_source,
    ),
    Rule(
        "a pipe publishes to the topic that is its target",
        f"{_PIPES}/eb-pipes-permissions.html",
        _pipe_target,
    ),
    Rule(
        "a pipe sends what it could not deliver to its dead-letter queue",
        f"{_PIPES}/eb-pipes-permissions.html",
        _pipe_dead_letters,
    ),
    Rule(
        "EventBridge Scheduler calls the function that is a schedule's target",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html",
        _schedules,
    ),
    Rule(
        "EventBridge Scheduler sends the message of a one-shot to its queue",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html",
        _deadlines,
    ),
)
"""All that AWS does by itself."""

MANAGED_BY_AWS = {
    "AmazonAPIGatewayPushToCloudWatchLogs": (
        "The policy that AWS prescribes for API Gateway's role for logs, of which the account has "
        "one for all of its APIs. https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "set-up-logging.html"
    ),
}
"""AWS's own policies that a role may have, and why."""
