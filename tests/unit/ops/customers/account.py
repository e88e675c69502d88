"""An account with people, their orders, their dead letters, and who may not be erased."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from infrastructure.settings import stack_name
from ops.dead_letters.letters import QUEUES
from ops.reach.target import Target
from tests.shared.stream_records import body_of, customers_order, partners_order, typed
from tests.unit.ops import account as shared

if TYPE_CHECKING:
    from collections.abc import Callable

ME = "0a1b2c3d-0000-4000-8000-00000000000a"
OTHER = "0a1b2c3d-0000-4000-8000-00000000000b"
OPERATOR = "arn:aws:iam::111122223333:user/op"
_KEYS = {"orders": "orderId", "keys": "key", "partners": "apiKeyId"}
_OUTPUTS = {
    outputs.ORDERS_TABLE: "orders",
    outputs.IDEMPOTENCY_TABLE: "keys",
    outputs.PARTNERS_TABLE: "partners",
    outputs.USER_POOL_ID: "pool",
    **{queue.letters: f"dead-{queue.name}" for queue in QUEUES.values()},
}


class Account(shared.Account):
    """One in which each call is a step, before which somebody else may act."""

    def __init__(self) -> None:
        """Make one with a person, and without an order."""
        super().__init__()
        self.tables: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in _KEYS}
        self.queues = {name: [] for name in _OUTPUTS.values() if name.startswith("dead-")}
        self.people: dict[str, dict[str, Any]] = {ME: _user(ME), OTHER: _user(OTHER)}
        self.signed_out: list[str] = []
        self.target = Target("stage dev", stack_name("dev"), self.client, _OUTPUTS, "make deploy")

    def client(self, service: str) -> Any:
        """Give a client of which each call is a step."""
        made: dict[str, Callable[[], Any]] = {
            "dynamodb": lambda: _DynamoDB(self),
            "cognito-idp": lambda: _Cognito(self),
            "sqs": lambda: shared._Queues(self),
            "sts": lambda: SimpleNamespace(get_caller_identity=lambda: {"Arn": OPERATOR}),
        }
        return shared._Client(self, made[service]())

    @property
    def orders(self) -> dict[str, dict[str, Any]]:
        """The orders by their ids, in DynamoDB's typed JSON."""
        return self.tables["orders"]

    def add(self, item: dict[str, Any]) -> str:
        """Store an order; gives its id."""
        self.orders[item["orderId"]] = typed(item)
        return str(item["orderId"])

    def bury(self, queue: str, body: str) -> None:
        """Put a message among dead letters."""
        self.client("sqs").send_message(QueueUrl=f"dead-{queue}", MessageBody=body)


def delivered(body: dict[str, Any], customer_id: str = ME, **changes: Any) -> dict[str, Any]:
    """Make an order that has ended, of a customer of ours or, with #, of a partner's."""
    partner, _, own = customer_id.rpartition("#")
    item = (
        partners_order({**body, "customerId": own})
        if partner
        else customers_order(body, customer_id)
    )
    return {**item, "status": "DELIVERED", "version": 5, **changes}


def letter_of(item: dict[str, Any]) -> str:
    """Make the body of a message of an order's change."""
    return body_of(item)


def _user(subject: str) -> dict[str, Any]:
    attributes = [
        {"Name": "sub", "Value": subject},
        {"Name": "email", "Value": f"{subject[-1]}@example.com"},
    ]
    return {"Username": subject, "Enabled": True, "Attributes": attributes}


class _Cognito:
    def __init__(self, account: Account) -> None:
        self._account = account

    def list_users(self, *, UserPoolId: str, Filter: str) -> Any:  # noqa: N803 - AWS's names
        found = re.fullmatch(r'(sub|email) = "([^"]+)"', Filter)
        assert found
        assert UserPoolId == "pool"
        wanted = {"Name": found[1], "Value": found[2]}
        people = self._account.people.values()
        return {"Users": [person for person in people if wanted in person["Attributes"]]}

    def admin_disable_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._account.people[Username]["Enabled"] = False

    def admin_user_global_sign_out(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._account.signed_out.append(Username)

    def admin_delete_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        del self._account.people[Username]


class _DynamoDB:
    """Three tables, with the conditions and expressions that the commands write."""

    def __init__(self, account: Account) -> None:
        self._tables = account.tables

    def query(self, *, TableName: str, IndexName: str, **given: Any) -> Any:  # noqa: N803
        assert (TableName, IndexName) == ("orders", "by-customer")
        whose = given["ExpressionAttributeValues"][":customer"]
        return {"Items": [o for o in self._tables["orders"].values() if o["customerId"] == whose]}

    def scan(self, *, TableName: str, **given: Any) -> Any:  # noqa: N803
        start = given["ExpressionAttributeValues"][":hold"]["S"]
        items = self._tables[TableName].items()
        return {"Items": [item for key, item in items if key.startswith(start)]}

    def get_item(self, *, TableName: str, Key: Any, **_: Any) -> Any:  # noqa: N803
        found = self._tables[TableName].get(self._id(TableName, Key))
        return {} if found is None else {"Item": dict(found)}

    def put_item(self, *, TableName: str, Item: Any, **given: Any) -> None:  # noqa: N803
        self._check(TableName, Item, given)
        self._tables[TableName][self._id(TableName, Item)] = Item

    def delete_item(self, *, TableName: str, Key: Any, **given: Any) -> None:  # noqa: N803
        self._check(TableName, Key, given)
        self._tables[TableName].pop(self._id(TableName, Key), None)

    def update_item(self, *, TableName: str, Key: Any, **given: Any) -> None:  # noqa: N803
        item = {**Key, **self._check(TableName, Key, given)}
        values = given["ExpressionAttributeValues"]
        sets, _, removed = given["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
        for part in sets.split(", "):
            name, value = part.split(" = ")
            item[name] = values[value] if value in values else item[value]
        item.pop(removed, None)
        self._tables[TableName][self._id(TableName, Key)] = item

    def _check(self, table: str, key: Any, given: Any) -> dict[str, Any]:
        item = self._tables[table].get(self._id(table, key), {})
        condition = given.get("ConditionExpression", "").replace("#key", "key")
        if not shared._holds(condition, item, given.get("ExpressionAttributeValues", {})):
            raise shared.refused("ConditionalCheckFailedException", Item=item)
        return item

    @staticmethod
    def _id(table: str, key: Any) -> str:
        return str(key[_KEYS[table]]["S"])
