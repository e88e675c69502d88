"""Who was erased: kept longer than any copy that could be recovered, so that nobody comes back.

An entry is an item of the table IdempotencyKeys, which no request reads:

    erased#<SHA-256 of the customer's id>    erasedAt, expiresAt: KEPT_DAYS later

Should the table itself be lost, the audit log says the same for ninety days.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from ops import audit
from ops.customers.people import fingerprint
from orders.domain.ids import timestamp_of

if TYPE_CHECKING:
    from ops.reach.target import Target

KEPT_DAYS = 36
"""How long an entry is kept: a day longer than DynamoDB's point-in-time recovery reaches back."""

ERASE = "customers erase"
"""The command that erases, as the audit log has it after `orders`."""

PERSON = "person"
"""What the audit log calls the fingerprint of a customer's id."""


def enter(target: Target, customer_id: str) -> None:
    """Say that somebody is erased, as of now."""
    now = dt.datetime.now(dt.UTC)
    until = int((now + dt.timedelta(days=KEPT_DAYS)).timestamp())
    erased_at = timestamp_of(int(now.timestamp() * 1000))
    entry = {"erasedAt": {"S": erased_at}, "expiresAt": {"N": str(until)}}
    target.client("dynamodb").put_item(
        TableName=_table(target), Item={**_key(customer_id), **entry}
    )


def erased_at(target: Target, customer_id: str) -> str | None:
    """Say when somebody was erased last; None when the ledger does not know."""
    found = target.client("dynamodb").get_item(
        TableName=_table(target), Key=_key(customer_id), ConsistentRead=True
    )
    entry: dict[str, Any] = found.get("Item", {})
    return str(entry["erasedAt"]["S"]) if "erasedAt" in entry else None


class Erased:
    """Those who were erased, asked once for each."""

    def __init__(self, target: Target) -> None:
        """Ask nothing yet."""
        self._target = target
        self._known: dict[str, bool] = {}
        self._told: frozenset[str] | None = None

    def includes(self, customer_id: str) -> bool:
        """Tell whether somebody was erased, by the ledger or by the audit log."""
        if customer_id not in self._known:
            known = erased_at(self._target, customer_id) is not None
            self._known[customer_id] = known or fingerprint(customer_id) in self._audited()
        return self._known[customer_id]

    def _audited(self) -> frozenset[str]:
        if self._told is None:
            since = dt.datetime.now(dt.UTC) - dt.timedelta(days=KEPT_DAYS)
            acts = audit.commands(self._target, since)
            done = (a for a in acts if a.what == f"orders {ERASE}" and a.outcome == audit.DONE)
            self._told = frozenset(act.about.removeprefix(f"{PERSON}=") for act in done)
        return self._told


def _table(target: Target) -> str:
    return target.output(outputs.IDEMPOTENCY_TABLE)


def _key(customer_id: str) -> dict[str, Any]:
    return {"key": {"S": f"erased#{fingerprint(customer_id)}"}}
