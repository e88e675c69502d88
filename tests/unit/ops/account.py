"""An account in this process: what operators' commands call, with the conditions that AWS keeps.

Each call is a step, and before each somebody else may act: see `Account.before`.
"""

from __future__ import annotations

import datetime as dt
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.settings import stack_name
from ops.reach.target import Target
from orders.settings import LOG_LEVEL
from tests.unit.ops.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = {"create_order": "create", "get_order": "get", "list_orders": "list"}
DEAD, SOURCE = "dead", "source"
OUTPUTS = {
    outputs.PARTNERS_TABLE: "partners",
    outputs.ORDERS_TABLE: "orders",
    outputs.FLAGS_PARAMETER: "/flags",
    outputs.PARTNER_SECRETS_KEY: "key",
    outputs.usage_plan("standard"): "plan-1",
    outputs.dead_letters("order_processing"): DEAD,
    outputs.queue("order_processing"): SOURCE,
    **{outputs.function(name): real for name, real in FUNCTIONS.items()},
}
_START = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def refused(code: str, **more: Any) -> ClientError:
    """Make AWS's refusal of a call."""
    answer: Any = {"Error": {"Code": code, "Message": code}, **more}
    return ClientError(answer, "Operation")


class Account:
    """All that the commands change."""

    def __init__(self) -> None:
        """Make one with functions and dead letters."""
        self.clock = itertools.count()
        self.items: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        self.on_plan: dict[str, str] = {}
        self.parameters: dict[str, list[dict[str, Any]]] = {}
        self.functions = Functions({real: {LOG_LEVEL: "INFO"} for real in FUNCTIONS.values()})
        self.queues: dict[str, list[dict[str, Any]]] = {DEAD: [], SOURCE: []}
        self.before: Callable[[int, str], None] = lambda *_: None
        """Is told the number and name of each step before it is done."""
        self.steps = 0
        self.target = Target("stage dev", stack_name("dev"), self.client, OUTPUTS, "make deploy")

    def client(self, service: str) -> Any:
        """Give a client of which each call is a step."""
        return _Client(self, _SERVICES[service](self))

    def step(self, name: str) -> None:
        """Let somebody else act first."""
        self.steps += 1
        self.before(self.steps, name)

    def now(self) -> dt.datetime:
        """Give a time that was not given yet."""
        return _START + dt.timedelta(seconds=next(self.clock))

    def value(self, parameter: str) -> str:
        """Read a parameter; empty when it is not there."""
        versions = self.parameters.get(parameter)
        return str(versions[-1]["Value"]) if versions else ""


class _Client:
    def __init__(self, account: Account, service: Any) -> None:
        self._account, self._service = account, service
        self.exceptions = SimpleNamespace(
            ParameterNotFound=ParameterNotFound, ParameterAlreadyExists=ParameterExists
        )

    def __getattr__(self, operation: str) -> Any:
        called = getattr(self._service, operation)

        def call(**given: Any) -> Any:
            self._account.step(operation)
            return called(**given)

        return call

    def get_paginator(self, operation: str) -> Any:
        call = getattr(self, operation)

        def paginate(PaginationConfig: Any = None, **given: Any) -> list[Any]:  # noqa: N803 - AWS's
            del PaginationConfig  # everything is one page here
            return [call(**given)]

        return SimpleNamespace(paginate=paginate)

    def get_waiter(self, _: str) -> Any:
        return SimpleNamespace(wait=lambda **_: self._account.step("wait"))


class ParameterNotFound(ClientError):
    """There is no such parameter."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__({"Error": {"Code": "ParameterNotFound"}}, "Operation")


class ParameterExists(ClientError):
    """There is such a parameter already."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__({"Error": {"Code": "ParameterAlreadyExists"}}, "Operation")


