"""Two DynamoDBs of other makes, in memory, with tables of the same form as the stack's.

dynalite    all but transactions, streams and the item of a failed condition; its capacity
            units follow an item's size
roto        transactions as well; no capacity units of indexes, no item of a failed condition
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from ops.reach.clients import clients
from ops.reach.layout import free_port
from tests.integration.engines import environment
from tests.shared.node import PROGRAM, packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SECONDS = 20.0
_POLL_SECONDS = 0.05


@contextlib.contextmanager
def dynalite(log: Path) -> Iterator[str]:
    """Run dynalite, as long as the context lasts; gives its address."""
    program = packages() / "dynalite/cli.js"
    options = ("--host", "127.0.0.1", "--createTableMs", "0")
    with _running([str(PROGRAM), str(program), *options], log) as url:
        yield url


@contextlib.contextmanager
def roto(log: Path) -> Iterator[str]:
    """Run roto, as long as the context lasts; gives its address."""
    program = environment.program("roto-server")
    with _running([str(program), "--host", "127.0.0.1", "--ephemeral"], log) as url:
        yield url


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, "--port", str(port)], stdout=written, stderr=subprocess.STDOUT, env={}
        )
    try:
        _wait(url, process, log)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(BotoCoreError):
            clients(url)("dynamodb").list_tables()
            return
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"the engine does not answer:\n{log.read_text()}")


def copy_tables(source: Any, target: Any, names: Mapping[str, str]) -> None:
    """Make empty tables of the same keys and indexes; their names by those of the source."""
    for original, name in names.items():
        table = source.describe_table(TableName=original)["Table"]
        indexes = [_index(index) for index in table.get("GlobalSecondaryIndexes", ())]
        target.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )
        target.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.1})


def _index(index: Any) -> dict[str, Any]:
    return {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
