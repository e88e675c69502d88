"""Partners: which of them an API key belongs to.

A key never changes its owner, so what was read once stays true; a key that is withdrawn is refused
by API Gateway before any function runs.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from orders.problems import UNKNOWN_CALLER, Problem
from orders.store import Store, store

if TYPE_CHECKING:
    from orders.domain.order import Item


class Directory:
    """The partners by API key id, as far as this process has met them."""

    def __init__(self, source: Store) -> None:
        """Start empty, on top of the Partners table."""
        self._source = source
        self._partners: dict[str, str] = {}

    def preload(self) -> None:
        """Read the table while the function starts: it also opens the connection to DynamoDB.

        A failure is no reason not to start: `partner_of` then reads what it needs.
        """
        try:
            known = self._source.partners()
        except Exception:  # noqa: BLE001 - a refused read is no reason not to start, either
            return
        self._partners.update(
            {entry["apiKeyId"]: entry["partnerId"] for entry in known if _sound(entry)}
        )

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
    return "#" not in (entry.get("partnerId") or "#")


@cache
def directory() -> Directory:
    """Open the directory once for this process."""
    return Directory(store())
