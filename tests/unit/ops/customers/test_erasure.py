"""A person is erased, whatever comes between, and however often it is begun."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ops.customers import erasure, holds, ledger, theirs
from ops.customers.people import fingerprint
from ops.customers.placeholders import is_overwritten
from ops.reach.errors import OperatorError, Overtaken
from tests.shared.examples import order
from tests.unit.ops.account import at
from tests.unit.ops.customers.account import ME, OTHER, Account, delivered, letter_of

MARK = "persons-own"
PARTNERS = "acme#cust-1"


def marked(customer_id: str = ME, **changes: Any) -> dict[str, Any]:
    """Make an order that has ended, with marks."""
    return delivered(order(note=MARK), customer_id, **changes)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with two orders of mine, one of another, and a dead letter of each."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    made = Account()
    for whose in (ME, ME, OTHER):
        item = marked(whose)
        made.add(item)
        made.bury("notifications", letter_of(item))
    made.bury("processing", "poison")
    return made


def erase(account: Account, customer_id: str = ME) -> erasure.Report:
    """Do what the command does after its question."""
    report = erasure.Report()
    with erasure.changing(account.target, customer_id) as held:
        erasure.erase(held, customer_id, report, lambda _: None)
    return report


def left_of(account: Account, customer_id: str = ME) -> str:
    """Give all that is kept of somebody's orders."""
    whose = {"S": customer_id}
    theirs = [one for one in account.orders.values() if one["customerId"] == whose]
    bodies = [m["Body"] for queue in account.queues.values() for m in queue]
    return json.dumps([theirs, [body for body in bodies if customer_id in body]])


def erased(account: Account, customer_id: str = ME) -> bool:
    """Tell whether nothing is left to be done."""
    entry = f"erased#{fingerprint(customer_id)}"
    gone = customer_id not in account.people and entry in account.tables["keys"]
    return gone and MARK not in left_of(account, customer_id)


def test_a_person_is_erased_and_nobody_else(account: Account) -> None:
    """Account, orders' texts and dead letters go; the others' stay to the last byte."""
    before = left_of(account, OTHER)
    report = erase(account)
    assert (report.orders, report.dead_letters, report.person, report.left) == (2, 2, "deleted", [])
    assert erased(account)
    assert left_of(account, OTHER) == before
    assert OTHER in account.people
    assert [m["Body"] for m in account.queues["dead-processing"]] == ["poison"]
    mine = [one for one in account.orders.values() if one["customerId"]["S"] == ME]
    assert {one["version"]["N"] for one in mine} == {"6"}
    assert {one["status"]["S"] for one in mine} == {"DELIVERED"}


def test_nobody_is_known_by_the_ledger(account: Account) -> None:
    """It holds a hash, and when DynamoDB deletes it: a day later than any copy could be of."""
    erase(account)
    (entry,) = (item for key, item in account.tables["keys"].items() if key.startswith("erased#"))
    assert ME not in json.dumps(entry)
    days = (int(entry["expiresAt"]["N"]) - time.time()) / 86_400
    assert 35 < days <= ledger.KEPT_DAYS == 36


def test_who_was_erased_can_be_erased_again(account: Account) -> None:
    """A second time nothing is written to any order; it is how a late token's order is caught."""
    erase(account)
    orders = dict(account.orders)
    report = erase(account)
    assert (report.orders, report.left, account.orders) == (0, [], orders)
    account.add(marked())
    assert erase(account).orders == 1
    assert erased(account)


def test_a_partner_s_customer_has_no_account(account: Account) -> None:
    """A partner's customer is erased by PARTNER#ID, and nobody of the user pool is asked for."""
    account.add(marked(PARTNERS))
    report = erase(account, PARTNERS)
    assert (report.orders, report.person) == (1, "none in the user pool")
    assert MARK not in left_of(account, PARTNERS)
    assert set(account.people) == {ME, OTHER}


@pytest.mark.parametrize("status", ["PLACED", "CONFIRMED", "PREPARING", "READY", "PICKED_UP"])
def test_an_order_under_way_keeps_its_address(account: Account, status: str) -> None:
    """Somebody is cooking or riding: nothing is changed until it has ended."""
    order_id = account.add(marked(status=status))
    before = dict(account.orders)
    with pytest.raises(OperatorError, match=f"Under way: {order_id}"):
        erase(account)
    assert account.orders == before
    assert account.people[ME]["Enabled"]
    assert not [key for key in account.tables["keys"] if key.startswith("erased#")]


