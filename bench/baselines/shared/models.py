"""The order's models with pydantic: the rules of orders/domain/order.py."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from shared.codes import COUNTRIES, CURRENCIES

CONTROLS = r"\x00-\x1f\x7f-\x9f"
FREE_TEXT = rf"^(?:[^{CONTROLS}]|[\n\t])*$"
SINGLE_LINE = rf"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$"

Amount = Annotated[int, Field(ge=0, le=100_000_000, strict=True)]
Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=SINGLE_LINE)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=SINGLE_LINE)]
Note = Annotated[str, Field(max_length=500, pattern=FREE_TEXT)]


class Body(BaseModel):
    """Camel case outside, and no field that is not named here."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Option(Body):
    """An extra."""

    name: Line
    price: Amount


class LineItem(Body):
    """One dish."""

    item_id: Identifier
    name: Line
    quantity: Annotated[int, Field(ge=1, le=99, strict=True)]
    unit_price: Amount
    options: Annotated[list[Option], Field(max_length=20)] = []
    note: Note | None = None


class Address(Body):
    """Where an order is delivered."""

    line1: Line
    line2: Line | None = None
    city: Line
    region: Line | None = None
    postal_code: Annotated[str, Field(min_length=1, max_length=20, pattern=SINGLE_LINE)]
    country: Literal[COUNTRIES]
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None


class NewPartnerOrder(Body):
    """An order as a partner places it."""

    restaurant_id: Identifier
    customer_id: Identifier
    currency: Literal[CURRENCIES]
    items: Annotated[list[LineItem], Field(min_length=1, max_length=50)]
    delivery_fee: Amount
    tip: Amount
    delivery_address: Address
    contact_phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
    note: Note | None = None
    scheduled_for: datetime | None = None
