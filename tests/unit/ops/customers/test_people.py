"""Whose data it is: a customer of ours, or a partner's."""

from __future__ import annotations

import pytest

from ops.customers import people
from ops.reach.errors import OperatorError
from tests.unit.ops.customers.account import ME, OTHER, Account


@pytest.mark.parametrize(
    ("customer_id", "partner"),
    [(ME, None), ("acme-pos#cust-1", "acme-pos"), ("acme#a#b", "acme"), ('acme#"é', "acme")],
)
def test_an_id_says_whose_customer_it_is(customer_id: str, partner: str | None) -> None:
    """What stands before the first # is the partner; a customer of ours has a token's subject."""
    assert people.is_customer_id(customer_id)
    assert people.partner_of(customer_id) == partner


@pytest.mark.parametrize(
    "text", ["", "cust-1", "#cust-1", "acme#", f"{ME} ", ME.upper(), f'{ME}" or sub = "x', "Acme#1"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """Nothing but an id gets into what Cognito is asked."""
    assert not people.is_customer_id(text)


def test_a_person_is_found_with_what_is_known_of_them() -> None:
    """The user pool tells the address; it is not asked about a partner's customer."""
    account = Account()
    found = people.find(account.target, ME)
    assert found is not None
    assert found.attributes["email"] == "a@example.com"
    steps = account.steps
    assert people.find(account.target, "acme#cust-1") is None
    assert account.steps == steps


def test_a_person_is_found_by_the_address() -> None:
    """Support has the address alone; who shares one, or is not there, is said."""
    account = Account()
    assert people.by_address(account.target, "a@example.com").attributes["sub"] == ME
    with pytest.raises(OperatorError, match="PARTNER#ID"):
        people.by_address(account.target, "nobody@example.com")
    account.people[OTHER]["Attributes"] = account.people[ME]["Attributes"]
    with pytest.raises(OperatorError, match="Several"):
        people.by_address(account.target, "a@example.com")
