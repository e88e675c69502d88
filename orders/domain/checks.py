"""What no type says of an order: rules between fields and of characters, and the form kept.

Equal requests are equal once they are `normalize`d, however their texts and numbers were written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from orders.domain.iso import WITHOUT_POSTAL_CODES
from orders.domain.order import MULTILINE, Address, AddressPatch
from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orders.domain.order import ContentsPatch, OrderContents, ServedOrderPatch

_POINT = ("latitude", "longitude")
_DECIMALS = 7  # a centimetre: DynamoDB's numbers end at 1E-130, JSON's do not


class Fault(NamedTuple):
    """What is wrong with one field, named by its JSON Pointer (RFC 6901, as a fragment)."""

    pointer: str
    detail: str


def needs_postal_code(country: Any) -> bool:
    """Tell whether each address of a country has a postal code."""
    return country is not UNSET and country not in WITHOUT_POSTAL_CODES


def faults_between(address: Any, kind: type[Struct], pointer: str) -> Iterator[Fault]:
    """List what is wrong between an address's fields, each of which may be right by itself.

    Args:
        address: has the fields of an address; those that are missing are UNSET.
        kind: whether it is a whole address or changes one.
        pointer: where it stands.
    """
    if kind is Address:
        if address.postal_code in {UNSET, ""} and needs_postal_code(address.country):
            yield Fault(f"{pointer}/postalCode", f"Addresses in {address.country} have one")
    elif kind is AddressPatch and address.postal_code in {None, ""}:
        if address.country is UNSET:
            yield Fault(f"{pointer}/country", "Send the country that has no postal codes, too")
        elif needs_postal_code(address.country):
            yield Fault(f"{pointer}/postalCode", f"Addresses in {address.country} have one")
    for name, other in (_POINT, _POINT[::-1]):
        here, there = getattr(address, name), getattr(address, other)
        if there not in {UNSET, None} and here in {UNSET, None}:
            yield Fault(f"{pointer}/{name}", f"Send it together with {other}")
        elif there is None and here is UNSET:
            yield Fault(f"{pointer}/{name}", f"Take it away together with {other}")


def text_fault(name: str, text: str) -> str | None:
    """Say what is wrong with a text's characters beyond ASCII, if anything is.

    Args:
        name: of the field that it is of.
        text: what stands there.
    """
    if text.isascii():
        return None
    # Loaded by those bodies alone that have such a text.
    from orders.domain.characters import forbidden_in, prints, with_plain_line_ends

    several = name in MULTILINE
    if found := forbidden_in(with_plain_line_ends(text) if several else text):
        return f"Contains {found}, which is not taken"
    return None if several or prints(text) else "Must have something in it that can be seen"


def has_sound_texts(part: Struct) -> bool:
    """Tell whether no text of a body has a fault."""
    return all(text_fault(name, text) is None for _, name, text in _texts(part))


def normalize(body: OrderContents | ContentsPatch | ServedOrderPatch) -> None:
    """Give an order, or a change of one, the form that is kept."""
    address = getattr(body, "delivery_address", UNSET)
    if address is UNSET:
        return
    for name in _POINT:
        if isinstance(value := getattr(address, name), float):
            setattr(address, name, round(value, _DECIMALS) + 0.0)  # turns -0.0 into 0.0
    if address.postal_code == "":
        address.postal_code = UNSET if isinstance(address, Address) else None


def normalize_line_ends(body: Struct) -> None:
    r"""Write every line end in the texts that may have some as `\n`."""
    from orders.domain.characters import with_plain_line_ends  # as in text_fault

    for part, name, text in _texts(body):
        if name in MULTILINE:
            setattr(part, name, with_plain_line_ends(text))


def _texts(part: Any) -> Iterator[tuple[Struct, str, str]]:
    """Give each text of a body, with the part that has it and its name there."""
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, str):
            yield part, name, value
        elif isinstance(value, Struct):
            yield from _texts(value)
        elif isinstance(value, list):
            for element in value:
                if isinstance(element, Struct):
                    yield from _texts(element)
