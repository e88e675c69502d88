"""The lifecycle of an order, as the design draws it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.lifecycle import EDITABLE, MOVES, Role, Status, statuses_after, statuses_before

HAPPY_PATH = ["PLACED", "CONFIRMED", "PREPARING", "READY", "PICKED_UP", "DELIVERED"]
ENDS = {"DELIVERED", "REJECTED", "CANCELLED", "FAILED"}
MOVES_OF_THE_DESIGN = {
    *pairwise(HAPPY_PATH),
    ("PLACED", "REJECTED"),
    ("PLACED", "CANCELLED"),
    ("CONFIRMED", "CANCELLED"),
    ("PREPARING", "CANCELLED"),
    ("PICKED_UP", "FAILED"),
}


def test_the_moves_are_those_of_the_design() -> None:
    """An order moves as the published lifecycle says, and in no other way."""
    moves = {(origin, target) for origin, targets in MOVES.items() for target in targets}
    assert moves == MOVES_OF_THE_DESIGN


def test_an_ended_order_stays_as_it_is() -> None:
    """A delivered, rejected, cancelled or failed order never changes again."""
    assert {status for status, moves in MOVES.items() if not moves} == ENDS


def test_customers_only_cancel_and_only_early() -> None:
    """A customer can cancel before the kitchen starts, and make no other move."""
    own = {(o, t) for o in Status for t in statuses_after(o, Role.CUSTOMER)}
    assert own == {("PLACED", "CANCELLED"), ("CONFIRMED", "CANCELLED")}


@pytest.mark.parametrize("role", [Role.PARTNER, Role.OPERATOR])
def test_partners_and_operators_can_make_every_move(role: Role) -> None:
    """Whoever runs the restaurant's side can take an order along every arrow."""
    moves = {(origin, target) for origin in Status for target in statuses_after(origin, role)}
    assert moves == MOVES_OF_THE_DESIGN


def test_the_service_itself_only_answers() -> None:
    """In the background a placed order is confirmed or rejected, and nothing else happens to it."""
    own = {(o, t) for o in Status for t in statuses_after(o, Role.SERVICE)}
    assert own == {("PLACED", "CONFIRMED"), ("PLACED", "REJECTED")}


def test_contents_change_only_while_placed() -> None:
    """Nobody edits the items of an order that a restaurant has confirmed."""
    assert {Status.PLACED} == EDITABLE


@given(st.sampled_from(Status), st.sampled_from(Status), st.sampled_from(Role))
def test_looking_back_and_ahead_agree(origin: Status, target: Status, role: Role) -> None:
    """What the API says one can do next is what it then allows."""
    assert (origin in statuses_before(target, role)) == (target in statuses_after(origin, role))


@given(st.lists(st.integers(0, 10), min_size=10, max_size=10))
def test_every_walk_ends(choices: list[int]) -> None:
    """However an order moves, after six moves at most it has come to an end."""
    status = Status.PLACED
    for choice in choices:
        ahead = statuses_after(status, Role.OPERATOR)
        if ahead:
            status = ahead[choice % len(ahead)]
    assert status in ENDS
