"""Who serves which restaurant: one snapshot that all functions which place orders start with.

    look ─► ask ─► write, if the bytes are those that were read ─► renew create_order ─► orders
                          └► somebody wrote meanwhile: read and write again

A restaurant's orders go to who serves it when they are placed. So a process that started with the
old snapshot is replaced before the orders that wait are moved (ops/partners/served_orders.py). Each
step can be repeated: an interrupted command is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.live import function_variables
from ops.live.function_variables import ChangedMeanwhileError
from ops.reach.errors import OperatorError, Overtaken
from ops.turns import changed, turn
from orders.domain.serving.servers import BINDABLE, Bound
from orders.partners import packed, unpacked
from orders.store import RESTAURANTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.reach.target import Target

STAFF = "staff"
"""What `--to` says for the restaurant's own staff; no partner has this id."""

PLACING = "create_order"
"""The function that stamps who serves an order."""

FINGERPRINT = "RESTAURANTS_FINGERPRINT"
"""Its variable that changes with the snapshot, so that its processes are replaced."""

_TRIES = 5
_KEY = {"apiKeyId": {"S": RESTAURANTS}}
_MARK = "mark"
_REFUSED = "ConditionalCheckFailedException"


class Snapshot(NamedTuple):
    """Who serves which restaurant, and the bytes that say so; None where nothing is stored."""

    restaurants: Mapping[str, Bound]
    stored: bytes | None
    mark: str = ""
    """Which writing it was: one that says again what an earlier one said is another."""


def can_be_bound(restaurant_id: str) -> bool:
    """Tell whether a restaurant's id can stand in an address as it is."""
    return re.fullmatch(BINDABLE, restaurant_id) is not None


def read(target: Target) -> Snapshot:
    """Read who serves which restaurant, strongly consistent.

    Raises:
        OperatorError: when what is stored cannot be read.
    """
    found = target.client("dynamodb").get_item(
        TableName=target.output(outputs.PARTNERS_TABLE), Key=_KEY, ConsistentRead=True
    )
    if "Item" not in found:
        return Snapshot({}, None)
    stored = bytes(found["Item"].get("restaurants", {}).get("B", b""))
    mark = str(found["Item"].get(_MARK, {}).get("S", ""))
    try:
        return Snapshot(unpacked(stored), stored, mark)
    except ValueError:
        raise OperatorError(
            "Who serves which restaurant is stored in a form that cannot be read, and no order is "
            f"taken. Put the item {RESTAURANTS} of the table Partners back from a recovery: "
            "docs/operations.md, Restaurants."
        ) from None


@contextlib.contextmanager
def changing(target: Target, restaurant_id: str) -> Iterator[Target]:
    """Let no two operators move a restaurant's orders at a time: each would take them back.

    Raises:
        Overtaken: when somebody else does.
    """
    with turn(target, f"restaurant:{restaurant_id}", f"who serves {restaurant_id}") as held:
        yield held


def change(
    target: Target, restaurant_id: str, shown: Bound | None, wanted: Bound | None
) -> Snapshot:
    """Have somebody else serve a restaurant, or nobody.

    Args:
        target: the deployment.
        restaurant_id: which restaurant.
        shown: who served it when the operator looked; None for nobody.
        wanted: who is to serve it; None for nobody.

    Returns:
        The snapshot as it is then.

    Raises:
        Overtaken: when somebody else serves it by now, or others kept writing.
    """
    for _ in range(_TRIES):
        now = read(target)
        served = now.restaurants.get(restaurant_id)
        if served == wanted:
            return now
        if served != shown:
            what, look = f"who serves {restaurant_id}", "orders restaurants ls"
            raise changed(what, f"it is {in_words(served)} now", look)
        others = {name: bound for name, bound in now.restaurants.items() if name != restaurant_id}
        snapshot = _snapshot(others if wanted is None else {**others, restaurant_id: wanted})
        if _written(target, now, snapshot):
            return snapshot
    raise _kept_changing()


