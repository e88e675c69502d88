"""Erasing a person, step by step; each step can be done again, so a crash is mended by repeating.

look ─► ask ─► turn ─► look again ─► shut the person out ─► ledger ─► overwrite each order, delete
dead letters; again, while more comes ─► delete the person

What ends an erasure too early leaves the person shut out: the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ops.customers import ledger, people
from ops.customers.holds import hold_of
from ops.customers.people import fingerprint
from ops.customers.placeholders import is_overwritten, overwritten
from ops.customers.theirs import id_of, is_under_way, orders_of, read_again, replace
from ops.dead_letters import choice, letters
from ops.dead_letters.letters import QUEUES, Errand
from ops.reach.errors import OperatorError
from ops.turns import turn
from orders.domain.ids import timestamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ops.customers.holds import Hold
    from ops.customers.people import Person
    from ops.dead_letters.letters import DeadLetter, Wanted
    from ops.reach.target import Target

    Typed = dict[str, Any]

_ROUNDS = 3
"""How often it looks for what has come meanwhile."""

_MOST_TRIES = 5
"""How often one order may change while it is overwritten."""

_NAMED = 5


class Standing(NamedTuple):
    """What there is of somebody."""

    customer_id: str
    person: Person | None
    orders: int
    to_overwrite: int
    under_way: tuple[str, ...]
    """The ids of orders that can still go on."""
    dead_letters: int
    hold: Hold | None
    erased_at: str | None

    @property
    def unknown(self) -> bool:
        """Whether there is nobody and nothing of this id."""
        return not (self.person or self.orders or self.dead_letters or self.erased_at)


@dataclass
class Report:
    """What became of it; filled while it goes on, so that ^C finds it right."""

    orders: int = 0
    """Overwritten."""
    dead_letters: int = 0
    """Deleted."""
    person: str = "none in the user pool"
    left: list[str] = field(default_factory=list)
    """Why it is not finished, each in a sentence."""


@contextlib.contextmanager
def changing(target: Target, customer_id: str) -> Iterator[Target]:
    """Let no two operators erase or hold the same person at a time.

    Raises:
        Overtaken: when somebody else does.
    """
    with turn(target, f"customer:{fingerprint(customer_id)}", "this customer") as held:
        yield held


def look(target: Target, customer_id: str) -> Standing:
    """Look at all that there is of somebody, and change nothing."""
    found = list(orders_of(target, customer_id))
    wanted = _of(customer_id, {id_of(order) for order in found})
    return Standing(
        customer_id,
        people.find(target, customer_id),
        len(found),
        sum(not is_overwritten(order) for order in found),
        tuple(id_of(order) for order in found if is_under_way(order)),
        sum(letters.count(target, queue, wanted) for queue in QUEUES.values() if queue.source),
        hold_of(target, customer_id),
        ledger.erased_at(target, customer_id),
    )


def check(standing: Standing) -> None:
    """Check that somebody can be erased.

    Raises:
        OperatorError: when they are on hold, have an order under way, or are nobody.
    """
    whom = standing.customer_id
    if standing.unknown:
        raise people.nobody(whom)
    if standing.hold is not None:
        raise OperatorError(
            f"{whom} is on hold since {standing.hold.since}: {standing.hold.reason}. Nothing was "
            f"changed. `orders customers release {whom!r}` ends the hold."
        )
    if standing.under_way:
        raise OperatorError(f"{_under_way(standing.under_way)} Nothing was changed.")


def erase(target: Target, customer_id: str, report: Report, told: Callable[[int], None]) -> None:
    """Erase somebody; whatever keeps it from being finished is in the report.

    Args:
        target: held by a turn (`changing`).
        customer_id: whose data it is.
        report: is kept up to date.
        told: is told how many orders were overwritten so far.

    Raises:
        OperatorError: as `check` does; nothing was changed then.
    """
    standing = look(target, customer_id)
    check(standing)
    if standing.person is not None:
        people.shut_out(target, standing.person)
        report.person = "shut out"
    ledger.enter(target, customer_id)
    for _ in range(_ROUNDS):
        _overwrite_all(target, customer_id, report, told)
        kept = _delete_letters(target, customer_id, report)
        now = look(target, customer_id)
        if not (now.to_overwrite - len(now.under_way) or now.dead_letters):
            break
    report.left += [*kept, *_left(now)]
    if standing.person is not None and not report.left:
        people.delete(target, standing.person)
        report.person = "deleted"


def _left(now: Standing) -> Iterator[str]:
    """Say what is not done, and why."""
    if now.under_way:
        yield f"{_under_way(now.under_way)} It was placed meanwhile."
    elif now.to_overwrite:
        yield "Orders keep coming. Run it again."
    if now.dead_letters:
        yield "Dead letters keep coming. Run it again."


def _under_way(order_ids: tuple[str, ...]) -> str:
    more = len(order_ids) - _NAMED
    named = ", ".join(order_ids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"Under way: {named}. Finish or cancel it, then run this again."


def _overwrite_all(
    target: Target, customer_id: str, report: Report, told: Callable[[int], None]
) -> None:
    for order in orders_of(target, customer_id):
        if not (is_overwritten(order) or is_under_way(order)):
            report.orders += _overwrite(target, order)
            told(report.orders)


def _overwrite(target: Target, order: Typed) -> bool:
    """Overwrite one order as it is now; False when somebody did, or it is gone."""
    for _ in range(_MOST_TRIES):
        at = timestamp_of(time.time_ns() // 1_000_000)
        if replace(target, order, overwritten(order, at)):
            return True
        found = read_again(target, order)
        if found is None or is_overwritten(found):
            return False
        order = found
    raise OperatorError(f"Order {id_of(order)} keeps changing. Run this again.")


def _delete_letters(target: Target, customer_id: str, report: Report) -> list[str]:
    """Delete the dead letters that are somebody's; gives why some stay, if any do."""
    kept: list[str] = []
    wanted = _of(customer_id, {id_of(order) for order in orders_of(target, customer_id)})
    for queue in (queue for queue in QUEUES.values() if queue.source):
        found = choice.matching(target, queue, wanted)
        if found.elsewhere:
            kept.append(
                f"Somebody else is looking at dead letters of {queue.name}. Run this again."
            )
        if not found.found:
            continue
        own = letters.Report(queue.name, found.found)
        errand = Errand(queue=queue, wanted=wanted, deliver=lambda _: None)
        letters.take_out(target, errand, own, lambda _: None)
        report.dead_letters += own.done
        kept += [f"Dead letters of {queue.name}: {reason}" for reason in own.reasons]
    return kept


def _of(customer_id: str, order_ids: set[str]) -> Wanted:
    """Choose what is about somebody's orders, or names them."""
    forms = {json.dumps(customer_id), json.dumps(customer_id, ensure_ascii=False)}

    def wanted(letter: DeadLetter) -> bool:
        return letter.order_id in order_ids or any(form in letter.body for form in forms)

    return wanted
