"""Preconditions of a request (RFC 9110, section 13): the four headers, on every route.

    If-Match, or else If-Unmodified-Since       false ─► 412
    If-None-Match, or else If-Modified-Since    false ─► 304 where it is read, 412 else

An order's validators are its version, a strong entity tag, and the second of its last change. A
list and the place where orders are made have none: only `*` is true of them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from orders.http import MONTHS, etag
from orders.named_tuple import NamedTuple
from orders.problems import INVALID_PARAMETER, PRECONDITION_FAILED, STALE_VERSION, Problem

if TYPE_CHECKING:
    from orders.domain.order import Item
    from orders.http import Request

HEADERS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")

_IN_LOWER_CASE = frozenset(name.lower() for name in HEADERS)

MOST_TAGS = 20
"""DynamoDB compares with at most 100."""

_READING = {"GET", "HEAD"}
_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\uffff]*)"'
_DATES = (
    r"[A-Z][a-z]{2}, (?P<d>\d\d) (?P<m>[A-Z][a-z]{2}) (?P<y>\d{4}) (?P<t>\d\d:\d\d:\d\d) GMT",
    r"[A-Z][a-z]+day, (?P<d>\d\d)-(?P<m>[A-Z][a-z]{2})-(?P<y>\d\d) (?P<t>\d\d:\d\d:\d\d) GMT",
    r"[A-Z][a-z]{2} (?P<m>[A-Z][a-z]{2}) (?P<d>[ \d]\d) (?P<t>\d\d:\d\d:\d\d) (?P<y>\d{4})",
)
"""The three forms of a date in HTTP (RFC 9110, 5.6.7)."""


class Tags(NamedTuple):
    """A list of entity tags, or `*`."""

    any: bool
    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    def versions(self, *, weakly: bool) -> frozenset[int]:
        """Give the versions that are meant; tags of another form mean none."""
        tags = self.strong | self.weak if weakly else self.strong
        return frozenset(int(tag) for tag in tags if re.fullmatch(r"[1-9][0-9]{0,15}", tag))


class Conditions(NamedTuple):
    """What a caller wants to be true; times are whole seconds as ISO 8601."""

    match: Tags | None = None
    none_match: Tags | None = None
    unmodified_since: str | None = None
    modified_since: str | None = None

    @property
    def versions(self) -> frozenset[int] | None:
        """The versions of which one is changed, None for any; none where nothing may be."""
        if self.none_match is not None and self.none_match.any:
            return frozenset()
        if self.match is None or self.match.any:
            return None
        return self.match.versions(weakly=False)

    @property
    def others(self) -> frozenset[int]:
        """The versions that are not changed."""
        return frozenset() if self.none_match is None else self.none_match.versions(weakly=True)

    @property
    def last_change(self) -> str | None:
        """The last moment at which an order may have changed that is changed now."""
        return self.unmodified_since and f"{self.unmodified_since}.999Z"


_UNCONDITIONAL = Conditions()


def conditions_of(request: Request) -> Conditions:
    """Read the preconditions of a request.

    Raises:
        Problem: `invalid-parameter`, for entity tags of which none can be read; but what is only
            read is then read in full.
    """
    headers, reading = request.headers, request.route.method in _READING
    if _IN_LOWER_CASE.isdisjoint(headers):
        return _UNCONDITIONAL
    match = _tags(headers.get("if-match"), "If-Match")
    try:
        none_match = _tags(headers.get("if-none-match"), "If-None-Match")
    except Problem:
        if not reading:
            raise
        none_match = Tags(any=False)
    # A date of another form is no condition (RFC 9110, 13.1.3 and 13.1.4); a tag beats its date.
    unmodified = None if match else _second(headers.get("if-unmodified-since"))
    since = _second(headers.get("if-modified-since")) if reading and not none_match else None
    return Conditions(match, none_match, unmodified, since)


def is_known(conditions: Conditions, item: Item, *, reading: bool = True) -> bool:
    """Hold an order against the conditions; tell whether the caller knows it as it is.

    Raises:
        Problem: `stale-version` or `precondition-failed`.
    """
    version, changed = int(item["version"]), item["updatedAt"][:19]
    _check_match(conditions, version, changed)
    known, since = conditions.none_match, conditions.modified_since
    if known is not None and (known.any or version in known.versions(weakly=True)):
        if reading:
            return True
        detail = f"The order is at version {version}, which If-None-Match leaves out"
        raise Problem(PRECONDITION_FAILED, detail, headers={"ETag": etag(version)})
    return since is not None and changed <= since


def _check_match(conditions: Conditions, version: int, changed: str) -> None:
    match, headers = conditions.match, {"ETag": etag(version)}
    if match is not None and not match.any and version not in match.versions(weakly=False):
        if version in match.versions(weakly=True):
            # To read it again would give the same tag to whoever stands behind such a proxy.
            detail = f"If-Match takes strong tags alone: send {etag(version)}, without W/"
            raise Problem(PRECONDITION_FAILED, detail, pointer="If-Match", headers=headers)
        raise Problem(
            STALE_VERSION, f"The order is at version {version}; read it again", headers=headers
        )
    if conditions.unmodified_since is not None and changed > conditions.unmodified_since:
        detail = f"The order was changed at {changed}Z; read it again"
        raise Problem(STALE_VERSION, detail, headers=headers)


def is_known_collection(request: Request) -> bool:
    """Hold what has no validators against a request's conditions, as `is_known` does an order.

    Raises:
        Problem: `precondition-failed`, or `invalid-parameter`.
    """
    conditions = conditions_of(request)
    if conditions.match is not None and not conditions.match.any:
        detail = "There are no entity tags here: leave If-Match out, or send *"
        raise Problem(PRECONDITION_FAILED, detail, pointer="If-Match")
    if conditions.none_match is None or not conditions.none_match.any:
        return False
    if request.route.method in _READING:
        return True
    detail = "What orders are placed in is always there; Idempotency-Key keeps them from doubling"
    raise Problem(PRECONDITION_FAILED, detail, pointer="If-None-Match")


def _tags(text: str | None, header: str) -> Tags | None:
    if text is None:
        return None
    if text.strip(" \t") == "*":
        return Tags(any=True)
    listed = re.fullmatch(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*", text)
    tags = re.findall(_TAG, text) if listed else []
    if not tags or len(tags) > MOST_TAGS:
        detail = f"Must be an ETag that the order was answered with, in quotes; up to {MOST_TAGS}"
        raise Problem(INVALID_PARAMETER, detail, pointer=header)
    strong, weak = ({tag for mark, tag in tags if bool(mark) is weak} for weak in (False, True))
    return Tags(False, frozenset(strong), frozenset(weak))  # noqa: FBT003 - the type's first field


def _second(text: str | None) -> str | None:
    """Read a date of HTTP as ISO 8601 without a zone; None when it is no date."""
    for form in _DATES:
        if text and (found := re.fullmatch(form, text.strip(" \t"), re.ASCII)):
            return _iso(found["y"], found["m"], found["d"], found["t"])
    return None


def _iso(year: str, month: str, day: str, time: str) -> str | None:
    if len(year) == 2:
        century = datetime.now(UTC).year // 100 * 100
        of_now = century + int(year)
        # What seems to be more than fifty years ahead is the past (RFC 9110, 5.6.7).
        year = str(of_now - 100 if of_now > datetime.now(UTC).year + 50 else of_now)
    try:
        number = MONTHS.index(month) + 1
        leap = time.endswith(":60")
        whole = f"{year}-{number:02d}-{int(day):02d}T{time[:-2] + '59' if leap else time}"
        moment = datetime.fromisoformat(whole) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat()