class _DynamoDB:
    def __init__(self, account: Account) -> None:
        self._account, self._items = account, account.items

    def query(self, **_: Any) -> Any:
        return {"Items": []}

    def scan(self, *, TableName: str, **given: Any) -> Any:  # noqa: N803 - AWS's own names
        if TableName != "partners":
            return {"Items": []}
        condition = given.get("FilterExpression", "")
        values = given.get("ExpressionAttributeValues", {})
        every = self._items.values()
        return {"Items": [dict(item) for item in every if _holds(condition, item, values)]}

    def get_item(self, *, Key: Any, **_: Any) -> Any:  # noqa: N803
        item = self._items.get(Key["apiKeyId"]["S"])
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, *, Item: Any, **_: Any) -> None:  # noqa: N803
        self._items[Item["apiKeyId"]["S"]] = Item

    def update_item(self, *, Key: Any, UpdateExpression: str, **given: Any) -> None:  # noqa: N803
        item, values = self._checked(Key, given), given["ExpressionAttributeValues"]
        for part in UpdateExpression.removeprefix("SET ").split(", "):
            name, value = part.split(" = ")
            item = {**item, name: values[value]}
        self._items[Key["apiKeyId"]["S"]] = {**Key, **item}

    def delete_item(self, *, Key: Any, **given: Any) -> None:  # noqa: N803
        self._checked(Key, given)
        self._items.pop(Key["apiKeyId"]["S"], None)

    def _checked(self, key: Any, given: Any) -> dict[str, Any]:
        item = self._items.get(key["apiKeyId"]["S"], {})
        values = given.get("ExpressionAttributeValues", {})
        if not _holds(given.get("ConditionExpression", ""), item, values):
            raise refused("ConditionalCheckFailedException", Item=item)
        return item


def _holds(condition: str, item: dict[str, Any], values: dict[str, Any]) -> bool:
    """Tell whether a condition of OR and, around it, AND holds; DynamoDB knows more."""
    parts = [part.removeprefix("(") for part in condition.split(" AND (")] if condition else []
    either = [part.replace("))", ")").split(" OR ") for part in parts]
    return all(any(_term(term, item, values) for term in terms) for terms in either)


def _term(term: str, item: dict[str, Any], values: dict[str, Any]) -> bool:
    if term.endswith(")"):
        function, name = term[:-1].split("(")
        return (name in item) == {"attribute_exists": True, "attribute_not_exists": False}[function]
    name, sign, value = term.removesuffix(")").split(" ")
    if name not in item:
        return False
    if sign == "<":
        return float(item[name]["N"]) < float(values[value]["N"])
    assert sign == "="
    return bool(item[name] == values[value])


class _Gateway:
    def __init__(self, account: Account) -> None:
        self._account, self._keys = account, account.keys

    def get_api_keys(self, *, nameQuery: str) -> Any:  # noqa: N803
        found = (key for key in self._keys.values() if key["name"].startswith(nameQuery))
        return {"items": [dict(key) for key in found]}

    def get_api_key(self, *, apiKey: str, **_: Any) -> Any:  # noqa: N803
        return dict(self._key(apiKey))

    def create_api_key(self, **given: Any) -> Any:
        key = {**given, "id": f"k{next(self._account.clock)}", "createdDate": self._account.now()}
        self._keys[key["id"]] = key
        return dict(key)

    def update_api_key(self, *, apiKey: str, patchOperations: Any) -> None:  # noqa: N803
        self._key(apiKey)["enabled"] = patchOperations[0]["value"] == "true"

    def delete_api_key(self, *, apiKey: str) -> None:  # noqa: N803
        del self._keys[self._key(apiKey)["id"]]
        self._account.on_plan.pop(apiKey, None)

    def get_usage_plan_keys(self, *, usagePlanId: str) -> Any:  # noqa: N803
        on = self._account.on_plan
        return {"items": [{"id": key} for key, plan in on.items() if plan == usagePlanId]}

    def create_usage_plan_key(self, *, usagePlanId: str, keyId: str, **_: Any) -> None:  # noqa: N803
        self._account.on_plan[self._key(keyId)["id"]] = usagePlanId

    def delete_usage_plan_key(self, *, keyId: str, **_: Any) -> None:  # noqa: N803
        self._account.on_plan.pop(self._key(keyId)["id"], None)

    def _key(self, key_id: str) -> dict[str, Any]:
        if key_id not in self._keys:
            raise refused("NotFoundException")
        return self._keys[key_id]


