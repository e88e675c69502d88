"""A probe that waits for minutes looks from the session's first test on: others have their turn."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from threading import Event
from typing import TYPE_CHECKING

from ops.proof.running.looking import look
from ops.proof.world.world import World

if TYPE_CHECKING:
    from typing import Any, Self

    from ops.proof.probe import Fact, Probe
    from ops.proof.world.answers import Answer, Request


class Unhurried:
    """Looks in a thread of its own at what becomes of an order that nobody answers.

    It changes a function's variables before it waits and after that, as other tests do. So it
    begins while no other test runs, and ends when it is asked what it saw.
    """

    def __init__(self, probe: Probe, world: World) -> None:
        """Look at a claim in a world that nobody else looks at."""
        self._placed, self._asked = Event(), Event()
        own = replace(world.target, client=self._client(world.target.client))
        given = {each.name: getattr(world, each.name) for each in fields(world)}
        seldom = _Seldom(**{**given, "target": own, "send": self._sender(world)})
        self._pool = ThreadPoolExecutor(1)
        self._fact: Future[Fact] = self._pool.submit(look, probe, seldom)
        self._fact.add_done_callback(lambda _: self._placed.set())

    def __enter__(self) -> Self:
        self._placed.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.fact()
        self._pool.shutdown()

    def fact(self) -> Fact:
        """Wait for what it saw."""
        self._asked.set()
        return self._fact.result()

    def _sender(self, world: World) -> Any:
        def send(request: Request) -> Answer:
            if request.method == "GET" and "/partner/orders/" in request.url:
                self._placed.set()  # it waits for the order from here on
            return world.send(request)

        return send

    def _client(self, client: Any) -> Any:
        def given(service: str) -> Any:
            if service == "dynamodb" and self._placed.is_set():
                self._asked.wait()  # it is about to change who serves the restaurant
            return client(service)

        return given


@dataclass(frozen=True, kw_only=True)
class _Seldom(World):
    """The running copy, at which a probe looks as seldom as at AWS: it has minutes."""

    @property
    def pace(self) -> float:
        return 1.0
