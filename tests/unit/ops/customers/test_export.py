"""Whoever asks gets all that is held of them, and hears where else it is."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from ops.customers import export, remains
from ops.reach.errors import OperatorError
from tests.shared.examples import order
from tests.unit.ops.customers.account import ME, OTHER, Account, delivered


def test_a_person_gets_their_own_and_nobody_else_s() -> None:
    """Account, each order as the API shows it to them, and the other places; no technical field."""
    account = Account()
    mine = delivered(order(note="ring twice"), traceId="1-a", expiresAt=1_900_000_000)
    account.add(mine)
    account.add(delivered(order(note="another's"), OTHER))
    found = list(export.records(account.target, ME))
    kinds = [record["kind"] for record in found]
    assert kinds == ["person", "order", *["elsewhere"] * len(remains.PLACES)]
    assert found[0]["attributes"]["email"] == "a@example.com"
    shown = found[1]["order"]
    assert (shown["note"], shown["orderId"]) == ("ring twice", mine["orderId"])
    assert not {"traceId", "expiresAt", "changedBy"} & set(shown)
    assert "another's" not in json.dumps(found)


def test_a_partner_s_customer_gets_orders_alone() -> None:
    """There is no account of theirs, and their id is the one that the partner knows."""
    account = Account()
    account.add(delivered(order(), "acme#cust-1"))
    records = list(export.records(account.target, "acme#cust-1"))
    (only,) = [record["order"] for record in records if record["kind"] == "order"]
    assert only["customerId"] == "cust-1"
    assert not [record for record in records if record["kind"] == "person"]


def test_of_nobody_there_is_nothing() -> None:
    """A mistyped id is said to be one: an empty file would look like an answer."""
    with pytest.raises(OperatorError, match="nobody"):
        list(export.records(Account().target, "acme#cust-1"))


def test_each_place_has_a_day_or_an_owner() -> None:
    """What an erasure leaves is gone on a day, or it is said who must see to it."""
    now = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    left = {place.where: place.until for place in remains.remaining(now)}
    assert left["stream of orders"] == "2026-12-01"
    assert left["copies for recovery"] == "2027-01-04"
    assert left["partners' own systems"] == "until its owner deletes it"
    assert not {"dead letters", "user pool"} & set(left)
    assert set(left) < {place.where for place in remains.everywhere(now)}