class _ParameterStore:
    def __init__(self, account: Account) -> None:
        self._account, self._versions = account, account.parameters

    def get_parameters(self, *, Names: list[str], **_: Any) -> Any:  # noqa: N803
        return {"Parameters": [self._versions[n][-1] for n in Names if n in self._versions]}

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        return {"Parameter": self._of(Name)[-1]}

    def get_parameter_history(self, *, Name: str) -> Any:  # noqa: N803
        return {"Parameters": self._of(Name)}

    def put_parameter(self, *, Name: str, Value: str, Overwrite: bool, **_: Any) -> Any:  # noqa: N803
        versions = self._versions.setdefault(Name, [])
        if versions and not Overwrite:
            raise ParameterExists
        written = {"Name": Name, "Value": Value, "Version": len(versions) + 1}
        versions.append({**written, "LastModifiedDate": self._account.now()})
        return {"Version": len(versions)}

    def delete_parameter(self, *, Name: str) -> None:  # noqa: N803
        self._of(Name)
        del self._versions[Name]

    def _of(self, name: str) -> list[dict[str, Any]]:
        if name not in self._versions:
            raise ParameterNotFound
        return self._versions[name]


class _Queues:
    """Of which each message is in one hand at most; it is given back when it is said."""

    def __init__(self, account: Account) -> None:
        self._queues = account.queues

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> Any:  # noqa: N803
        held = sum(message["held"] for message in self._queues[QueueUrl])
        counts = {
            "ApproximateNumberOfMessages": len(self._queues[QueueUrl]) - held,
            "ApproximateNumberOfMessagesNotVisible": held,
        }
        return {"Attributes": {name: str(count) for name, count in counts.items()}}

    def start_message_move_task(self, **_: Any) -> Any:
        raise refused("UnknownOperation")

    def list_message_move_tasks(self, **_: Any) -> Any:
        raise refused("UnknownOperation")

    def receive_message(self, *, QueueUrl: str, **_: Any) -> Any:  # noqa: N803
        free = [message for message in self._queues[QueueUrl] if not message["held"]]
        for message in free:
            message["held"] = True
        return {"Messages": [dict(message) for message in free]}

    def send_message(self, *, QueueUrl: str, MessageBody: str, **_: Any) -> None:  # noqa: N803
        number = sum(map(len, self._queues.values()))
        message = {"MessageId": f"{QueueUrl}-{number}", "ReceiptHandle": f"{QueueUrl}-{number}"}
        self._queues[QueueUrl].append({**message, "Body": MessageBody, "held": False})

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        left = [m for m in self._queues[QueueUrl] if m["ReceiptHandle"] != ReceiptHandle]
        self._queues[QueueUrl][:] = left

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Any) -> None:  # noqa: N803
        given_back = {entry["ReceiptHandle"] for entry in Entries}
        for message in self._queues[QueueUrl]:
            message["held"] = message["held"] and message["ReceiptHandle"] not in given_back


_SERVICES: dict[str, Any] = {
    "dynamodb": _DynamoDB,
    "apigateway": _Gateway,
    "ssm": _ParameterStore,
    "lambda": lambda account: account.functions,
    "sqs": _Queues,
}


def at(account: Account, step: int, do: Callable[[], None]) -> None:
    """Have something done right before a step, counted from now, and never again."""
    wanted = account.steps + step

    def before(number: int, _: str) -> None:
        if number == wanted:
            account.before = lambda *_: None
            do()

    account.before = before
