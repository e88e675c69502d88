"""A stub that answers like DynamoDB and Parameter Store over TLS, after a fixed time.

It runs in a process of its own, so that what it takes is not counted. It keeps nothing: each answer
is one that the functions' calls have in daily life. Run as a program it prints its port:
`python -m bench.stub CERTIFICATE`.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DELAY = 0.005
"""Seconds that each answer waits, about what DynamoDB takes for a write."""

PARTNER = {"apiKeyId": {"S": "key-of-acme"}, "partnerId": {"S": "acme"}}
_LISTED = 20


class Answers:
    """What each operation is answered with, and how often each was called."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Answer with an order, in DynamoDB's typed JSON."""
        self._order = order
        self._calls: Counter[str] = Counter()
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GetItem": self._get,
            "GetParameter": self._parameter,
            "PutItem": lambda _: {},
            "Query": lambda _: {"Items": [order] * _LISTED, "Count": _LISTED},
            "Scan": lambda _: {"Items": [PARTNER], "Count": 1},
            "TransactWriteItems": lambda _: {},
            "UpdateItem": self._update,
        }

    def answer(self, target: str, body: bytes) -> tuple[int, bytes]:
        """Answer a call; its target is that of AWS's JSON protocols, or `counts`."""
        operation = target.rpartition(".")[2]
        if operation == "counts":
            counted = json.dumps(self._calls).encode()
            self._calls.clear()
            return 200, counted
        self._calls[operation] += 1
        if operation not in self._answers:
            return 400, json.dumps({"__type": "UnknownOperationException"}).encode()
        asked = json.loads(body)
        given = self._answers[operation](asked)
        if asked.get("ReturnConsumedCapacity", "NONE") != "NONE":
            given = {**given, "ConsumedCapacity": _consumed(asked)}
        return 400 if "__type" in given else 200, json.dumps(given).encode()

    def _get(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "apiKeyId" in asked["Key"]:
            return {"Item": PARTNER}
        return {"Item": self._order} if "orderId" in asked["Key"] else {}

    def _update(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Attributes": self._order} if asked.get("ReturnValues") == "ALL_NEW" else {}

    def _parameter(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["Name"].endswith("/flags"):
            return {"Parameter": {"Name": asked["Name"], "Type": "String", "Value": "{}"}}
        return {"__type": "ParameterNotFound"}  # no partner has a webhook


def _consumed(asked: dict[str, Any]) -> Any:
    one = {"TableName": asked.get("TableName", "orders"), "CapacityUnits": 1.0}
    return [one] if "TransactItems" in asked else one


async def _serve(
    answers: Answers, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            headers = _headers(head)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, answer = answers.answer(headers.get("x-amz-target", "counts"), body)
            await asyncio.sleep(DELAY)
            writer.write(_head(status, len(answer)) + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the caller has what it wanted
    finally:
        writer.close()


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    named = (line.partition(":") for line in lines if line)
    return {name.lower(): value.strip() for name, _, value in named}


def _head(status: int, length: int) -> bytes:
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"x-amzn-RequestId: STUB\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def _run(certificate: Path, order: dict[str, Any]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    answers = Answers(order)
    server = await asyncio.start_server(
        lambda reader, writer: _serve(answers, reader, writer), "127.0.0.1", 0, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), json.loads(sys.argv[2])))
