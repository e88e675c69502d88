"""Asking both versions: the new ones by their numbers, those that are live by the alias.

Where a function's new version is live already, or there was none before, both are the new one.
"""

from __future__ import annotations

import json
import threading
from statistics import median
from typing import TYPE_CHECKING, Any

from orders.custom_resource import Refused
from orders.named_tuple import NamedTuple
from orders.release_gate.comparing import difference, form_of, without_wording
from orders.release_gate.invoking import Unanswered

if TYPE_CHECKING:
    from orders.release_gate.invoking import Invoked, Lambda
    from orders.release_gate.plan import Plan
    from orders.release_gate.requests import Request

NEW, LIVE = "new", "live"
SIDES = (LIVE, NEW)

_QUICK = 0.3
"""Seconds that an answer may take whatever the live version takes."""

_PROBLEM = "application/problem+json"

_READABLE = "access-control-allow-origin"


def other(side: str) -> str:
    """Give the other side."""
    return LIVE if side == NEW else NEW


class Answer(NamedTuple):
    """What a version has answered to a request."""

    side: str
    who: str
    """Function and version, as a refusal names them."""
    title: str
    """The request, likewise."""
    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    body: Any
    """As JSON; None for no body."""

    @property
    def whole(self) -> dict[str, Any]:
        """All that clients see."""
        body = self.body
        if self.headers.get("content-type") == _PROBLEM:
            body = without_wording(body)
        return {"status": self.status, "body": body, "headers": self.headers}

    def form(self, *ids: str) -> Any:
        """Give the whole without ids, and of times their form."""
        text = json.dumps(self.whole)
        for known in ids:
            text = text.replace(known, "-")
        return form_of(json.loads(text))

    def refuse(self, what: str) -> Refused:
        """Make the refusal of this answer."""
        return Refused(f"{self.who} answers {self.title} wrongly: {what}.")


def compare(live: Any, new: Any, answer: Answer, what: str = "") -> None:
    """Go on only if all that the live version says is there.

    Raises:
        Refused: when it is not; it names the answer.
    """
    found = difference(live, new, what)
    if found:
        raise answer.refuse(f"{found}, other than the live version's")


