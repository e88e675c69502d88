"""Asks the demo menu what an order costs, and puts the signed answer into it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx

from ops.reach.errors import OperatorError

OF_PARTNERS = ("customerId", "reference")
"""What partners send of an order, and customers do not."""

_PRICED = ("currency", "items", "deliveryFee", "quote")
_SECONDS = 10.0


def with_quote(order: dict[str, Any], *, token: str, menu_url: str) -> dict[str, Any]:
    """Give an order as a customer sends it: at the menu's prices, and with its quote.

    Args:
        order: as the API takes it; its prices are not looked at.
        token: the customer's identity token.
        menu_url: where the demo menu is.

    Raises:
        OperatorError: with what the menu says, when it does not answer with a quote.
    """
    try:
        answer = httpx.post(
            f"{menu_url}quotes", json=order, headers={"Authorization": token}, timeout=_SECONDS
        )
    except httpx.HTTPError as error:
        raise OperatorError(
            f"The menu does not answer at {menu_url} ({type(error).__name__}). "
            "Start the local run again: make run"
        ) from None
    said = answer.json()
    if answer.status_code != HTTPStatus.OK:
        raise OperatorError(f"The menu gives no quote for this order: {said['detail']}.")
    own = {name: value for name, value in order.items() if name not in OF_PARTNERS}
    return own | {name: said[name] for name in _PRICED}