def test_who_is_on_hold_is_not_erased(account: Account) -> None:
    """A legal hold comes first, also where it is placed after the question was answered."""
    holds.place(account.target, ME, "claim 4711")
    with pytest.raises(OperatorError, match="claim 4711"):
        erase(account)
    assert MARK in left_of(account)
    assert account.people[ME]["Enabled"]


def test_nobody_is_nobody(account: Account) -> None:
    """A mistyped id is said to be one, and leaves no entry in the ledger."""
    with pytest.raises(OperatorError, match="nobody"):
        erase(account, "acme#cust-2")
    assert not account.tables["keys"]


class Killed(BaseException):
    """The process is gone."""


def _kill() -> None:
    raise Killed


def test_an_erasure_that_was_killed_is_finished_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before any single call of AWS, and run again: it ends as if it never had been."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    step = done = 0
    while not done:
        step += 1
        account = Account()
        for _ in range(2):
            item = marked()
            account.add(item)
            account.bury("notifications", letter_of(item))
        at(account, step, _kill)
        try:
            erase(account)
            done = step
        except Killed:
            account.tables["partners"].clear()  # the turn of who was killed ends by itself
            for message in account.queues["dead-notifications"]:
                message["held"] = False  # and SQS gives back what it had in hand
            assert erase(account).left == []
        assert erased(account), step
    assert done > 20


def test_an_order_that_comes_meanwhile_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before whichever step it is placed, and ends: it is overwritten, or was refused at first."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    step, caught = 0, 0
    while True:
        step += 1
        account = Account()
        account.add(marked())
        at(account, step, lambda account=account: account.add(marked()))  # type: ignore[misc]
        report = erase(account)
        if len(account.orders) == 1:
            break
        if MARK in left_of(
            account
        ):  # it came after the last look: that is what a second run is for
            assert erase(account).orders == 1
        else:
            caught += report.orders == 2
        assert erased(account), step
    assert caught > 10


def test_an_order_placed_meanwhile_keeps_the_account(account: Account) -> None:
    """With a token of before somebody ordered: they stay shut out, and I am told to come back."""

    def place(_: int, operation: str) -> None:
        if operation == "admin_user_global_sign_out":
            account.add(marked(status="PLACED"))

    account.before = place
    report = erase(account)
    assert report.person == "shut out"
    assert any("placed meanwhile" in reason for reason in report.left)
    assert not account.people[ME]["Enabled"]
    assert account.signed_out == [ME]


def test_a_change_meanwhile_is_not_overwritten_unseen(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each order is bound to the version that was read: a later one is read again first."""
    tries: list[str] = []
    real = theirs.replace

    def later(target: Any, read: dict[str, Any], by: dict[str, Any]) -> bool:
        order_id = read["orderId"]["S"]
        if order_id not in tries:
            changed = {**read, "version": {"N": "9"}, "tip": {"N": "777"}}
            account.orders[order_id] = changed
        tries.append(order_id)
        return real(target, read, by)

    monkeypatch.setattr(erasure, "replace", later)
    assert erase(account).orders == 2
    mine = [one for one in account.orders.values() if one["customerId"]["S"] == ME]
    assert [(one["version"]["N"], one["tip"]["N"]) for one in mine] == [("10", "777")] * 2
    assert all(is_overwritten(one) for one in mine)


def test_an_order_that_goes_meanwhile_is_done(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB deletes it as its time is over: nothing is put in its place."""
    real = theirs.replace

    def gone(target: Any, read: dict[str, Any], by: dict[str, Any]) -> bool:
        account.orders.pop(read["orderId"]["S"], None)
        return real(target, read, by)

    monkeypatch.setattr(erasure, "replace", gone)
    assert erase(account).orders == 0
    assert {one["customerId"]["S"] for one in account.orders.values()} == {OTHER}


def test_dead_letters_in_another_s_hands_are_told(account: Account) -> None:
    """What somebody else looks at cannot be deleted: it is not finished, and I hear of it."""
    for message in account.queues["dead-notifications"]:
        message["held"] = True
    report = erase(account)
    assert any("looking at dead letters" in reason for reason in report.left)
    assert report.person == "shut out"


def test_two_operators_take_turns(account: Account) -> None:
    """Who erases a person while another does is told so, and has written nothing."""
    with erasure.changing(account.target, ME), pytest.raises(Overtaken):
        erase(account)
    assert MARK in left_of(account)
    assert ME not in json.dumps(account.tables["partners"])