class Versions:
    """The versions of all functions; threads may share them."""

    def __init__(self, plan: Plan, service: Lambda) -> None:
        """Begin, knowing nothing yet of what is live."""
        self._plan = plan
        self._service = service
        self._lock = threading.Lock()
        self.live: dict[str, str] = {}
        """Which version has answered where the alias was asked, by function."""
        self.seconds: dict[str, dict[str, list[float]]] = {}
        """How long the answers took that are timed, by function and side."""
        self.at = "warming up"
        """What is going on, for who is told that it took too long."""

    def ask(self, side: str, request: Request, expected: int, *, timed: bool = True) -> Answer:
        """Send a request to a version.

        Raises:
            Refused: when it is not answered with the status that is expected.
        """
        event = request.event(self._plan.origin)
        invoked = self._invoke(side, request.function, request.title, event, timed=timed)
        who = self._who(side, request.function, invoked.version)
        answer = _read(Answer(side, who, request.title, 0, {}, None), request, invoked.payload)
        if answer.status != expected:
            problem = answer.body.get("type") if isinstance(answer.body, dict) else None
            kind = f" ({problem})" if isinstance(problem, str) and problem[:4] == "urn:" else ""
            raise answer.refuse(f"status {answer.status} and not {expected}{kind}")
        if side == NEW and answer.headers.get(_READABLE) != self._plan.origin:
            raise answer.refuse(f"headers/{_READABLE} is missing: no web client could read it")
        return answer

    def hand(self, side: str, function: str, event: Any, what: str, *, timed: bool) -> str:
        """Hand a batch of messages to a worker, all of which it must work off.

        Args:
            side: which version.
            function: the worker.
            event: as Lambda brings it from a queue.
            what: what it tells of, for a refusal.
            timed: whether the time that it takes is noted.

        Returns:
            The end of its log.

        Raises:
            Refused: when one of them fails.
        """
        invoked = self._invoke(side, function, what, event, timed=timed, tail=True)
        if invoked.payload != {"batchItemFailures": []}:
            who = self._who(side, function, invoked.version)
            raise Refused(f"{who} does not work off {what}: the message would be tried again.")
        return invoked.log

    def _invoke(
        self,
        side: str,
        function: str,
        what: str,
        event: Any,
        *,
        timed: bool = True,
        tail: bool = False,
    ) -> Invoked:
        candidate = self._plan.candidates[function]
        by_alias = side == LIVE and self._by_alias(function)
        qualifier = self._plan.alias if by_alias else candidate.version
        try:
            invoked = self._service.invoke(candidate.function, qualifier, event, tail=tail)
        except Unanswered as error:
            raise Refused(f"{function} {qualifier} cannot be asked {what}: {error}.") from None
        self._check(function, qualifier, invoked, by_alias=by_alias)
        if invoked.error:
            who = self._who(side, function, invoked.version)
            raise Refused(f"{who} fails at {what}: {invoked.error}; its log tells more.")
        if timed:
            with self._lock:
                sides = self.seconds.setdefault(function, {LIVE: [], NEW: []})
                sides[side].append(invoked.seconds)
        return invoked

    def _who(self, side: str, function: str, version: str) -> str:
        live = " (live)" if side == LIVE and self._by_alias(function) else ""
        return f"{function} version {version}{live}"

    def _by_alias(self, function: str) -> bool:
        """Tell whether there is a version that is live."""
        return self._plan.candidates[function].before is not None

    def _check(self, function: str, qualifier: str, invoked: Invoked, *, by_alias: bool) -> None:
        """See that it was the version that was meant which ran."""
        version = invoked.version
        if not by_alias and version != qualifier:
            raise Refused(f"{function} was asked for version {qualifier}; {version or 'none'} ran.")
        if not by_alias:
            return
        if not version:
            raise Refused(f"{function}: Lambda does not say which version is live.")
        with self._lock:
            known = self.live.setdefault(function, version)
        if known != version:
            raise Refused(
                f"{function}: {qualifier} was version {known} and is {version} now. Nobody may "
                "move it, or share it between versions, while a release is checked."
            )

    @property
    def news(self) -> list[str]:
        """Name the functions whose new version is not the live one."""
        candidates = self._plan.candidates
        return [name for name, one in candidates.items() if self.live.get(name) != one.version]

    @property
    def moved(self) -> dict[str, str]:
        """Give what is live and is not what the last deployment made live: moved by hand."""
        known = {name: one.before for name, one in self._plan.candidates.items()}
        return {name: version for name, version in self.live.items() if known[name] != version}

    @property
    def medians(self) -> dict[str, dict[str, float]]:
        """Give the median seconds by function and side."""
        return {
            function: {side: median(times) for side, times in sides.items() if times}
            for function, sides in self.seconds.items()
        }

    def judge_speed(self, fewest: int) -> None:
        """Go on only if no new version is slower than it may be.

        Args:
            fewest: how many answers of both it takes to judge a function.

        Raises:
            Refused: when one is.
        """
        for function, sides in self.medians.items():
            if min(map(len, self.seconds[function].values())) < fewest:
                continue
            most = max(_QUICK, self._plan.slow_factor * sides[LIVE])
            if sides[NEW] > most:
                version = self._plan.candidates[function].version
                raise Refused(
                    f"{function} version {version} is slow: half of its answers take "
                    f"{sides[NEW] * 1000:.0f} ms or more, the live version's "
                    f"{sides[LIVE] * 1000:.0f} ms. It may take {most * 1000:.0f} ms."
                )


def _read(none: Answer, request: Request, payload: Any) -> Answer:
    """Read an answer as API Gateway does, which gives 502 for any other form.

    Args:
        none: the answer without what it says.
        request: what was asked.
        payload: what the function has returned.

    Raises:
        Refused: when it has another form.
    """
    if not isinstance(payload, dict) or type(payload.get("statusCode")) is not int:
        raise none.refuse("API Gateway could make no answer of it")
    alone, multiple = payload.get("headers") or {}, payload.get("multiValueHeaders") or {}
    text = payload.get("body") or ""
    if not (isinstance(alone, dict) and isinstance(multiple, dict) and isinstance(text, str)):
        raise none.refuse("API Gateway could make no answer of it")
    headers = {name.lower(): str(value) for name, value in alone.items()}
    headers |= {name.lower(): ", ".join(map(str, values)) for name, values in multiple.items()}
    if headers.get("x-request-id", request.id) != request.id:
        raise none.refuse("headers/x-request-id is of another request")
    text = text.replace(request.id, "request")
    headers = {name: value.replace(request.id, "request") for name, value in headers.items()}
    try:
        body = json.loads(text) if text else None
    except (ValueError, RecursionError):
        raise none.refuse("the body is no JSON") from None
    return none._replace(status=payload["statusCode"], headers=headers, body=body)
