"""The order as callers send, change and read it.

Each struct is the one home of its fields: API Gateway's models, the check inside the functions and
the API's documentation are made from it. Names travel in camel case.

    OrderContents                  what an order consists of
      ├── NewOrder                 what a customer places: with a price quote
      ├── NewPartnerOrder          what a partner places
      └── Order                    what a caller reads: the contents and what the service adds
    ContentsPatch                  what of it changes (JSON Merge Patch, RFC 7396)
      ├── OrderPatch               by a customer: with a price quote
      └── PartnerOrderPatch        by a partner
    ServedOrderPatch               what the restaurant changes


Annotations are types here and not texts, which a start would have to compile: orders.named_tuple.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from orders.domain.iso import COUNTRIES, CURRENCIES
from orders.domain.lifecycle import Role, Status
from orders.domain.reasons import GIVEN, REASONS

if TYPE_CHECKING:
    Country: TypeAlias = str
    Currency: TypeAlias = str
    GivenReasonCode: TypeAlias = str
    ReasonCode: TypeAlias = str
else:
    Country = Literal[COUNTRIES]
    Currency = Literal[CURRENCIES]
    GivenReasonCode = Literal[GIVEN]
    ReasonCode = Literal[REASONS]

Item = dict[str, Any]
"""An order as it is stored."""

MAX_AMOUNT = 999_999_999
"""The largest single amount, in minor units; the largest total then stays below 2**53, which every
JSON client reads exactly."""

_CONTROLS = r"\x00-\x1f\x7f"
_END = r"(?![\s\S])"  # Python's $ also matches before a final newline; this one is the end
_LINE = rf"[^{_CONTROLS}]*[^ {_CONTROLS}][^{_CONTROLS}]*"

E164 = rf"^\+[1-9][0-9]{{6,14}}{_END}"
FREE_TEXT = rf"^(?:[^{_CONTROLS}]|[\t\n\r])*{_END}"
SINGLE_LINE = rf"^{_LINE}{_END}"
LINE_OR_NOTHING = rf"^(?:{_LINE})?{_END}"

REFERENCE = rf"^[\x21-\x7e]{{1,64}}{_END}"

PATTERNS = {
    E164: "an E.164 phone number, such as +14155550123",
    FREE_TEXT: "text without control characters",
    SINGLE_LINE: "one line of text, not blank and without control characters",
    LINE_OR_NOTHING: "one line of text, or nothing; not blank and without control characters",
    REFERENCE: "1 to 64 visible ASCII characters",
}
"""What each pattern asks for, in words for whoever breaks it.

Of characters beyond ASCII they say nothing: `orders.domain.characters` does, where there are any.
"""

MULTILINE = frozenset({"note", "text"})
"""The fields that may have several lines, or print nothing."""

Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Minor units, such as cents.")]
Identifier = Annotated[str, Meta(min_length=1, max_length=128, pattern=SINGLE_LINE)]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=SINGLE_LINE)]
Note = Annotated[str, Meta(max_length=500, pattern=FREE_TEXT)]
Phone = Annotated[str, Meta(pattern=E164, description="E.164")]
PostalCode = Annotated[str, Meta(max_length=20, pattern=LINE_OR_NOTHING)]
ReasonText = Annotated[str, Meta(max_length=200, pattern=FREE_TEXT)]
Reference = Annotated[
    str, Meta(pattern=REFERENCE, description="Your own order number; it need not be unique.")
]
Quote = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2_048,
        pattern=SINGLE_LINE,
        description="A price quote that the menu has signed. It is checked, and never shown again.",
    ),
]
Quantity = Annotated[int, Meta(ge=1, le=99)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
UtcTime = Annotated[datetime, Meta(tz=True, description="RFC 3339, in UTC.")]


class _Body(Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What all parts of a body share: camel case, and no field that is not named here."""


class Option(_Body, kw_only=True):
    """An extra that is chosen for a line item; its price counts once for each unit."""

    name: Line
    price: Amount


class LineItem(_Body, kw_only=True):
    """One dish of an order."""

    item_id: Identifier
    name: Line
    quantity: Quantity
    unit_price: Amount
    options: Annotated[list[Option], Meta(max_length=20)] = []
    note: Note | UnsetType = UNSET


