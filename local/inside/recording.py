"""Writes down every call that the functions make to AWS: whose role, and what it has to permit.

The place is the emulator's front door, where the signed request of a function arrives: our own
signed HTTP and botocore both have to come by there, and nothing is guessed from the source. Each
role has access keys of its own, so that a request tells whose it is. What AWS does in a role's name
without a request of ours (logs, traces, taking messages from a queue) cannot be seen here:
tests/permissions/at_run_time.py.

Off by default; the tests switch it on. Runs in the emulator's process.
"""
# ruff: noqa: SLF001 - what is watched is private to ministack

from __future__ import annotations

import functools
import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlencode

from local.inside import ministack
from local.inside.aws_calls import calls_of, signature_of

if TYPE_CHECKING:
    from pathlib import Path

    from local.inside.aws_calls import Call

_MOST_KEYS = 20
"""How many calls are written down that differ in nothing but the item that they are about."""

_LEADING_KEYS = "dynamodb:leadingkeys"


class Recorder:
    """The calls so far: each kind once, as JSON lines."""

    def __init__(self, file: TextIO) -> None:
        """Write to a file."""
        self._file = file
        self._lock = threading.Lock()
        self._seen: dict[str, set[str]] = {}

    def note(self, role: str, call: Call) -> None:
        """Write a call down, unless it is known."""
        rest = {name: value for name, value in call.context.items() if name != _LEADING_KEYS}
        kind = json.dumps([role, call.action, call.resource, rest], sort_keys=True)
        item = json.dumps(call.context.get(_LEADING_KEYS))
        with self._lock:
            items = self._seen.setdefault(kind, set())
            if item in items or len(items) >= _MOST_KEYS:
                return
            items.add(item)
            self._file.write(f"{json.dumps({'role': role, **call._asdict()})}\n")


def record(path: Path) -> None:
    """Begin to record, before ministack starts to serve."""
    recorder = Recorder(path.open("w", buffering=1))  # as long as the emulator runs
    roles = _keys_by_role()
    app = ministack.module("app")
    serve = app._handle_post_body_shortcuts

    @functools.wraps(serve)
    async def watched(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        *rest: Any,
    ) -> Any:
        signature = signature_of(headers)
        role = roles.get(signature.key) if signature else None
        if role is not None:
            asked = f"{path}?{urlencode(query, doseq=True)}" if query else path
            for call in calls_of((method, asked), headers, body, _Account()):
                recorder.note(role, call)
        return await serve(method, path, headers, body, query, *rest)

    ministack.replace(app, _handle_post_body_shortcuts=watched)


def _keys_by_role() -> dict[str, str]:
    """Give each role access keys of its own; the mapping grows as functions start."""
    runtime = ministack.module("core.lambda_runtime")
    functions = ministack.module("services.lambda_svc")
    app = ministack.module("app")
    make = runtime.execution_credentials
    roles: dict[str, str] = {}

    @functools.wraps(make)
    def own(config: dict[str, Any]) -> dict[str, str]:
        credentials: dict[str, str] = make(config)
        if not app.AUTH:  # else each role has its own already
            digest = hashlib.sha256(config["Role"].encode()).hexdigest()
            credentials["AWS_ACCESS_KEY_ID"] = f"ASIA{digest[:16].upper()}"
        roles[credentials["AWS_ACCESS_KEY_ID"]] = config["Role"]
        return credentials

    ministack.replace(runtime, execution_credentials=own)
    ministack.replace(functions, execution_credentials=own)
    return roles


class _Account:
    """What the emulator knows of the account that a request is for."""

    def __init__(self) -> None:
        responses = ministack.module("core.responses")
        self.account: str = responses.get_account_id()
        self.region: str = responses.get_region()

    def partition_key(self, table: str) -> str:
        tables = ministack.module("services.dynamodb")
        schema = (tables._tables.get(table) or {}).get("KeySchema", [])
        names = [str(key["AttributeName"]) for key in schema if key["KeyType"] == "HASH"]
        return names[0] if names else ""

    def key_of(self, parameter: str) -> str:
        parameters = ministack.module("services.ssm")
        found = parameters._parameters.get(parameter) or {}
        return str(found.get("KeyId", ""))
