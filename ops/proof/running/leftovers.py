"""What a run may leave in an account: its stacks, and what no stack has: keys, parameters, queues.

All of it has the run's name, `prove-<hex>`, or the prefix that probes give to what they make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import is_proof, parameter_prefix, stack_name, tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GONE = "DELETE_COMPLETE"
_OURS = "prove-"
_LOGS = "/prove/"


class Left(NamedTuple):
    """Something that a run made."""

    what: str
    name: str
    remove: Callable[[], object]
    """Removes it; a stack is removed by its stage."""

    def __str__(self) -> str:
        """Say it to a person."""
        return f"{self.what} {self.name}"


def stages(cloudformation: Any) -> list[str]:
    """Name the stages of runs that are there, or half there."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    names = [
        str(stack["StackName"]).removeprefix(stack_name(""))
        for page in pages
        for stack in page["Stacks"]
        if stack["StackStatus"] != _GONE
    ]
    return sorted(name for name in names if is_proof(name))


def beside(client: Callable[[str], Any], stage: str) -> list[Left]:
    """List what a run has made beside its stack.

    Args:
        client: makes clients of AWS.
        stage: the run's stage.
    """
    looks = (_keys, _parameters, _tables, _queues, _topics, _groups)
    return [left for one in looks for left in one(client, stage)]


def _keys(client: Callable[[str], Any], stage: str) -> Iterator[Left]:
    gateway = client("apigateway")
    for page in gateway.get_paginator("get_api_keys").paginate():
        for key in page["items"]:
            if tags(stage).items() <= (key.get("tags") or {}).items():
                yield Left("API key", key["id"], _of(gateway.delete_api_key, apiKey=key["id"]))


def _parameters(client: Callable[[str], Any], stage: str) -> Iterator[Left]:
    ssm, path = client("ssm"), parameter_prefix(stage)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    for page in pages:
        for one in page["Parameters"]:
            yield Left("parameter", one["Name"], _of(ssm.delete_parameter, Name=one["Name"]))


def _tables(client: Callable[[str], Any], stage: str) -> Iterator[Left]:
    tables = client("dynamodb")
    for page in tables.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if name.startswith(f"{stack_name(stage)}-"):
                yield Left("table", name, _of(tables.delete_table, TableName=name))


def _queues(client: Callable[[str], Any], _: str) -> Iterator[Left]:
    sqs = client("sqs")
    for page in sqs.get_paginator("list_queues").paginate(QueueNamePrefix=_OURS):
        for url in page.get("QueueUrls", []):
            name = str(url).rpartition("/")[2]
            yield Left("queue", name, _of(sqs.delete_queue, QueueUrl=url))


def _topics(client: Callable[[str], Any], _: str) -> Iterator[Left]:
    sns = client("sns")
    for page in sns.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            name = str(topic["TopicArn"]).rpartition(":")[2]
            if name.startswith(_OURS):
                yield Left("topic", name, _of(sns.delete_topic, TopicArn=topic["TopicArn"]))


def _groups(client: Callable[[str], Any], stage: str) -> Iterator[Left]:
    logs = client("logs")
    for prefix in (_LOGS, f"/aws/lambda/{stack_name(stage)}-", f"aws-waf-logs-{stack_name(stage)}"):
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        for page in pages:
            for one in page["logGroups"]:
                name = one["logGroupName"]
                yield Left("log group", name, _of(logs.delete_log_group, logGroupName=name))


def _of(operation: Callable[..., object], **given: Any) -> Callable[[], object]:
    return lambda: operation(**given)
