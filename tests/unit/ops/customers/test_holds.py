"""A hold keeps a person's orders from being deleted; releasing it lets them go as before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.customers import holds
from ops.customers.people import fingerprint
from ops.reach.errors import OperatorError
from tests.shared.examples import order
from tests.unit.ops.account import at
from tests.unit.ops.customers.account import ME, OPERATOR, OTHER, Account, delivered


@pytest.fixture
def account() -> Account:
    """An account with three orders of mine, one of which is kept for ever, and one of another."""
    return stocked()


def stocked() -> Account:
    """Make that account."""
    made = Account()
    for number in range(2):
        made.add(delivered(order(), expiresAt=1_900_000_000 + number))
    made.add(delivered(order()))
    made.add(delivered(order(), OTHER, expiresAt=1_900_000_000))
    return made


def expiries(account: Account, name: str = "expiresAt", whose: str = ME) -> list[str]:
    """Give when somebody's orders are deleted."""
    theirs = [one for one in account.orders.values() if one["customerId"]["S"] == whose]
    return sorted(one[name]["N"] for one in theirs if name in one)


def test_no_order_on_hold_is_deleted(account: Account) -> None:
    """Those that would have been have no time to be deleted; all else of them stays."""
    versions = {key: one["version"] for key, one in account.orders.items()}
    assert holds.place(account.target, ME, "claim 4711") == 2
    assert expiries(account) == []
    assert expiries(account, whose=OTHER) == ["1900000000"]
    assert {key: one["version"] for key, one in account.orders.items()} == versions


def test_a_released_order_goes_when_it_would_have(account: Account) -> None:
    """To the second, also where that is over; what was kept for ever stays so."""
    before = dict(account.orders)
    holds.place(account.target, ME, "claim 4711")
    assert holds.release(account.target, ME) == 2
    assert account.orders == before
    assert holds.holds(account.target) == []


def test_a_hold_says_who_since_when_and_why(account: Account) -> None:
    """The list names the person, the reason and the operator; a second hold changes no word."""
    holds.place(account.target, ME, "claim 4711")
    account.add(delivered(order(), expiresAt=1_900_000_009))
    assert holds.place(account.target, ME, "another reason") == 1
    (found,) = holds.holds(account.target)
    assert found == holds.hold_of(account.target, ME)
    assert (found.customer_id, found.reason, found.by) == (ME, "claim 4711", OPERATOR)
    assert expiries(account) == []


def test_where_there_is_no_hold_none_is_released(account: Account) -> None:
    """A mistyped id is said to be one."""
    with pytest.raises(OperatorError, match="not on hold"):
        holds.release(account.target, OTHER)


def test_nobody_is_not_held(account: Account) -> None:
    """A hold on a mistyped id would keep nothing, and nobody would notice."""
    with pytest.raises(OperatorError, match="nobody"):
        holds.place(account.target, "acme#cust-1", "claim 4711")
    assert not account.tables["keys"]


def test_a_hold_does_not_bring_back_what_was_deleted(account: Account) -> None:
    """DynamoDB deletes an order between the look and the write: no stump is left of it."""

    def delete(_: int, operation: str) -> None:
        if operation == "update_item":
            account.orders.clear()

    account.before = delete
    assert holds.place(account.target, ME, "claim 4711") == 0
    assert account.orders == {}


class Killed(BaseException):
    """The process is gone."""


def _kill() -> None:
    raise Killed


@pytest.mark.parametrize("name", ["place", "release"])
def test_what_was_killed_is_finished_by_the_next(name: str) -> None:
    """Killed before any single call, and run again: it ends as if it never had been."""

    def run(account: Account) -> Any:
        if name == "place":
            return holds.place(account.target, ME, "claim 4711")
        return holds.release(account.target, ME)

    step = 0
    while True:
        step += 1
        account = stocked()
        if name == "release":
            holds.place(account.target, ME, "claim 4711")
        at(account, step, _kill)
        try:
            run(account)
        except Killed:
            run(account)
        else:
            break
        held = f"hold#{fingerprint(ME)}" in account.tables["keys"]
        assert held == (name == "place")
        assert len(expiries(account)) == (0 if held else 2)
        assert len(expiries(account, holds.ON_HOLD)) == (2 if held else 0)
    assert step > 3


def test_the_record_outlives_every_time_to_live(account: Account) -> None:
    """DynamoDB deletes no hold, however long it lasts."""
    holds.place(account.target, ME, "claim 4711")
    (record,) = account.tables["keys"].values()
    assert "expiresAt" not in json.dumps(record)
