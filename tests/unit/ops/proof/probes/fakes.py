"""A world whose answers are written down, for what the emulator cannot show."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure.settings import stack_name
from ops.proof.world.answers import Answer, Request
from ops.proof.world.callers import Caller, Partner
from ops.proof.world.people import Person, Pool, Tokens
from ops.proof.world.world import World
from ops.reach.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STAGE = "prove-0a1b"


def refused(code: str, message: str = "", status: int = 400) -> ClientError:
    """Make AWS's error."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "r-aws",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Operation",
    )


class Client:
    """A client of AWS that answers each operation as it is told, with an error if it is one."""

    def __init__(self, **answers: Any) -> None:
        self._answers, self.asked = answers, list[tuple[str, dict[str, Any]]]()
        self.meta = SimpleNamespace(
            region_name="us-east-1",
            events=SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None),
        )

    def __getattr__(self, name: str) -> Any:
        if name not in self._answers:
            raise AttributeError(name)

        def call(**given: Any) -> Any:
            self.asked.append((name, given))
            answer = self._answers[name]
            answer = answer(**given) if callable(answer) else answer
            answer = answer.pop(0) if isinstance(answer, list) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, operation: str) -> Any:
        """Give the one page that an operation answers."""

        def paginate(**given: Any) -> Iterator[Any]:
            yield getattr(self, operation)(**given)

        return SimpleNamespace(paginate=paginate)

    def get_waiter(self, _: str) -> Any:
        """Wait for nothing."""
        return SimpleNamespace(wait=lambda **_: None)


class FakeCallers:
    """Callers that are there."""

    secrets: tuple[str, ...] = ()

    def __init__(self, pool: Pool | None = None, tokens: Mapping[str, str] | None = None) -> None:
        self.pool, self._tokens = pool, tokens or {}

    def partner(self, name: str, _: str | None = None, *, plan: str = "") -> Partner:
        del plan
        return Partner(f"prove-{name}", "key-id", f"key-{name}")

    def person(self, name: str) -> Caller:
        return self._caller(name)

    def operator(self, *, app: bool) -> Caller:
        return self._caller("with an app" if app else "without an app")

    def _caller(self, name: str) -> Caller:
        token = self._tokens.get(name, name)
        return Caller(Person(f"{name}@example.com", "p"), Tokens(token, "access", "refresh"))


def world(
    send: Callable[[Request], Answer] | None = None,
    *,
    callers: FakeCallers | None = None,
    outputs: Mapping[str, str] | None = None,
    role: Callable[[str, str], Any] | None = None,
    **clients: Client,
) -> World:
    """Give a world that answers so; it is over after some seconds, and waits for nothing."""
    known: dict[str, str] = {"ApiUrl": "https://api.example.com/v1", **(outputs or {})}

    class Outputs(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return f"the-{key}"

    by_service = {name.replace("_", "-"): client for name, client in clients.items()}
    target = Target(
        f"stage {STAGE}", stack_name(STAGE), lambda name: by_service[name], Outputs(known), "cure"
    )
    callers_: Any = callers or FakeCallers()
    return Hasty(
        target=target,
        send=send or (lambda _: Answer(200, {})),
        callers=callers_,
        ends=time.monotonic() + 20,
        as_role=role,
        patience=0.0,
    )


class Hasty(World):
    """A world in which no time passes."""

    def pause(self, seconds: float) -> None:
        """Do not wait."""
