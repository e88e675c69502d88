"""Who calls, from what API Gateway says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.callers import caller_of
from orders.domain.changes import Owner
from orders.domain.lifecycle import Role
from orders.partners import Directory
from orders.problems import Problem
from orders.routes import route_of
from orders.store import Unavailable

if TYPE_CHECKING:
    from tests.unit.conftest import NoStore

PEOPLE = route_of("GET", "/orders")


def person(**claims: str) -> dict[str, Any]:
    """Make the request context of a person's request."""
    return {"authorizer": {"claims": {"sub": "sub-1", "token_use": "id", **claims}}}


@pytest.mark.parametrize("groups", ["operators", "a,operators", "operators,b"])
def test_members_of_the_group_are_operators(groups: str) -> None:
    """Whoever is in the group is an operator, in other groups too or not."""
    caller = caller_of(person(**{"cognito:groups": groups}), PEOPLE)
    assert (caller.role, caller.owner) == (Role.OPERATOR, None)


@pytest.mark.parametrize(
    "groups",
    [
        "",
        "operator",
        "team/operators",
        "no+operators",
        "x:operators",
        "operators-eu",
        "[xoperators]",
        "[operators]",
        "[operators b]",
        "[b operators]",
    ],
)
def test_a_group_of_another_name_makes_no_operator(groups: str) -> None:
    """A group whose name only contains the word gives no power."""
    caller = caller_of(person(**{"cognito:groups": groups}), PEOPLE)
    assert (caller.role, caller.owner) == (Role.CUSTOMER, Owner("customerId", "sub-1"))


@pytest.mark.parametrize("claims", [{"token_use": "access"}, {"sub": ""}, {"token_use": ""}])
def test_a_token_that_does_not_say_who_is_refused(claims: dict[str, str]) -> None:
    """An access token, or one without a subject, is nobody's."""
    with pytest.raises(Problem) as caught:
        caller_of(person(**claims), PEOPLE)
    assert caught.value.kind.status == 401


def test_a_customers_route_takes_no_key() -> None:
    """On a customers' route an API key is nothing, even a partner's."""
    with pytest.raises(Problem):
        caller_of({"identity": {"apiKeyId": "key-of-acme"}, "authorizer": None}, PEOPLE)


@pytest.mark.parametrize("failure", [Unavailable("away"), RuntimeError("AccessDenied"), OSError()])
def test_a_function_starts_without_the_directory(
    no_store: NoStore, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """Whatever keeps the partners from being read at the start, each is read when it comes."""

    def fail() -> None:
        raise failure

    monkeypatch.setattr(no_store, "partners", fail)
    directory = Directory(no_store)
    directory.preload()
    assert directory.partner_of("key-of-acme") == "acme"


@pytest.mark.parametrize("entry", [{"apiKeyId": "k"}, {"apiKeyId": "k", "partnerId": "a#b"}])
def test_a_broken_entry_shuts_out_one_key_and_not_the_function(
    no_store: NoStore, monkeypatch: pytest.MonkeyPatch, entry: dict[str, str]
) -> None:
    """A partner without an id, or with one that could be another's, is refused; others are not."""
    good = {"apiKeyId": "good", "partnerId": "acme"}
    monkeypatch.setattr(no_store, "partners", lambda: [entry, good])
    monkeypatch.setattr(no_store, "partner_of", lambda _: entry)
    directory = Directory(no_store)
    directory.preload()
    assert directory.partner_of("good") == "acme"
    with pytest.raises(Problem):
        directory.partner_of("k")
