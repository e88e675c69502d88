"""Until when a restaurant can answer, and which of those who act at once has its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.changes import attributes_of, confirm, expire, history_entry, revise, view
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import Role, Status
from orders.domain.order import OrderPatch
from orders.domain.serving.answering import accept_by
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from tests.shared.stream_records import NOW, item

if TYPE_CHECKING:
    from orders.domain.changes import Change
    from orders.domain.order import Item

MINUTE = 60_000
PLACED = datetime.fromtimestamp(NOW / 1000, UTC)


def test_a_restaurant_has_its_minutes() -> None:
    """An order for now is to be answered so many minutes after it was placed."""
    deadline = accept_by(NOW, None, minutes=10, lead_minutes=60)
    assert deadline == timestamp_of(NOW + 10 * MINUTE)


def test_a_scheduled_order_can_be_answered_until_shortly_before_its_time() -> None:
    """An order for tomorrow need not be answered tonight."""
    tomorrow = PLACED + timedelta(days=1)
    deadline = accept_by(NOW, tomorrow, minutes=10, lead_minutes=60)
    assert deadline == timestamp_of(NOW + 23 * 60 * MINUTE)


@given(
    st.integers(1, 7 * 24 * 3_600), st.integers(min_value=2, max_value=60), st.integers(15, 1_440)
)
def test_nobody_has_less_than_the_minutes(ahead: int, minutes: int, lead: int) -> None:
    """However near its time an order is placed, the restaurant has its minutes; never more."""
    deadline = accept_by(NOW, PLACED + timedelta(seconds=ahead), minutes=minutes, lead_minutes=lead)
    least = timestamp_of(NOW + minutes * MINUTE)
    before = timestamp_of(NOW + ahead * 1_000 - lead * MINUTE)
    assert deadline == max(least, before)


def test_the_service_says_that_nobody_answered() -> None:
    """The history tells the reason, and that it was nobody's decision."""
    change = expire(NOW, "1-trace")
    entry = {"status": "REJECTED", "at": timestamp_of(NOW), "by": "service", "reason": "no-answer"}
    assert history_entry(change) == entry
    assert change.only_from == {Status.PLACED}
    assert {ACCEPT_BY, SERVED_BY, "history"} <= {*attributes_of(change)}


def test_a_deadline_is_shown_where_somebody_has_to_keep_it() -> None:
    """What an edit leaves on an order that nobody serves is nobody's business."""
    deadline = {ACCEPT_BY: timestamp_of(NOW)}
    assert view(item(**{SERVED_BY: "#rest-1"}, **deadline))[ACCEPT_BY] == deadline[ACCEPT_BY]
    assert ACCEPT_BY not in view(item(**deadline))
    assert SERVED_BY not in view(item(**{SERVED_BY: "#rest-1"}, **deadline))


class Table:
    """One order, of which each write holds or does not, as the conditions of a change say."""

    def __init__(self, order: Item) -> None:
        self.order = order
        self.entries = len(order["history"])

    def takes(self, change: Change, versions: frozenset[int] | None) -> bool:
        """Apply a change if its conditions hold; they are looked at and written as one."""
        order = self.order
        holds = order["status"] in change.only_from
        holds = holds and (versions is None or order["version"] in versions)
        if change.overdue:
            holds = holds and SERVED_BY in order and order[ACCEPT_BY] <= change.at
        if not holds:
            return False
        assigned = {path[0]: value for path, value in change.assign.items()}
        self.order = {**order, **assigned, "version": order["version"] + 1}
        if change.to is not None:
            self.order["status"] = change.to.value
            self.order["history"] = [*order["history"], history_entry(change)]
        return True


def _rivals(seconds: int) -> dict[str, tuple[Change, frozenset[int] | None]]:
    """Make what may be done to a placed order at one moment."""
    at = NOW + seconds * 1_000
    moves: dict[str, Any] = {
        "accept": (Status.CONFIRMED, Role.PARTNER),
        "reject": (Status.REJECTED, Role.PARTNER),
        "cancel": (Status.CANCELLED, Role.CUSTOMER),
    }
    made: dict[str, tuple[Change, frozenset[int] | None]] = {
        name: (revise(OrderPatch(status=to), role, at), None) for name, (to, role) in moves.items()
    }
    made["accept what was read"] = (made["accept"][0], frozenset({1}))
    made["auto-confirm"] = (confirm(at), frozenset({1}))
    made["expire"] = (expire(at), None)
    edit = revise(OrderPatch(note="ring twice"), Role.CUSTOMER, at)
    made["edit"] = (edit, None)
    later = accept_by(at, None, minutes=10, lead_minutes=60)
    made["schedule anew"] = (edit._replace(assign={(ACCEPT_BY,): later}), None)
    return made


@given(
    st.lists(st.tuples(st.sampled_from(sorted(_rivals(0))), st.integers(0, 1_200)), max_size=12),
    st.sampled_from([{SERVED_BY: "acme#rest-1"}, {}]),
)
def test_whatever_comes_first_holds(acts: list[tuple[str, int]], served: dict[str, str]) -> None:
    """Of all who answer, cancel or let expire one has its way, and the history has it once.

    An order is never rejected before its deadline, and never where nobody serves it.
    """
    table = Table(item(**{ACCEPT_BY: timestamp_of(NOW + 10 * MINUTE)}, **served))
    ended: list[str] = []
    for name, seconds in acts:
        before = dict(table.order)
        change, versions = _rivals(seconds)[name]
        if table.takes(change, versions) and change.to is not None:
            ended.append(name)
            if name == "expire":
                assert served
                assert before[ACCEPT_BY] <= change.at
    assert len(ended) <= 1 or ended[1:] == ["cancel"]  # a confirmed order can be cancelled
    assert len(table.order["history"]) == table.entries + len(ended)
