"""Writes the tables of docs/security/personal-data.md: where data of people is, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.customers.placeholders import DROPPED, KEPT, OVERWRITTEN
from ops.customers.remains import PLACES
from project.checkout import ROOT
from project.markdown import table, with_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENT = ROOT / "docs/security/personal-data.md"


def blocks() -> dict[str, str]:
    """Give the tables by their names."""
    places = [
        (place.where, place.what, _kept(place.days), place.after_erasure or _left(place.days))
        for place in PLACES
    ]
    fields = [
        ("stays", _names(KEPT)),
        ("is written anew", _names(OVERWRITTEN)),
        ("goes, as does what is named nowhere", _names(DROPPED)),
    ]
    return {
        "places": table(["where", "what", "gone by itself", "when a person is erased"], places),
        "fields": table(["an erased order's", "fields"], fields),
    }


def _kept(days: int | None) -> str:
    if days is None:
        return "–"
    return "after a day" if days == 1 else f"after {days} days"


def _left(days: int | None) -> str:
    return "its owner's to delete" if days is None else "stays until then"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def rendered() -> str:
    """Make the document: what people wrote, with today's tables."""
    return with_blocks(DOCUMENT.read_text(), blocks())


def main() -> None:
    """Write the document's tables."""
    DOCUMENT.write_text(rendered())


if __name__ == "__main__":
    main()
