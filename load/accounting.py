"""After the load: every order that was acknowledged is there once, and nobody sees another's.

ledger (what was promised) ─┐
lists  (what each owner is shown, through the API) ─┴─► Accounting ─► lines, sound or not
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from load.shopper import owns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from load.ledger import Fault, Ledger, Owner

_SHOWN = 20
"""How many of each kind of fault are named."""


class Matched(NamedTuple):
    """Where the orders of keys are.

    Args:
        once: keys whose order is there once, and is the one that was promised.
        missing: keys whose promised order is not there.
        doubled: keys with more than one order.
    """

    once: list[str]
    missing: list[str]
    doubled: list[str]


def match(promised: Mapping[str, str], found: Mapping[str, Sequence[str]]) -> Matched:
    """Compare the order that was promised for each key with those that there are.

    Args:
        promised: the order's id by key.
        found: the ids of the orders that bear each key; the keys of others do not matter.
    """
    doubled = [key for key in promised if len(found.get(key, ())) > 1]
    once = [key for key, order_id in promised.items() if [*found.get(key, ())] == [order_id]]
    return Matched(once, [key for key in promised if key not in {*once, *doubled}], doubled)


@dataclass(frozen=True, kw_only=True)
class Accounting:
    """Where every order is."""

    placings: int
    acknowledged: int
    found_once: int
    silent: list[str]
    """Keys that were never acknowledged: there may be an order, and no harm is in it."""
    missing: list[str]
    doubled: list[str]
    lost_changes: list[str]
    strangers: list[str]
    faults: dict[Fault, list[str]]

    @property
    def sound(self) -> bool:
        """Whether nothing is lost, doubled, shown to strangers, or answered as it must not be."""
        wrong = (self.missing, self.doubled, self.lost_changes, self.strangers)
        return not any(wrong) and not self.faults

    def lines(self) -> list[str]:
        """Arrange it for reading."""
        counts = {
            "orders placed": self.placings,
            "  acknowledged": self.acknowledged,
            "  found exactly once": self.found_once,
            "  missing": len(self.missing),
            "  more than once for a key": len(self.doubled),
            "  never acknowledged": len(self.silent),
            "changes lost": len(self.lost_changes),
            "strangers' orders in lists": len(self.strangers),
        } | {f"faults: {kind}": len(details) for kind, details in self.faults.items()}
        return [f"{what:<38} {count:7}" for what, count in counts.items()] + [*self._named()]

    def _named(self) -> Iterable[str]:
        kinds = {
            "missing": self.missing,
            "doubled": self.doubled,
            "change lost": self.lost_changes,
            "stranger": self.strangers,
        } | {str(kind): details for kind, details in self.faults.items()}
        for kind, details in kinds.items():
            yield from (f"{kind}: {detail}" for detail in details[:_SHOWN])
            if len(details) > _SHOWN:
                yield f"{kind}: … and {len(details) - _SHOWN} more"

    def as_json(self) -> dict[str, Any]:
        """Give all of it for programs."""
        return {"sound": self.sound, **vars(self)}


def account(ledger: Ledger, lists: Mapping[Owner, Sequence[Mapping[str, Any]]]) -> Accounting:
    """Compare what was acknowledged with what each owner is shown.

    Args:
        ledger: what was asked and answered.
        lists: every order of the run that each owner's list shows, as the API shows it.
    """
    promised = {key: one.order_id for key, one in ledger.placings.items() if one.order_id}
    found: dict[str, list[str]] = {}
    for owner, orders in lists.items():
        for order in orders:
            if owns(owner, order):
                found.setdefault(order.get("note", ""), []).append(order["orderId"])
    matched = match(promised, found)
    # Two answers with different ids are two orders, wherever they are.
    answered_twice = [k for k, one in ledger.placings.items() if len(set(one.order_ids)) > 1]
    unpromised = [k for k in ledger.placings if k not in promised and len(found.get(k, ())) > 1]
    faults: dict[Fault, list[str]] = {}
    for kind, detail in ledger.faults:
        faults.setdefault(kind, []).append(detail)
    return Accounting(
        placings=len(ledger.placings),
        acknowledged=len(promised),
        found_once=len(matched.once),
        silent=[key for key in ledger.placings if key not in promised],
        missing=matched.missing,
        doubled=sorted({*matched.doubled, *answered_twice, *unpromised}),
        lost_changes=_lost_changes(ledger, lists),
        strangers=_strangers(lists),
        faults=faults,
    )


def _lost_changes(ledger: Ledger, lists: Mapping[Owner, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Name the acknowledged moves that no order's history has; missing orders are told apart."""
    histories = {
        order["orderId"]: [entry["status"] for entry in order["history"]]
        for orders in lists.values()
        for order in orders
    }
    return [
        f"{one.order_id} {status}"
        for one in ledger.placings.values()
        for status in one.statuses
        if one.order_id in histories and status not in histories[one.order_id]
    ]


def _strangers(lists: Mapping[Owner, Sequence[Mapping[str, Any]]]) -> list[str]:
    return [
        f"{owner.role} {owner.identity} is shown {order['orderId']}"
        for owner, orders in lists.items()
        for order in orders
        if not owns(owner, order)
    ]
