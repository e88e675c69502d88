"""pydynox's Rust core, without the Python package around it.

The package's own import brings its models, asyncio, email and importlib.metadata: 190 ms of CPU
where the core takes 20 (docs/decisions/0004). Nothing of that is needed for the calls of
`Client`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from types import ModuleType

Item = dict[str, Any]
"""An item, or a key."""

_CONNECT_SECONDS = 1.0
_READ_SECONDS = 2.0
_MAX_RETRIES = 2


class Client(Protocol):
    """The calls that wait for their answer; the last thing in each answer is its metrics."""

    def sync_get_item(
        self, table: str, key: Item, *, consistent_read: bool
    ) -> tuple[Item | None, Any]:
        """Read one item."""

    def sync_put_item(self, table: str, item: Item) -> Any:
        """Write one item, whatever was there."""

    def sync_query_page(
        self, table: str, key_condition_expression: str, **options: Any
    ) -> tuple[list[Item], Item | None, Any]:
        """Read one page, and the key that it ends at."""

    def sync_scan_page(self, table: str, **options: Any) -> tuple[list[Item], Item | None, Any]:
        """Read one page of a whole table, and the key that it ends at."""

    def sync_transact_write(self, operations: list[Item]) -> None:
        """Write all or nothing."""

    def sync_update_item(self, table: str, key: Item, **options: Any) -> tuple[Item | None, Any]:
        """Change one item, and give it as `return_values` asks for."""


def _load_core() -> ModuleType:
    if "pydynox" in sys.modules:
        return importlib.import_module("pydynox.pydynox_core")
    spec = find_spec("pydynox")
    if spec is None:
        raise ImportError("pydynox is not installed")
    sys.modules["pydynox"] = module_from_spec(spec)  # there, but not executed
    try:
        return importlib.import_module("pydynox.pydynox_core")
    finally:
        del sys.modules["pydynox"]


_core = _load_core()

ConditionFailed: type[Exception] = _core.ConditionalCheckFailedException
"""A condition was not met; `item` is the item as it stands, if asked for and if there is one."""

TransactionCancelled: type[Exception] = _core.TransactionCanceledException
"""A transaction wrote nothing: a condition was not met, or another transaction was in the way."""

MISTAKES: tuple[type[Exception], ...] = (
    _core.AccessDeniedException,
    _core.ResourceNotFoundException,
    _core.SerializationException,
    _core.ValidationException,
)
"""What no repetition mends: a grant, a table or a check of ours is missing."""

THROTTLED: type[Exception] = _core.ProvisionedThroughputExceededException
"""More was asked for than the table's capacity, or its ceiling, lets pass."""

DynamoDBError: type[Exception] = _core.PydynoxException
"""Whatever DynamoDB, or the way to it, refused; the base of all the above."""


def connect() -> Client:
    """Open a client with time-outs that fit an HTTP request, in Lambda's Region and role."""
    client = _core.DynamoDBClient(
        connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, max_retries=_MAX_RETRIES
    )
    return cast("Client", client)
