"""`make load`: a day's people against the local run or a stage, and an accounting of every order.

Customers and partners place orders, look how they are doing, list, edit and cancel; staff and
partners move them on. A pause for thought precedes each request. Afterwards each order that was
acknowledged must be there exactly once, and nobody may have seen a stranger's.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cli import terminal
from infrastructure import outputs
from infrastructure.settings import STAGES, settings_of
from load import judging, people
from load.journey import Mix
from load.ledger import LEDGER, PAGE
from load.run import REPORT, RunPlan, perform
from ops.costs.traffic import Traffic
from ops.reach import endpoints as endpoints_document
from ops.reach import target
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError
from ops.reach.interrupts import listen
from ops.reach.layout import SHARED, layout_from_environment
from project.text import plain_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from load.judging import Limits
    from load.people import People
    from load.run import Result
    from ops.reach.target import Target

OUT = SHARED / "load"
"""Where a run is written, over the one before."""

_FEWEST_PARTNERS = 4
_MOST_CUSTOMERS = 50
_LONGEST_MINUTES = 50  # an hour after sign-in the tokens are over

_EPILOG = """\
Without --stage or --url it is the local run of LOCAL_PORT. There, and on a stage, the people are
made for the run and taken away afterwards; their orders stay. Elsewhere --callers names a file:
{"partners": {"acme-pos": "its key"}, "customers": ["identity token"], "operator": "token"}
Exit codes: 0 passed, 1 something was lost, doubled, refused or too slow, 130 interrupted.
"""


class Place(NamedTuple):
    """Where the load goes.

    Args:
        name: as people call it.
        url: of the API's stage.
        limits: the thresholds unless others are given.
        target: the deployment; None for an address of which no more is known.
    """

    name: str
    url: str
    limits: Limits
    target: Target | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, report, and exit with 1 when it did not pass."""
    given = _options(arguments)
    listen()
    try:
        result = _run(given)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if (sentence := explain(error)) is None:
            raise
        sys.exit(plain_lines(f"make load: {sentence}"))
    sys.exit(0 if result.passed else 1)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m load",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--stage", choices=STAGES, help="a stage on AWS, with your credentials")
    where.add_argument("--url", help="the address of an API's stage; needs --callers")
    parser.add_argument("--callers", type=Path, metavar="FILE", help="who there is, as below")
    parser.add_argument("--users", type=_count, default=100, help="people at once (%(default)s)")
    parser.add_argument("--minutes", type=_minutes, default=2.0, help="how long (%(default)g)")
    rate = "people that come each second (%(default)g)"
    parser.add_argument("--spawn-rate", type=_positive, default=10.0, metavar="N", help=rate)
    think = "seconds that people think before a request, on average (%(default)g)"
    parser.add_argument("--think", type=_positive, default=3.0, metavar="S", help=think)
    for name, limit in (("local", judging.LOCAL), ("AWS", judging.AWS)):
        parser.epilog = f"{parser.epilog}{name}: {limit.line()}\n"
    p95 = "the threshold of each operation's p95, instead of those below"
    parser.add_argument("--p95", type=_positive, metavar="MS", help=p95)
    errors = "the threshold of errors among all requests, likewise"
    parser.add_argument("--errors", type=_percent, metavar="PERCENT", help=errors)
    parser.add_argument("--seed", type=int, help="of the dice; by chance unless given")
    out = "where the report goes (.local/load)"
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=out)
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _positive(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _percent(text: str) -> float:
    if not 0 <= (number := float(text)) <= 100:
        raise argparse.ArgumentTypeError("must be 0 to 100")
    return number


def _minutes(text: str) -> float:
    if (number := _positive(text)) > _LONGEST_MINUTES:
        raise argparse.ArgumentTypeError(f"must be {_LONGEST_MINUTES} at most: tokens last an hour")
    return number


def _run(given: argparse.Namespace) -> Result:
    place = _place(given)
    traffic = Traffic(orders_per_day=1)
    mix = Mix(traffic.changes, traffic.reads, traffic.lists, traffic.partners, given.think)
    run = f"load-{secrets.token_hex(3)}"
    limits = place.limits
    if given.p95 is not None or given.errors is not None:
        p95 = limits.p95_ms if given.p95 is None else given.p95
        errors = limits.errors_percent if given.errors is None else given.errors
        limits = judging.Limits(p95, errors, "as given")
    with _people(given, place, run) as present:
        plan = RunPlan(
            run=run,
            url=place.url,
            people=present,
            mix=mix,
            users=given.users,
            seconds=60 * given.minutes,
            spawn_rate=given.spawn_rate,
            seed=secrets.randbelow(10**6) if given.seed is None else given.seed,
            directory=given.out.absolute(),
        )
        terminal.note(
            f"{plan.users} users against {place.name} for {given.minutes:g} min, "
            f"{mix.think:g} s of thought on average, --seed {plan.seed}"
        )
        terminal.note(limits.line())
        result = perform(plan, limits)
    _report(result, plan)
    return result


def _place(given: argparse.Namespace) -> Place:
    if given.url:
        if given.callers is None:
            raise OperatorError("--url needs --callers: nobody else may make people there.")
        return Place(given.url, given.url.rstrip("/"), judging.AWS, None)
    if given.stage:
        return _stage(given.stage)
    found = target.on_this_machine()
    layout, read = layout_from_environment(), endpoints_document.read
    endpoints = read(layout.endpoints) or read(layout.latest_endpoints)
    if endpoints is None:
        raise OperatorError("The local run has just ended. Start it again: make run")
    return Place(found.name, endpoints.api_url, judging.LOCAL, found)


def _stage(name: str) -> Place:
    """Find a stage on AWS.

    Raises:
        OperatorError: when its orders would stay for ever.
    """
    if settings_of(name).keep_data:
        raise OperatorError(
            f"Stage {name} keeps its orders for ever, and a load's would be among them. Take a "
            "stage that goes with its data; or, if you mean it, --url with --callers."
        )
    found = target.on_aws(name)
    return Place(found.name, found.output(outputs.API_URL).rstrip("/"), judging.AWS, found)


@contextlib.contextmanager
def _people(given: argparse.Namespace, place: Place, run: str) -> Iterator[People]:
    if given.callers or place.target is None:
        yield people.given(given.callers)
        return
    customers = min(max(given.users, 2), _MOST_CUSTOMERS)
    partners = _partners_for(given, place.target.stage)
    terminal.note(f"Making {partners} partners and {customers} customers for {run} …")
    with people.guests(
        place.target, place.url, run, partners=partners, customers=customers
    ) as made:
        yield made


def _partners_for(given: argparse.Namespace, stage: str) -> int:
    """Say how many partners the run's requests take, each with half of what its plan allows."""
    plan = max(settings_of(stage).plans.values(), key=lambda plan: plan.throttle.rate)
    a_second: float = given.users * Traffic(orders_per_day=1).partners / given.think
    by_rate = a_second / (plan.throttle.rate / 2)
    by_quota: float = a_second * 60 * given.minutes / (plan.daily_quota / 2)
    return max(_FEWEST_PARTNERS, math.ceil(by_rate), math.ceil(by_quota))


def _report(result: Result, plan: RunPlan) -> None:
    if (seconds := result.figures["seconds"]) < plan.seconds - 1:
        terminal.note(f"Ended early, after {seconds:.0f} s.")
    terminal.table(judging.COLUMNS, judging.rows(result.figures))
    terminal.say("\n".join(["", *judging.error_lines(result.figures)]))
    terminal.say("\n".join(result.accounting.lines()))
    terminal.say("\n".join(["", *result.exceeded]))
    terminal.note(f"Written to {plan.directory}: {REPORT}, {PAGE}, {LEDGER}")
    terminal.say("Passed." if result.passed else "Not passed.")


if __name__ == "__main__":
    main()