class Address(_Body, kw_only=True):
    """Where an order is delivered."""

    line1: Line
    line2: Line | UnsetType = UNSET
    city: Line
    region: Line | UnsetType = UNSET
    postal_code: PostalCode | UnsetType = UNSET
    country: Country
    latitude: Latitude | UnsetType = UNSET
    longitude: Longitude | UnsetType = UNSET


LineItems = Annotated[list[LineItem], Meta(min_length=1, max_length=50)]


class OrderContents(_Body, kw_only=True):
    """What an order consists of, whoever places it."""

    restaurant_id: Identifier
    currency: Currency
    items: LineItems
    delivery_fee: Amount
    tip: Amount
    delivery_address: Address
    contact_phone: Phone
    note: Note | UnsetType = UNSET
    scheduled_for: UtcTime | UnsetType = UNSET


class NewOrder(OrderContents, kw_only=True):
    """An order as a customer places it."""

    quote: Quote | UnsetType = UNSET


class NewPartnerOrder(OrderContents, kw_only=True):
    """An order as a partner places it for one of its own customers."""

    customer_id: Identifier
    reference: Reference | UnsetType = UNSET


class AddressPatch(_Body, kw_only=True):
    """The parts of an address to change; null takes an optional part away."""

    line1: Line | UnsetType = UNSET
    line2: Line | UnsetType | None = UNSET
    city: Line | UnsetType = UNSET
    region: Line | UnsetType | None = UNSET
    postal_code: PostalCode | UnsetType | None = UNSET
    country: Country | UnsetType = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET


class GivenReason(_Body, kw_only=True):
    """Why an order is rejected or cancelled, or failed; the text is for people."""

    code: GivenReasonCode
    text: ReasonText | UnsetType = UNSET


class _Move(_Body, kw_only=True):
    """A move to another status."""

    status: Status | UnsetType = UNSET
    reason: GivenReason | UnsetType = UNSET


class ServedOrderPatch(_Move, kw_only=True):
    """What the restaurant says of an order that it serves: where it stands, and why it ended.

    And when it will be ready: as it accepts it, or alone, where that has changed since.
    """

    ready_at: UtcTime | UnsetType = UNSET


class ContentsPatch(_Move, kw_only=True):
    """The parts of an order to change, and the status to move it to."""

    items: LineItems | UnsetType = UNSET
    delivery_address: AddressPatch | UnsetType = UNSET
    contact_phone: Phone | UnsetType = UNSET
    tip: Amount | UnsetType = UNSET
    scheduled_for: UtcTime | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET


class OrderPatch(ContentsPatch, kw_only=True):
    """The parts of an order that a customer may change."""

    quote: Quote | UnsetType = UNSET


class PartnerOrderPatch(ContentsPatch, kw_only=True):
    """The parts of an order that a partner may change: what it asks for the delivery, too."""

    delivery_fee: Amount | UnsetType = UNSET


class StatusChange(_Body, kw_only=True):
    """One entry of an order's history."""

    status: Status
    at: UtcTime
    by: Role
    operator: (
        Annotated[
            str, Meta(description="Which operator, by the `sub` of its token; for operators only.")
        ]
        | UnsetType
    ) = UNSET
    reason: ReasonCode | UnsetType = UNSET
    reason_text: ReasonText | UnsetType = UNSET


class Order(OrderContents, kw_only=True):
    """An order as its owner reads it: what the service adds is never taken from a caller."""

    order_id: str
    partner_id: str | UnsetType = UNSET
    reference: Reference | UnsetType = UNSET
    customer_id: str
    status: Status
    subtotal: int
    total: int
    created_at: UtcTime
    updated_at: UtcTime
    version: int
    accept_by: (
        Annotated[
            datetime,
            Meta(
                tz=True,
                description="Until when the restaurant can answer; then the order is REJECTED for "
                "`no-answer`. Only where a restaurant is asked.",
            ),
        ]
        | UnsetType
    ) = UNSET
    ready_at: (
        Annotated[
            datetime, Meta(tz=True, description="When the restaurant expects it to be ready.")
        ]
        | UnsetType
    ) = UNSET
    history: list[StatusChange]
    erased_at: (
        Annotated[datetime, Meta(tz=True, description="When its personal data was erased.")]
        | UnsetType
    ) = UNSET
