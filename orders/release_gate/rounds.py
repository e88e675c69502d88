"""The life of two orders of a shape: one placed by each version, and what the other makes of it.

What the new version stores is read, repeated, changed and ended by the old one, and the other way
round. That is what going back takes, and what the minutes take in which both run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.release_gate.asking import LIVE, NEW, SIDES, Answer, compare, other
from orders.release_gate.comparing import difference
from orders.release_gate.requests import changing, placing, reading
from orders.release_gate.shapes import subtotal_of, total_of

if TYPE_CHECKING:
    from orders.release_gate.asking import Versions
    from orders.release_gate.shapes import Shape

_REPLAYED = "idempotent-replayed"


class Life:
    """Two orders of one shape, by the version that has placed them."""

    def __init__(self, versions: Versions, shape: Shape, key: str) -> None:
        """Begin.

        Args:
            versions: which are asked.
            shape: what is ordered.
            key: begins the Idempotency-Keys; no other order has it.
        """
        self._versions = versions
        self._shape = shape
        self._key = key
        self._placed: dict[str, Answer] = {}
        self._last: dict[str, Answer] = {}
        """The last answer that changed each order."""

    def live(self) -> None:
        """Go through it.

        Raises:
            Refused: as soon as the new version is not as it must be.
        """
        for step in (self._place, self._repeat, self._read, self._change, self._move, self._end):
            self._versions.at = f"{self._key}: {step.__name__.strip('_')}"
            step()

    @property
    def orders(self) -> dict[str, str]:
        """When each of the two was placed, by its id."""
        bodies = (self._placed[side].body for side in SIDES)
        return {str(body["orderId"]): str(body["createdAt"]) for body in bodies}

    def _id(self, owner: str) -> str:
        return str(self._placed[owner].body["orderId"])

    def _place(self) -> None:
        for side in SIDES:
            asked = placing(self._shape.body, f"{self._key}-{side}")
            answer = self._versions.ask(side, asked, 201)
            check_order(answer, self._shape.body)
            self._placed[side] = self._last[side] = answer
        self._compare_forms(self._placed)

    def _repeat(self) -> None:
        """Send each order again, with its key, to the version that has not placed it."""
        repeated = {}
        for owner in SIDES:
            asked = placing(self._shape.body, f"{self._key}-{owner}")
            answer = self._versions.ask(other(owner), asked, 201)
            check_replayed(answer)
            same_order(self._placed[owner], answer)
            repeated[other(owner)] = answer
        self._compare_forms(repeated, crossed=True)

    def _read(self) -> None:
        """Let both read each order: they see the same, and the old one sees no difference."""
        seen: dict[str, Answer] = {}
        for owner in SIDES:
            answers = {side: self._read_by(side, owner) for side in SIDES}
            compare(answers[LIVE].whole, answers[NEW].whole, answers[NEW])
            last = self._last[owner]
            same_order(last, answers[last.side])
            seen[owner] = answers[LIVE]
        self._compare_forms(seen)

    def _read_by(self, side: str, owner: str) -> Answer:
        return self._versions.ask(side, reading(self._id(owner)), 200)

    def _change(self) -> None:
        """Let each version change the other's order, and repeat its own's change."""
        changed: dict[str, Answer] = {}
        for owner in SIDES:
            headers = {"If-Match": self._last[owner].headers.get("etag", "")}
            headers["Idempotency-Key"] = f"{self._key}-change"
            asked = changing(self._id(owner), self._shape.patch, headers)
            answer = self._versions.ask(other(owner), asked, 200)
            check_order(answer, self._shape.changed)
            changed[other(owner)] = self._last[owner] = answer
            again = self._versions.ask(owner, asked, 200)
            check_replayed(again)
            same_order(answer, again)
        self._compare_forms(changed, crossed=True)

    def _move(self) -> None:
        moved = {}
        for owner in SIDES:
            asked = changing(self._id(owner), {"status": "CONFIRMED"})
            moved[owner] = self._last[owner] = self._versions.ask(owner, asked, 200)
            check_status(moved[owner], "CONFIRMED")
        self._compare_forms(moved)

    def _end(self) -> None:
        """Let each version cancel the other's order, read it, and move it no more."""
        ended: dict[str, Answer] = {}
        reason = {"code": "other", "text": "Synthetic"}
        for owner in SIDES:
            asked = changing(self._id(owner), {"status": "CANCELLED", "reason": reason})
            ended[other(owner)] = self._last[owner] = self._versions.ask(other(owner), asked, 200)
            check_status(self._last[owner], "CANCELLED")
        self._compare_forms(ended, crossed=True)
        self._read()
        refused = {
            side: self._versions.ask(side, changing(self._id(side), {"status": "CONFIRMED"}), 409)
            for side in SIDES
        }
        self._compare_forms(refused)

    def _compare_forms(self, answers: dict[str, Answer], *, crossed: bool = False) -> None:
        """Compare what two orders have in common.

        Args:
            answers: by the version that has answered; or, where one version has seen both, by
                the version that has placed the order.
            crossed: whether each is about the other version's order.
        """
        forms = {
            side: answer.form(self._id(other(side) if crossed else side))
            for side, answer in answers.items()
        }
        compare(forms[LIVE], forms[NEW], answers[NEW])


def check_order(answer: Answer, contents: dict[str, Any]) -> None:
    """Go on only if an answer is the order that was sent, at what it costs.

    Raises:
        Refused: when it is not.
    """
    found = difference(contents, answer.body, "body")
    if found:
        raise answer.refuse(f"{found}, other than it was sent")
    for name, amount in (("subtotal", subtotal_of(contents)), ("total", total_of(contents))):
        if answer.body.get(name) != amount:
            raise answer.refuse(f"body/{name} is not {amount}, the sum of what was ordered")


def check_replayed(answer: Answer) -> None:
    """Go on only if an answer says that the request had been answered before.

    Raises:
        Refused: when it does not.
    """
    if answer.headers.get(_REPLAYED) != "true":
        raise answer.refuse(f"headers/{_REPLAYED} is missing, so the request counted twice")


def check_status(answer: Answer, status: str) -> None:
    """Go on only if an order has a status.

    Raises:
        Refused: when it has another.
    """
    if not isinstance(answer.body, dict) or answer.body.get("status") != status:
        raise answer.refuse(f"body/status is not {status}")


def same_order(first: Answer, again: Answer) -> None:
    """Go on only if an order is answered as it has been answered before.

    Where two versions answer, the live one says what must be there.

    Raises:
        Refused: when it is another, or looks otherwise.
    """
    before, after = (again, first) if again.side == LIVE else (first, again)
    found = difference(before.body, after.body, "body")
    if found:
        raise again.refuse(f"{found}, other than {first.who} has answered before")
