"""Who was erased does not come back with a recovered copy."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from ops import audit, restore
from ops.customers import ledger
from ops.customers.people import fingerprint
from ops.customers.placeholders import is_overwritten
from ops.restore import Copies, Report
from tests.shared.examples import order
from tests.shared.stream_records import typed
from tests.unit.ops.customers.account import ME, OTHER, Account, delivered

MARK = "persons-own"


class Recovered(Account):
    """An account whose orders are lost, beside a copy that still has all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.copy = [typed(delivered(order(note=MARK), whose)) for whose in (ME, OTHER, ME)]
        self.log: list[audit.Act] = []


def acts_of(customer_id: str, outcome: str) -> list[audit.Act]:
    """Give a line of the audit log about an erasure."""
    about = f"{ledger.PERSON}={fingerprint(customer_id)}"
    moment = dt.datetime.now(dt.UTC)
    return [audit.Act(moment, "me", "orders customers erase", about, outcome, "run")]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Recovered:
    """That account; its audit log is empty."""
    made = Recovered()
    monkeypatch.setattr(audit, "commands", lambda *_: made.log)
    monkeypatch.setattr(restore, "missing", lambda _: iter(made.copy))
    monkeypatch.setattr("ops.restore.time.sleep", lambda _: None)
    return made


def put_back(account: Recovered) -> Report:
    """Put all back that is lost."""
    client, key = account.client("dynamodb"), ("orderId", "timestamp")
    copies = Copies(client, "orders", "copy", key, ledger.Erased(account.target))
    report = Report("orders", "copy", len(account.copy))
    restore.put_back(copies, len(account.copy), report, lambda _: None, pause=0)
    return report


def of(account: Recovered, customer_id: str) -> list[dict[str, Any]]:
    """Give somebody's orders."""
    return [one for one in account.orders.values() if one["customerId"]["S"] == customer_id]


def test_a_restored_copy_has_placeholders_for_who_was_erased(account: Recovered) -> None:
    """Their orders come back for the books, without them; those of others come back whole."""
    ledger.enter(account.target, ME)
    report = put_back(account)
    assert (report.restored, report.overwritten) == (3, 2)
    assert all(is_overwritten(one) for one in of(account, ME))
    assert MARK not in json.dumps(of(account, ME))
    assert of(account, OTHER) == [account.copy[1]]


def test_where_the_ledger_is_lost_the_audit_log_knows(account: Recovered) -> None:
    """Both tables were lost at once: who was erased stays so all the same."""
    account.log = acts_of(ME, "done")
    assert put_back(account).overwritten == 2
    assert MARK not in json.dumps(of(account, ME))


@pytest.mark.parametrize("outcome", ["begun", "failed", "another was first"])
def test_who_was_not_erased_comes_back_whole(account: Recovered, outcome: str) -> None:
    """An erasure that was refused, for a hold perhaps, takes nothing from a copy."""
    account.log = acts_of(ME, outcome)
    assert put_back(account).overwritten == 0
    assert MARK in json.dumps(of(account, ME))


def test_a_copy_of_later_is_put_back_as_it_is(account: Recovered) -> None:
    """What the copy has with placeholders already gets no further version."""
    ledger.enter(account.target, ME)
    put_back(account)
    account.copy = [dict(one) for one in of(account, ME)]
    account.orders.clear()
    assert put_back(account).overwritten == 0
    assert of(account, ME) == account.copy


def test_each_person_is_asked_for_once(account: Recovered) -> None:
    """However many orders somebody has."""
    erased = ledger.Erased(account.target)
    for _ in range(5):
        assert not erased.includes(ME)
    assert account.steps == 1
