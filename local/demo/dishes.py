"""What the demo restaurants sell, and what a basket of it costs: the menu of this machine.

Amounts are in minor units of the restaurant's currency.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from local.demo.menu_key import base64url


class CannotPrice(ValueError):
    """A basket has no price; the message says why, and what would help."""


class Dish(NamedTuple):
    """A dish, and what can be had with it."""

    name: str
    price: int
    options: dict[str, int]


class Restaurant(NamedTuple):
    """A restaurant's dishes by their ids, and what it takes for coming."""

    dishes: dict[str, Dish]
    currency: str = "USD"
    country: str = "US"
    near: str = "941"
    """How postal codes near it begin."""
    fee_near: int = 299
    fee_far: int = 599

    def fee_to(self, country: str, postal_code: str) -> int:
        """Give the delivery fee.

        Raises:
            CannotPrice: when it does not come there.
        """
        if country != self.country:
            raise CannotPrice(f"It delivers in {self.country} only: deliveryAddress.country")
        return self.fee_near if postal_code.startswith(self.near) else self.fee_far


_CHEESE = {"extra cheese": 150}
RESTAURANTS = {
    "rest-1": Restaurant(
        {
            "pho": Dish("Pho bo", 1450, {"extra noodles": 200, "egg": 120}),
            "summer-rolls": Dish("Summer rolls", 690, {}),
        }
    ),
    "rest-2": Restaurant(
        {
            "burger": Dish("Burger", 1290, {**_CHEESE, "bacon": 180}),
            "fries": Dish("French fries", 450, {"mayonnaise": 50}),
        }
    ),
    "rest-3": Restaurant(
        {
            "masala-dosa": Dish("Masala dosa", 990, {"sambar": 0}),
            "lassi": Dish("Mango lassi", 520, {}),
        }
    ),
    "rest-42": Restaurant(
        {
            "margherita": Dish("Pizza Margherita", 1199, _CHEESE),
            "marinara": Dish("Pizza Marinara", 1049, _CHEESE),
            "tiramisu": Dish("Tiramisù", 650, {}),
        }
    ),
}


class NamedOption(Struct):
    """An option, as an order has it; its price is the menu's to say."""

    name: str


class Line(Struct, rename="camel"):
    """What is wanted of a dish."""

    item_id: str
    quantity: Annotated[int, Meta(ge=1, le=99)]
    options: list[str | NamedOption] = []
    note: str | None = None


class Place(Struct, rename="camel"):
    """Where it is to be delivered, as far as it matters to the price."""

    country: str
    postal_code: str = ""


class Basket(Struct, rename="camel"):
    """What somebody would like to order; an order is one, for other members are passed over."""

    restaurant_id: str
    items: Annotated[list[Line], Meta(min_length=1, max_length=50)]
    delivery_address: Place


class Priced(NamedTuple):
    """A basket with its prices."""

    currency: str
    items: list[dict[str, Any]]
    """As an order has them."""
    subtotal: int
    delivery_fee: int
    area: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the JSON of RFC 8785, of all that has a price."""
        lines = [{"options": [], **line} for line in self.items]
        for line in lines:
            line.pop("note", None)
        text = json.dumps(lines, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return base64url(hashlib.sha256(text.encode()).digest())


def restaurant_of(restaurant_id: str) -> Restaurant:
    """Find a restaurant.

    Raises:
        CannotPrice: which names those that there are.
    """
    if restaurant_id not in RESTAURANTS:
        known = ", ".join(RESTAURANTS)
        raise CannotPrice(f"There is no restaurant {restaurant_id!r} here; there are {known}")
    return RESTAURANTS[restaurant_id]


def price(basket: Basket) -> Priced:
    """Price a basket.

    Raises:
        CannotPrice: when the restaurant does not sell that, or does not come there.
    """
    restaurant = restaurant_of(basket.restaurant_id)
    items = [_line(restaurant, line) for line in basket.items]
    subtotal = sum(
        line["quantity"] * (line["unitPrice"] + sum(one["price"] for one in line["options"]))
        for line in items
    )
    place = basket.delivery_address
    fee = restaurant.fee_to(place.country, place.postal_code)
    area = " ".join(filter(None, (place.country, place.postal_code)))
    return Priced(restaurant.currency, items, subtotal, fee, area)


def _line(restaurant: Restaurant, line: Line) -> dict[str, Any]:
    dish = restaurant.dishes.get(line.item_id)
    if dish is None:
        known = ", ".join(restaurant.dishes)
        raise CannotPrice(f"There is no dish {line.item_id!r} there; there are {known}")
    names = [one if isinstance(one, str) else one.name for one in line.options]
    if unknown := [name for name in names if name not in dish.options]:
        known = ", ".join(dish.options) or "none"
        raise CannotPrice(f"{dish.name} has no option {unknown[0]!r}; there are: {known}")
    priced = {
        "itemId": line.item_id,
        "name": dish.name,
        "quantity": line.quantity,
        "unitPrice": dish.price,
        "options": [{"name": name, "price": dish.options[name]} for name in names],
    }
    return priced if line.note is None else {**priced, "note": line.note}
