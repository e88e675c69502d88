"""What a partner has asked for, day by day, against its plan's quota."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from ops.partners.keys import plans as plans_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.partners.accounts import Account
    from ops.reach.target import Target

LONGEST_DAYS = 90
"""Days that API Gateway remembers."""


class Day(NamedTuple):
    """What a partner has asked for on a day."""

    day: dt.date
    requests: int
    """With all its keys."""
    busiest: int
    """With the key that asked most: the quota is one for each key."""


class Usage(NamedTuple):
    """What a partner has asked for, day by day, and what each of its keys may."""

    days: list[Day]
    """Empty when API Gateway says nothing."""
    quota: int | None
    """None when there is no daily one."""

    @property
    def most(self) -> int:
        """What the busiest key of a day is measured by: the quota, or the busiest of all."""
        return self.quota or max((day.busiest for day in self.days), default=0) or 1


def usage(target: Target, account: Account, days: int) -> Usage:
    """Read what a partner's present keys have asked for in the last days, today (UTC) included."""
    last = dt.datetime.now(dt.UTC).date()
    first = last - dt.timedelta(days=days - 1)
    found = per_day(first, days, list(_records(target, account, first, last)))
    return Usage(found, quota_of(target, account.plan) if account.plan else None)


def _records(
    target: Target, account: Account, first: dt.date, last: dt.date
) -> Iterator[list[list[int]]]:
    ids, plans = {key.key_id for key in account.keys}, plans_of(target)
    pages = target.client("apigateway").get_paginator("get_usage")
    for key in account.keys:
        if key.plan:
            asked = {"usagePlanId": plans[key.plan], "keyId": key.key_id}
            days = {"startDate": first.isoformat(), "endDate": last.isoformat()}
            for page in pages.paginate(**asked, **days):
                found = page.get("items", {})
                yield from (found[key_id] for key_id in ids & set(found))


def per_day(first: dt.date, days: int, records: Sequence[Sequence[Sequence[int]]]) -> list[Day]:
    """Add up the keys' records: for each day from the first on, requests used and remaining."""
    if not records:
        return []
    used = [[record[n][0] if n < len(record) else 0 for record in records] for n in range(days)]
    return [
        Day(first + dt.timedelta(days=number), sum(day), max(day))
        for number, day in enumerate(used)
    ]


def quota_of(target: Target, plan: str) -> int | None:
    """Read how many requests a day a plan lets each key make; None when it has no daily quota."""
    plan_id = plans_of(target)[plan]
    quota = target.client("apigateway").get_usage_plan(usagePlanId=plan_id).get("quota") or {}
    return int(quota["limit"]) if quota.get("period") == "DAY" else None
