"""The gate's whole course, in its time: all versions answer as they must, or it refuses them.

It fails closed: what it cannot reach, or has no time left for, is a refusal.
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from orders.aws_api import DYNAMODB, ApiError, call
from orders.custom_resource import Refused
from orders.domain.synthetic import HEARTBEAT
from orders.release_gate import KEY_ID
from orders.release_gate.asking import LIVE, NEW, Versions
from orders.release_gate.doors import check_doors, greeting
from orders.release_gate.invoking import Lambda, Late
from orders.release_gate.lists import check_lists
from orders.release_gate.plan import REQUESTED, WORKERS
from orders.release_gate.rounds import Life
from orders.release_gate.shapes import shapes
from orders.release_gate.workers import check_workers, greet

if TYPE_CHECKING:
    from orders.release_gate.plan import Plan
    from orders.release_gate.shapes import Shape

SECONDS = 150.0
"""How long it may take; CloudFormation waits for half a minute more."""

_ENOUGH = 10
"""So many answers of each version are enough to end a release that is slow before all rounds."""

_TRIES = 15
_PAUSE = 2.0
"""As Invoke's: until IAM has spread what the role may do."""

_NOT_YET = ("AccessDenied", "AccessDeniedException")


class Gate:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        """Begin: the time runs."""
        self._plan = plan
        self._started = time.monotonic()
        self._service = Lambda(self._started + SECONDS)
        self._versions = Versions(plan, self._service)
        self._customer = f"{KEY_ID}-{uuid.uuid4().hex[:12]}"
        self._shapes = shapes(self._customer)
        self._round = 0

    @property
    def notes(self) -> dict[str, Any]:
        """What the log tells: how far it came, how much it took, and what it found moved."""
        medians = {
            function: {side: round(seconds * 1000, 1) for side, seconds in sides.items()}
            for function, sides in self._versions.medians.items()
        }
        return {
            "rounds": self._round,
            "calls": self._service.calls,
            "seconds": round(time.monotonic() - self._started, 1),
            "medianMilliseconds": medians,
            "live": dict(self._versions.live),
            "moved": self._versions.moved,
        }

    def check(self) -> None:
        """Ask everything.

        Raises:
            Refused: as soon as something is not as it must be.
        """
        try:
            _admit(self._plan.table)
            self._warm()
            if not self._versions.news:
                return
            for number in range(1, self._plan.rounds + 1):
                self._one_round(number)
                self._round = number
                self._versions.judge_speed(_ENOUGH if number < self._plan.rounds else 1)
        except Late:
            self._versions.judge_speed(_ENOUGH)
            raise Refused(
                f"The gate was not done after {SECONDS:.0f} s: {self._round} of "
                f"{self._plan.rounds} rounds, {self._service.calls} calls, then "
                f"{self._versions.at}. Deploy again; its log has the times."
            ) from None
        finally:
            self._service.close()

    def _warm(self) -> None:
        """Start environments of each new version, and meet what is live.

        Those are the environments that the first callers meet, too.
        """
        number = self._plan.environments
        with ThreadPoolExecutor(number) as pool:
            for function in (*REQUESTED, *WORKERS):
                self._greet(LIVE, function)
                list(pool.map(lambda _, name=function: self._greet(NEW, name), range(number)))

    def _greet(self, side: str, function: str) -> None:
        """Ask a function for something that is nowhere."""
        if function in WORKERS:
            greet(self._versions, side, function)
        else:
            asked, status = greeting(function)
            self._versions.ask(side, asked, status, timed=False)

    def _one_round(self, number: int) -> None:
        orders: dict[str, str] = {}
        for shape in self._shapes:
            life = Life(self._versions, shape, self._key(number, shape))
            life.live()
            orders |= life.orders
        check_lists(self._versions, self._customer, orders)
        first = self._shapes[0]
        key = self._key(number, first)
        check_workers(self._versions, first.body, key)
        if number == 1:
            _, ended, *_ = orders
            check_doors(self._versions, ended, f"{key}-{NEW}", first.body, quotes=self._plan.quotes)

    def _key(self, number: int, shape: Shape) -> str:
        return f"{self._customer}-{number}-{shape.name}"


def _admit(table: str) -> None:
    """Enter the gate's key among the partners', as one of the service's own.

    Raises:
        Refused: when that cannot be done.
    """
    item = {"apiKeyId": {"S": KEY_ID}, "partnerId": {"S": HEARTBEAT}}
    for left in reversed(range(_TRIES)):
        try:
            call(DYNAMODB, "PutItem", {"TableName": table, "Item": item})
        except ApiError as error:
            if error.code not in _NOT_YET or not left:
                why = f"{error.code} at PutItem on the table of partners"
                raise Refused(f"The gate cannot enter its key: {why}.") from None
        else:
            return
        time.sleep(_PAUSE)
