"""Partners: which of them an API key belongs to, and who serves which restaurant.

A key never changes its owner, so what was read once stays true; a key that is withdrawn is refused
by API Gateway before any function runs. Who serves a restaurant does change: whoever changes it has
the functions that place orders started anew (ops/restaurants).

The restaurants are one item of the table, so that they come with what is read at a start anyway.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import DecodeError
from msgspec.json import decode, encode

from orders.domain.serving.servers import Bound
from orders.problems import UNKNOWN_CALLER, Problem
from orders.store import RESTAURANTS, Store, Unavailable, store

if TYPE_CHECKING:
    from orders.domain.order import Item

    Restaurants = dict[str, Bound]


class Directory:
    """The partners by API key id, as far as this process has met them."""

    def __init__(self, source: Store) -> None:
        """Start empty, on top of the Partners table."""
        self._source = source
        self._partners: dict[str, str] = {}
        self._packed: bytes | None = None
        self._restaurants: Restaurants | None = None

    def preload(self) -> None:
        """Read the table while the function starts: it also opens the connection to DynamoDB.

        A failure is no reason not to start: `partner_of` then reads what it needs.
        """
        try:
            known, all_of_them = self._source.partners()
        except Exception:  # noqa: BLE001 - a refused read is no reason not to start, either
            return
        self._partners.update(
            {entry["apiKeyId"]: entry["partnerId"] for entry in known if _sound(entry)}
        )
        for entry in known:
            if entry["apiKeyId"] == RESTAURANTS:
                self._packed = entry.get("restaurants", b"")
                return
        if all_of_them:
            self._restaurants = {}

    def unpack(self) -> None:
        """Read the restaurants that came at the start; what is broken is told by who asks."""
        if self._packed is not None and self._restaurants is None:
            try:
                self._restaurants = unpacked(self._packed)
            except ValueError:
                self._packed = None

    def server_of(self, restaurant_id: str, placer: str | None) -> str | None:
        """Say who serves an order as it is placed, or None where nobody else does.

        Args:
            restaurant_id: as the order names it.
            placer: the partner that places it; None for a person.

        Raises:
            Unavailable: when it cannot be told: an order that reaches nobody is worse.
        """
        self.unpack()
        if self._restaurants is None:
            entry = self._source.restaurants()
            try:
                self._restaurants = {} if entry is None else unpacked(entry.get("restaurants", b""))
            except ValueError as broken:
                raise Unavailable(f"the directory of restaurants is broken: {broken}") from broken
        bound = self._restaurants.get(restaurant_id)
        return None if bound is None else bound.serves(restaurant_id, placer)

    def partner_of(self, api_key_id: str) -> str:
        """Name the partner that an API key belongs to.

        Raises:
            Problem: `unknown-caller`, when the key belongs to none.
        """
        partner = self._partners.get(api_key_id)
        if partner is None:
            entry = self._source.partner_of(api_key_id)
            if entry is None or not _sound(entry):
                raise Problem(UNKNOWN_CALLER, "This API key belongs to no partner")
            partner = self._partners[api_key_id] = entry["partnerId"]
        return partner


def _sound(entry: Item) -> bool:
    """Tell whether an entry names a partner; a `#` would blur whose customers are whose."""
    return "#" not in entry.get("apiKeyId", "") + (entry.get("partnerId") or "#")


def packed(restaurants: Restaurants) -> bytes:
    """Write a snapshot of who serves which restaurant, as the table keeps it."""
    from zlib import compress

    return compress(encode(dict(sorted(restaurants.items()))), 9)


def unpacked(snapshot: bytes) -> Restaurants:
    """Read a snapshot.

    Raises:
        ValueError: when it is none.
    """
    # Loaded by the function that places orders alone.
    from zlib import decompress, error

    try:
        # Not as Bound itself: msgspec would compile the texts of its annotations.
        found = decode(decompress(snapshot), type=dict[str, tuple[str, tuple[str, ...]]])
        return {name: Bound(*bound) for name, bound in found.items()}
    except (error, TypeError, DecodeError) as broken:
        raise ValueError(str(broken)) from broken


@cache
def directory() -> Directory:
    """Open the directory once for this process."""
    return Directory(store())
