"""What a probe is given: a stage, its front door, and time that ends."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from infrastructure import outputs
from ops.proof.world.answers import Answer, Request
from ops.proof.world.aws import Noting
from ops.proof.world.cannot_tell import CannotTell
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ops.proof.world.callers import Callers
    from ops.reach.target import Target

_Seen = TypeVar("_Seen")

_THROTTLED, _TRIES = 429, 12
_MOST_REQUESTS = 20  # of a fact in the report
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Local:
    """What a running copy has elsewhere than AWS."""

    api_url: str
    traces: Any
    """A client of its X-Ray."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A stage, as probes reach it.

    Args:
        target: the stage.
        send: sends a request over HTTP.
        callers: partners and people that the run has made.
        local: where a running copy has what it has elsewhere; None on AWS.
        ends: when looking is over, by `time.monotonic()`.
        stopped: set where somebody wants the run to end.
        as_role: gives a client of a service with the credentials of a role, by its ARN.
        patience: how long is waited for what does not come, times what a probe asks for.
    """

    target: Target
    send: Callable[[Request], Answer]
    callers: Callers
    local: Local | None = None
    ends: float = float("inf")
    stopped: Event = field(default_factory=Event)
    as_role: Callable[[str, str], Any] | None = None
    patience: float = 1.0
    noted: list[str] = field(default_factory=list)

    def fresh(self) -> World:
        """Give the same world to another probe: with no request noted."""
        return replace(self, noted=[])

    @property
    def requests(self) -> tuple[str, ...]:
        """The ids of the last requests."""
        return tuple(dict.fromkeys(filter(None, self.noted)))[-_MOST_REQUESTS:]

    @property
    def api_url(self) -> str:
        """The address of the front door."""
        return self.local.api_url if self.local else self.target.output(outputs.API_URL)

    @property
    def refusing_url(self) -> str:
        """Give an address that a webhook can be sent to, and that takes none."""
        host = urlsplit(self.api_url).hostname
        return "https://127.0.0.1:9/nothing" if self.local else f"https://{host}/v1/nothing"

    @property
    def pace(self) -> float:
        """What to multiply a wait with that AWS needs and the emulator does not."""
        return 0.05 if self.local else 1.0

    def client(self, service: str) -> Any:
        """Give a client of a service of AWS."""
        if service == "xray" and self.local:
            return Noting(self.local.traces, self.noted.append)
        return Noting(self.target.client(service), self.noted.append)

    def output(self, name: str) -> str:
        """Give an output of the stage.

        Raises:
            CannotTell: when the stage has none of this name.
        """
        try:
            return self.target.output(name)
        except OperatorError:
            raise CannotTell(f"The stage has no output {name}.") from None

    def function(self, name: str) -> str:
        """Give the name that a function has on AWS."""
        return self.output(outputs.function(name))

    # --- The front door

    def once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Answer:
        """Ask once, whatever the answer is; a path may be a whole address."""
        url = path if "://" in path else f"{self.api_url}{path}"
        pairs = headers.items() if hasattr(headers, "items") else headers
        answer = self.send(Request(method, url, tuple(pairs), body))
        self.noted.append(answer.request_id)
        return answer

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Answer:
        """Ask, and again a second later where there were too many requests."""
        for _ in range(_TRIES):
            answer = self.once(method, path, headers, body)
            if answer.status != _THROTTLED:
                return answer
            self.pause(1)
        return answer

    def at_once(self, number: int, one: Callable[[int], _Seen]) -> list[_Seen]:
        """Do something several times at the same moment."""
        with ThreadPoolExecutor(number) as pool:
            return list(pool.map(one, range(number)))

    # --- Time

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            CannotTell: when the run is over meanwhile.
        """
        self.stopped.wait(min(seconds, max(self.ends - time.monotonic(), 0)))
        if self.stopped.is_set():
            raise CannotTell("The run was stopped.")
        if time.monotonic() >= self.ends:
            raise CannotTell("The run's time was over.")

    def until(self, look: Callable[[], _Seen], seconds: float, every: float = 5) -> _Seen:
        """Look again and again until there is something to see, or the time is over.

        Args:
            look: gives what is seen; what is false is not there yet.
            seconds: how long at most.
            every: seconds between two looks on AWS.

        Returns:
            What was seen last, be it false.
        """
        deadline = time.monotonic() + seconds * self.patience
        while not (seen := look()) and time.monotonic() < deadline:
            self.pause(max(every * self.pace, _POLL_SECONDS * self.pace))
        return seen

    @cached_property
    def run(self) -> str:
        """A name for what this probe makes, which nobody else has."""
        return uuid.uuid4().hex[:8]
