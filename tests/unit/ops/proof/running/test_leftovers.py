"""What an interrupted run has left is found by its name, and nothing else is."""

from __future__ import annotations

from typing import Any

from infrastructure.settings import tags
from ops.proof.running import leftovers
from tests.unit.ops.proof.probes.fakes import Client

STAGE = "prove-0a1b"
STACK = f"food-delivery-orders-{STAGE}"


def test_stages_of_runs() -> None:
    """Stages of people and of pull requests are none of a run's, nor is one that is gone."""
    names = {
        "food-delivery-orders-prod": "CREATE_COMPLETE",
        "food-delivery-orders-pr-12": "CREATE_COMPLETE",
        "food-delivery-orders-prove-it": "CREATE_COMPLETE",
        STACK: "ROLLBACK_COMPLETE",
        "food-delivery-orders-prove-ffff": "DELETE_COMPLETE",
    }
    stacks = [{"StackName": name, "StackStatus": status} for name, status in names.items()]
    cloudformation = Client(describe_stacks=lambda: {"Stacks": stacks})
    assert leftovers.stages(cloudformation) == [STAGE]


def test_what_no_stack_has() -> None:
    """Keys, parameters, copies of tables, queues, topics and logs of the run: all are removed."""
    gone: list[str] = []
    clients = _account(gone)
    found = leftovers.beside(lambda name: clients[name], STAGE)
    assert "their-key" not in str(found)
    assert "prod" not in " ".join(map(str, found))
    for left in found:
        left.remove()
    assert gone == [
        "key key",
        "parameter /p",
        f"table {STACK}-copy",
        "queue https://sqs/1/prove-1",
        "topic a:prove-1",
        "group /prove/1",
        f"group /aws/lambda/{STACK}-1",
        f"group aws-waf-logs-{STACK}1",
    ]


def _account(gone: list[str]) -> dict[str, Client]:
    """Give an account with things of the run, and of prod; what is removed is noted."""

    def removing(what: str) -> Any:
        return lambda **given: gone.append(f"{what} {next(iter(given.values()))}")

    theirs = {"id": "their-key", "tags": tags("prod")}
    return {
        "apigateway": Client(
            get_api_keys=lambda: {"items": [{"id": "key", "tags": tags(STAGE)}, theirs]},
            delete_api_key=removing("key"),
        ),
        "ssm": Client(
            get_parameters_by_path=lambda **_: {"Parameters": [{"Name": "/p"}]},
            delete_parameter=removing("parameter"),
        ),
        "dynamodb": Client(
            list_tables=lambda: {"TableNames": [f"{STACK}-copy", "food-delivery-orders-prod-t"]},
            delete_table=removing("table"),
        ),
        "sqs": Client(
            list_queues=lambda **_: {"QueueUrls": ["https://sqs/1/prove-1"]},
            delete_queue=removing("queue"),
        ),
        "sns": Client(
            list_topics=lambda: {"Topics": [{"TopicArn": "a:prove-1"}, {"TopicArn": "a:prod"}]},
            delete_topic=removing("topic"),
        ),
        "logs": Client(
            describe_log_groups=lambda **given: {
                "logGroups": [{"logGroupName": f"{given['logGroupNamePrefix']}1"}]
            },
            delete_log_group=removing("group"),
        ),
    }
