"""Sends the shoppers' requests, with Locust. Runs in an environment of its own: `load.environment`.

It reads a plan from standard input, tells on standard error how it goes, and leaves in the plan's
directory the ledger, Locust's own report and its figures. A signal ends it early, and in order.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from locust import FastHttpUser  # first: it replaces Python's own sockets

# isort: split
import gevent
from gevent.event import Event
from locust.env import Environment
from locust.html import get_html_report
from locust.stats import stats_history

from load.journey import Mix
from load.ledger import FIGURES, LEDGER, PAGE, Fault
from load.shopper import Answer, Caller, Request, Shopper, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_ANSWER_SECONDS = 30.0  # API Gateway gives up after 29
_PROGRESS_SECONDS = 5.0
_LAST_ANSWERS_SECONDS = 60.0
_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


@dataclass
class _Swarm:
    """What all users share."""

    plan: dict[str, Any]
    ledger: TextIO
    over: Event = field(default_factory=Event)
    strangers: dict[Any, str] = field(default_factory=dict)
    started: int = 0

    def write(self, event: str, **fields: Any) -> None:
        """Write one event down, at once: whoever ends us does not ask."""
        self.ledger.write(json.dumps({"event": event, **fields}) + "\n")
        self.ledger.flush()

    def wait(self, seconds: float) -> bool:
        """Think for some seconds; tells whether to go on."""
        return not self.over.wait(seconds)

    def shopper(self, send: Callable[[Request], Answer]) -> Shopper:
        """Make the next shopper of the plan."""
        number, self.started = self.started, self.started + 1
        given = self.plan["buyers"][number % len(self.plan["buyers"])]
        staff = given["staff"]
        plan = self.plan
        return Shopper(
            buyer=Caller(**given["buyer"]),
            staff=Caller(**staff) if staff else None,
            world=World(send, self.wait, self.write, self.strangers, plan["order"], plan["run"]),
            dice=Random(f"{plan['seed']} {number}"),  # noqa: S311 - no secret
        )


class _Buyer(FastHttpUser):  # type: ignore[misc] # Locust's types are not in the project's environment
    """One user of Locust: a shopper whose requests it counts."""

    abstract = True
    swarm: _Swarm
    insecure = False  # Locust's default believes any certificate
    network_timeout = connection_timeout = _ANSWER_SECONDS

    def on_start(self) -> None:
        """Become the next of the plan's people."""
        self.shopper = self.swarm.shopper(self.send)
        self.mix = Mix(**self.swarm.plan["mix"])

    def day(self) -> None:
        """Order once; Locust repeats it until the time is over."""
        if not self.swarm.over.is_set():
            try:
                self.shopper.order(self.mix)
            except (AttributeError, KeyError, TypeError) as error:  # an answer of another form
                detail = f"an answer without what it should have: {error!r}"
                self.swarm.write("fault", kind=Fault.UNEXPECTED, detail=detail)
        gevent.sleep(0)

    def send(self, request: Request) -> Answer:
        """Send a request once, and have Locust count it under its route."""
        with self.client.request(
            request.method,
            f"{self.host}{request.path}",
            name=request.name.partition(" ")[2],
            headers=request.headers,
            json=request.body,
            catch_response=True,
        ) as response:
            answer = _answer(response)
            if answer.status in request.expected:
                response.success()
            else:
                response.failure(f"{answer.status or 'no answer'}")
        return answer

    tasks = [day]  # noqa: RUF012 - Locust reads it so


def _answer(response: Any) -> Answer:
    headers = {name.lower(): value for name, value in (response.headers or {}).items()}
    try:
        body = json.loads(response.text or "null")
    except ValueError:
        body = None
    return Answer(response.status_code or 0, headers, body)


def main() -> None:
    """Run the plan."""
    plan = json.load(sys.stdin)
    directory = Path(plan["directory"])
    with (directory / LEDGER).open("w") as ledger:
        swarm = _Swarm(plan, ledger)
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, swarm.over.set)
        users = [type("Buyer", (_Buyer,), {"swarm": swarm, "host": plan["url"]})]
        environment = Environment(user_classes=users, stop_timeout=_LAST_ANSWERS_SECONDS)
        runner = environment.create_local_runner()
        gevent.spawn(stats_history, runner)
        began = time.monotonic()
        runner.start(plan["users"], spawn_rate=plan["spawn_rate"])
        telling = gevent.spawn(_tell, runner, swarm.over)
        swarm.over.wait(plan["seconds"])
        took = time.monotonic() - began
        swarm.over.set()
        runner.quit()
        telling.join()
    (directory / PAGE).write_text(get_html_report(environment, show_download_link=False))
    (directory / FIGURES).write_text(json.dumps(_figures(runner.stats, took), indent=2) + "\n")


def _tell(runner: Any, over: Event) -> None:
    """Say every few seconds how it goes."""
    began = time.monotonic()
    while not over.wait(_PROGRESS_SECONDS):
        total = runner.stats.total
        p95 = total.get_current_response_time_percentile(0.95) or 0
        line = (
            f"{time.monotonic() - began:5.0f} s {runner.user_count:5} users "
            f"{total.current_rps:7.1f} requests/s   p95 {p95:6.0f} ms   "
            f"{total.num_requests:7} requests {total.num_failures:5} errors"
        )
        print(line, file=sys.stderr, flush=True)


def _figures(stats: Any, seconds: float) -> dict[str, Any]:
    rows = [_row(entry) for entry in sorted(stats.entries.values(), key=lambda one: one.name)]
    errors = [
        {"operation": f"{one.method} {one.name}", "what": str(one.error), "count": one.occurrences}
        for one in stats.errors.values()
    ]
    return {"seconds": round(seconds, 1), "operations": rows, "total": _row(stats.total)} | {
        "errors": errors
    }


def _row(entry: Any) -> dict[str, Any]:
    times = {
        name: entry.get_response_time_percentile(share) for name, share in _PERCENTILES.items()
    }
    return {
        "operation": f"{entry.method or ''} {entry.name}".strip(),
        "requests": entry.num_requests,
        "errors": entry.num_failures,
        **{f"{name}_ms": round(value, 1) for name, value in times.items()},
    }


if __name__ == "__main__":
    main()