def _snapshot(restaurants: Mapping[str, Bound]) -> Snapshot:
    """Make one to be written, which is told from each that was before."""
    return Snapshot(restaurants, packed(dict(restaurants)), os.urandom(8).hex())


def _kept_changing() -> Overtaken:
    return Overtaken(
        "Other operators kept changing who serves restaurants. Nothing was written. Repeat the "
        "command."
    )


def _written(target: Target, before: Snapshot, snapshot: Snapshot) -> bool:
    """Write a snapshot in place of another; False when that is no longer the one stored."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(restaurants)"}
    if before.stored is not None:
        values = {":before": {"B": before.stored}}
        condition = {
            "ConditionExpression": "restaurants = :before",
            "ExpressionAttributeValues": values,
        }
    try:
        target.client("dynamodb").put_item(
            TableName=target.output(outputs.PARTNERS_TABLE),
            Item={**_KEY, "restaurants": {"B": snapshot.stored}, _MARK: {"S": snapshot.mark}},
            **condition,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != _REFUSED:
            raise
        return False
    return True


def renew(target: Target, snapshot: Snapshot) -> None:
    """Have every further order placed by a process that started with the snapshot.

    Raises:
        Overtaken: when the function is being changed by others at this moment.
        OperatorError: when callers meet something else than was deployed last.
    """
    # Not of the bytes alone: a process may have started with what was between two equal ones.
    written = snapshot.mark.encode() + (snapshot.stored or b"")
    fingerprint = hashlib.sha256(written).hexdigest()[:16]
    for _ in range(_TRIES):
        found = function_variables.found_in(target, PLACING)
        if function_variables.variables_of(found.called).get(FINGERPRINT) == fingerprint:
            return
        try:
            client = target.client("lambda")
            function_variables.change(client, found, FINGERPRINT, fingerprint)
        except ChangedMeanwhileError:
            continue
        except OperatorError as error:
            raise OperatorError(f"It is written who serves the restaurant. {error}") from None
        return
    raise Overtaken(
        f"It is written who serves the restaurant, but {PLACING} is being changed by somebody "
        "else, a deployment perhaps, and still uses what was before. Repeat the command."
    )


def served_by(snapshot: Snapshot, partner_id: str) -> list[str]:
    """Name the restaurants that a partner serves."""
    return sorted(
        name for name, bound in snapshot.restaurants.items() if bound.server == partner_id
    )


def refuse_removal(target: Target, partner_id: str) -> None:
    """Keep a partner that serves restaurants from being removed: their orders would reach nobody.

    Raises:
        OperatorError: when it serves some.
    """
    served = served_by(read(target), partner_id)
    if served:
        raise OperatorError(
            f"{partner_id} serves {', '.join(served)}, whose orders would reach nobody. First say "
            "who serves them (`orders restaurants bind`), or that nobody does: "
            f"orders restaurants unbind {served[0]}"
        )


def forget(target: Target, partner_id: str) -> None:
    """Take a partner that is removed from those whose orders reach restaurants.

    Another partner of that id, later, means other restaurants by their ids. Nothing is renewed: who
    has no key any more places no order.

    Raises:
        Overtaken: when others kept writing.
    """
    for _ in range(_TRIES):
        now = read(target)
        left = {
            name: bound._replace(placers=tuple(p for p in bound.placers if p != partner_id))
            for name, bound in now.restaurants.items()
        }
        if left == now.restaurants or _written(target, now, _snapshot(left)):
            return
    raise _kept_changing()


def placers_of(partners: Iterable[str]) -> tuple[str, ...]:
    """Write down which partners may place orders at a restaurant: each once, always alike."""
    return tuple(sorted(set(partners)))


def in_words(bound: Bound | None) -> str:
    """Say who serves a restaurant."""
    return "nobody" if bound is None else bound.server or "its staff"
