"""One run: the swarm, what it measured, and the accounting afterwards.

plan ─► swarm (Locust, a process of its own) ─► ledger, figures
                                 lists of all owners ─► Accounting ─► Result
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from load import environment
from load import ledger as ledgers
from load.accounting import Accounting, account
from load.ledger import FIGURES, LEDGER, PAGE
from local.demo.example import ORDER
from ops.reach.errors import OperatorError
from orders.domain.ids import timestamp_of
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from load.journey import Mix
    from load.judging import Limits
    from load.ledger import Ledger, Owner
    from load.people import People
    from load.shopper import Caller

REPORT = "report.json"
"""What a run leaves in its directory, besides what the swarm writes."""

_PAGE_ORDERS = "100"
_INDEX_SECONDS = 30.0
_POLL_SECONDS = 0.5
_SKEW_SECONDS = 60  # between our clock and the service's


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What a run does.

    Args:
        run: its name, with which its keys begin.
        url: of the API's stage.
        people: who there is.
        mix: how much of what.
        users: how many people order at the same time.
        seconds: how long, from the first user on.
        spawn_rate: users that come each second.
        seed: of the dice.
        directory: where all is written.
    """

    run: str
    url: str
    people: People
    mix: Mix
    users: int
    seconds: float
    spawn_rate: float
    seed: int
    directory: Path

    def for_swarm(self) -> str:
        """Write it as the swarm reads it; it holds credentials."""
        pairs = self.people.buyers(self.users, self.mix.partners)
        Random(self.seed).shuffle(pairs)  # noqa: S311 - no secret
        buyers = [
            {"buyer": buyer._asdict(), "staff": staff and staff._asdict()} for buyer, staff in pairs
        ]
        simple = ("run", "url", "users", "seconds", "spawn_rate", "seed")
        plan = {name: getattr(self, name) for name in simple}
        others = {"buyers": buyers, "mix": self.mix._asdict(), "order": ORDER}
        return json.dumps({**plan, **others, "directory": str(self.directory)})


class Result(NamedTuple):
    """What came of a run.

    Args:
        figures: requests, errors and percentiles by operation.
        accounting: where every order is.
        exceeded: which thresholds, a line each.
    """

    figures: dict[str, Any]
    accounting: Accounting
    exceeded: list[str]

    @property
    def passed(self) -> bool:
        """Whether the run kept to everything."""
        return self.accounting.sound and not self.exceeded


def perform(plan: RunPlan, limits: Limits) -> Result:
    """Run a plan and account for it; ^C ends the load early, and not the accounting.

    Raises:
        OperatorError: when the swarm fails.
    """
    interpreter = environment.ready()
    plan.directory.mkdir(parents=True, exist_ok=True)
    began = time.time()
    _swarm(interpreter, plan)
    figures = json.loads((plan.directory / FIGURES).read_text())
    with (plan.directory / LEDGER).open() as lines:
        ledger = ledgers.read(lines)
    found = Result(figures, audit(plan, ledger, began), limits.exceeded(figures))
    document = {"limits": limits._asdict(), "passed": found.passed, "exceeded": found.exceeded}
    document |= {"figures": figures, "accounting": found.accounting.as_json()}
    (plan.directory / REPORT).write_text(json.dumps(document, indent=2) + "\n")
    return found


def _swarm(interpreter: Path, plan: RunPlan) -> None:
    """Run the swarm to its end, and hand it the signals that are ours."""
    swarm = subprocess.Popen(
        [str(interpreter), "-m", "load.swarm"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,  # a terminal's ^C comes to us alone
    )
    try:
        with _handing_on(swarm):
            swarm.communicate(plan.for_swarm())
    finally:
        if swarm.poll() is None:
            swarm.kill()
            swarm.wait()
    if swarm.returncode:
        raise OperatorError(f"The load generator ended with {swarm.returncode}; it says why above.")


@contextlib.contextmanager
def _handing_on(process: subprocess.Popen[str]) -> Iterator[None]:
    """Hand signals on to a process for as long as the context lasts."""

    def hand_on(*_: object) -> None:
        process.send_signal(signal.SIGINT)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def audit(plan: RunPlan, ledger: Ledger, began: float) -> Accounting:
    """Read every owner's list and compare; lists follow the orders after a moment, so again.

    Args:
        plan: of the run.
        ledger: of the run.
        began: when it began, in seconds since the epoch.

    Raises:
        OperatorError: when a list cannot be read.
    """
    deadline = time.monotonic() + _INDEX_SECONDS
    while True:
        lists = dict(_lists(plan, began - _SKEW_SECONDS))
        found = account(ledger, lists)
        late = found.missing or found.lost_changes
        if not late or time.monotonic() > deadline:
            return found
        time.sleep(_POLL_SECONDS)


def _lists(plan: RunPlan, since: float) -> Iterator[tuple[Owner, list[dict[str, Any]]]]:
    oldest = timestamp_of(int(since * 1_000))
    with httpx.Client(base_url=plan.url, timeout=60) as http:
        for caller in (*plan.people.partners, *plan.people.customers):
            yield caller.owner, _list(http, caller, oldest)


def _list(http: httpx.Client, caller: Caller, oldest: str) -> list[dict[str, Any]]:
    """Read a caller's list, newest first, back to a time."""
    path = "/partner/orders" if caller.role == "partner" else "/orders"
    found: list[dict[str, Any]] = []
    query = {"limit": _PAGE_ORDERS}
    while True:
        page = _page(http, path, caller, query)
        fresh = [order for order in page["orders"] if order["createdAt"] >= oldest]
        found += fresh
        if page["cursor"] is None or len(fresh) < len(page["orders"]):
            return found
        query["cursor"] = page["cursor"]


def _page(http: httpx.Client, path: str, caller: Caller, query: dict[str, str]) -> dict[str, Any]:
    """Read a page, and try again for a while: the load is over, and the API must recover.

    Raises:
        OperatorError: when it does not.
    """
    deadline = time.monotonic() + _INDEX_SECONDS
    while True:
        try:
            answer = http.get(path, headers=dict(caller.headers), params=query)
            page: dict[str, Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"The orders of {caller.role} {caller.identity} cannot be listed, so nothing "
                    f"is accounted for: {error}. What the load met stands in {FIGURES} and {PAGE}."
                ) from error
            time.sleep(_POLL_SECONDS)
        else:
            return page
