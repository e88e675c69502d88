"""Where data of people is, and until when: the one home of this table.

docs/security/personal-data.md is made from it; `orders customers export` and `erase` show it.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple


class Place(NamedTuple):
    """Somewhere that data of a person is, or may be."""

    where: str
    what: str
    days: int | None
    """After how many days it is gone by itself; None for never."""
    after_erasure: str
    """What becomes of it by an erasure; empty where it only waits to be gone."""


_IDS = "ids: of the person, of orders"

PLACES = (
    Place("orders, and their indexes", "all that an order holds", None, "overwritten"),
    Place("user pool", "e-mail address, password's hash, authenticator app", None, "deleted"),
    Place("stream of orders", "orders before and after each change", 1, ""),
    Place("waiting messages of the queues", "orders before and after a change", 14, ""),
    Place("dead letters", "orders before and after a change", 14, "deleted"),
    Place("dead letters of the pipe", "places in the stream", 14, ""),
    Place("Idempotency-Keys", "ids, hashes of requests", 3, ""),
    Place("copies for recovery", "tables at any second", 35, ""),
    Place("logs of functions and of the API", _IDS, 7, ""),
    Place("firewall's log, in stages that have one", "network addresses of what it blocked", 7, ""),
    Place("log of changes by the API", _IDS, 90, ""),
    Place("audit log", "SHA-256 of the person's id", 90, ""),
    Place("traces", _IDS, 30, ""),
    Place("queues of other teams at the topic", "orders before and after each change", None, ""),
    Place("one-shots of deadlines", "ids of orders that wait for an answer", 8, ""),
    Place("the person's own browser", "tokens, and an order of which no answer came", 1, ""),
    Place("partners' own systems", "what they placed or were told", None, ""),
    Place("files that operators made", "exports, purged dead letters", None, ""),
)
"""All places."""


class Remaining(NamedTuple):
    """What is left somewhere, and until when."""

    where: str
    what: str
    until: str
    """A day, or who must see to it."""


def remaining(now: dt.datetime | None = None) -> list[Remaining]:
    """List what an erasure leaves, which began or ended now."""
    return [_of(place, now) for place in PLACES if not place.after_erasure]


def everywhere(now: dt.datetime | None = None) -> list[Remaining]:
    """List all places with the day on which what is there today is gone."""
    return [_of(place, now) for place in PLACES]


def _of(place: Place, now: dt.datetime | None) -> Remaining:
    if place.days is None:
        until = "until it is erased" if place.after_erasure else "until its owner deletes it"
        return Remaining(place.where, place.what, until)
    day = (now or dt.datetime.now(dt.UTC)) + dt.timedelta(days=place.days)
    return Remaining(place.where, place.what, day.date().isoformat())
