"""What a price quote costs: nothing at a start, and little more than a modular power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ceilings.measuring import count, task_of
from tests.shared.events import event
from tests.shared.examples import order
from tests.shared.menu import quotes

if TYPE_CHECKING:
    from tests.ceilings.measuring import Counts

ME = "customer-a"
MOST = 4_000
"""Instructions of a warm request with a quote, above those of one without. The power itself is
compiled code, which is not seen here: 0.23 ms with 2,048 bits."""


def task(*, quoted: bool) -> dict[str, Any]:
    """Give three orders of a customer, each with its quote or without."""
    made = task_of("create_order")
    mode = "required" if quoted else "checked"
    environment = {**made["environment"], "PRICE_QUOTES": mode, "PRICE_KEYS": quotes.price_keys()}
    body = {name: value for name, value in order().items() if name != "customerId"}
    if quoted:
        body["quote"] = quotes.quote(body, ME, environment["STAGE"])
    claims = {"token_use": "id", "sub": ME}
    events = [
        event(
            "POST", "/orders", body=body, claims=claims, headers={"Idempotency-Key": f"k{number}"}
        )
        for number in range(3)
    ]
    return {**made, "environment": environment, "events": events}


@pytest.fixture(scope="module")
def both(counts: Counts) -> tuple[dict[str, Any], dict[str, Any]]:
    """A function that places orders without, and with quotes."""
    without, with_ = (
        count(counts.asset, counts.interpreter, "create_order", task(quoted=quoted))
        for quoted in (False, True)
    )
    return without, with_


def test_a_start_knows_nothing_of_quotes(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Who sends none, and every start, loads no module for them."""
    for counted in both:
        assert not [name for name in counted["modules"] if name.startswith("orders.pricing")]
    assert both[0]["start"] == both[1]["start"]


def test_a_quote_costs_little(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A warm request with a quote executes a little more, and asks DynamoDB nothing more."""
    without, with_ = (counted["requests"]["warm"] for counted in both)
    more = sum(with_["instructions"].values()) - sum(without["instructions"].values())
    assert 0 < more <= MOST
    assert [call["call"] for call in with_["calls"]] == [call["call"] for call in without["calls"]]
