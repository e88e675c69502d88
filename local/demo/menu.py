"""The demo restaurants' menu: lists dishes, and signs what a basket of them costs.

GET  /menu              all restaurants with their dishes, as JSON
GET  /menu/rest-42      one of them
POST /quotes            a basket, and an identity token as `Authorization`: answered with the
                        prices and the quote, which holds for a quarter of an hour

Who calls is read from the token and not verified, for whoever uses a quote must be the one that it
is for, and that the API verifies. A menu of yours verifies the token: it is its own caller's.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from local.demo import dishes
from local.demo.people import subject_of
from local.serving import Handler, serving

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager

    from local.demo.menu_key import MenuKey

HOLDS_SECONDS = 900
"""How long a quote holds."""

_MOST_BYTES = 64 * 1024
_SECONDS = 30
_SIGN_IN = (
    "Send a customer's identity token as the header Authorization: `make token` prints one, and "
    "customer_token in .local/endpoints.json is one"
)
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}
_PATHS = "Ask GET /menu, GET /menu/RESTAURANT or POST /quotes"


class Refused(Exception):
    """A request is not answered with what it asks for."""

    def __init__(self, status: int, detail: str) -> None:
        """Say so with a status of HTTP, and say what would help."""
        super().__init__(detail)
        self.status = status
        self.detail = detail


def menu(
    port: int, key: MenuKey, stage: str, origins: Collection[str] = ()
) -> AbstractContextManager[str]:
    """Serve the menu for as long as the context lasts; gives its address.

    Args:
        port: where to listen on 127.0.0.1; any other when it is taken, or 0.
        key: signs.
        stage: whose orders the quotes are for.
        origins: of the stage, whose pages may ask, too.
    """
    given = {"key": key, "stage": stage, "origins": origins}
    return serving(type("Handler", (_Handler,), given), port)


def listed(restaurant_id: str) -> dict[str, Any]:
    """Show a restaurant's dishes.

    Raises:
        CannotPrice: when there is no such restaurant.
    """
    found = dishes.restaurant_of(restaurant_id)
    return {
        "restaurantId": restaurant_id,
        "name": found.name,
        "currency": found.currency,
        "dishes": [
            {
                "itemId": item_id,
                "name": dish.name,
                "unitPrice": dish.price,
                "options": [{"name": name, "price": price} for name, price in dish.options.items()],
            }
            for item_id, dish in found.dishes.items()
        ],
        "deliveryFees": {f"{found.country} {found.near}…": found.fee_near, "else": found.fee_far},
    }


def quoted(body: bytes, token: str, key: MenuKey, stage: str) -> dict[str, Any]:
    """Price a basket and sign what it costs.

    Args:
        body: the basket as JSON.
        token: an identity token of whoever will order.
        key: signs.
        stage: whose orders the quote is for.

    Raises:
        Refused: when that cannot be.
    """
    try:
        basket = msgspec.json.decode(body, type=dishes.Basket)
        priced = dishes.price(basket)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Refused(400, f"It is no basket: {fault}. An order of the API is one") from None
    except dishes.CannotPrice as fault:
        raise Refused(422, str(fault)) from None
    now = int(time.time())
    ends = now + HOLDS_SECONDS
    claims = {
        "iss": "menu",
        "aud": f"food-delivery-orders/{stage}",
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": ends,
        "sub": _customer(token),
        "restaurantId": basket.restaurant_id,
        "currency": priced.currency,
        "items": priced.digest,
        "subtotal": priced.subtotal,
        "deliveryFee": priced.delivery_fee,
        "area": priced.area,
    }
    return {
        "quote": key.sign(claims),
        "currency": priced.currency,
        "items": priced.items,
        "subtotal": priced.subtotal,
        "deliveryFee": priced.delivery_fee,
        "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)),
    }


def _customer(token: str) -> str:
    try:
        return subject_of(token.removeprefix("Bearer "))
    except (ValueError, LookupError, TypeError):
        raise Refused(401, _SIGN_IN) from None


class _Handler(Handler):
    """Answers one connection, with JSON."""

    key: MenuKey
    stage: str
    timeout = _SECONDS

    def _answer(self) -> None:
        try:
            self._send(200, self._get() if self.command == "GET" else self._post())
        except Refused as refused:
            self._send(refused.status, {"status": refused.status, "detail": refused.detail})

    do_GET = do_POST = _answer  # noqa: N815 - the base class's names

    def do_OPTIONS(self) -> None:  # noqa: N802 - the base class's name
        """Say to a page of the stage's what it may ask."""
        self.send(204, _PREFLIGHT, b"")

    def _get(self) -> dict[str, Any]:
        first, _, restaurant = urlsplit(self.path).path.strip("/").partition("/")
        if first != "menu":
            raise Refused(404, _PATHS)
        try:
            chosen = [unquote(restaurant)] if restaurant else list(dishes.RESTAURANTS)
            found = [listed(one) for one in chosen]
        except dishes.CannotPrice as fault:
            raise Refused(404, str(fault)) from None
        return found[0] if restaurant else {"restaurants": found}

    def _post(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.close_connection = True  # what is left of the request is not read
            raise Refused(400, f"Send the length of the body, {_MOST_BYTES} bytes at most")
        body = self.rfile.read(int(length))
        if urlsplit(self.path).path != "/quotes":
            raise Refused(404, _PATHS)
        return quoted(body, self.headers.get("Authorization", ""), self.key, self.stage)

    def _send(self, status: int, said: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        text = json.dumps(said, indent=2, ensure_ascii=False) + "\n"
        self.send(status, headers, text.encode())
