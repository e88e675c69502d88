"""One operator at a time: a turn, taken by one conditional write before anything is changed.

Parameter Store and API Gateway change things without a condition. So a command takes the turn,
looks whether all is still as it was shown, writes, and gives the turn back:

    look ─► ask ─► take ─► look again ─► write, write, … ─► give back
                     │          └► not as shown ┐
                     └► somebody has it ────────┴► Overtaken: nothing was written

The turn is an item of the table Partners, which no function takes for a partner: it names none.
A killed command cannot give it back, so a turn ends after LASTS. Each step renews it first: a
command that stood still for longer finds that the turn is another's, and stops.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import outputs
from ops.reach.errors import Overtaken
from ops.reach.interrupts import finish_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target

LASTS = dt.timedelta(minutes=5)
"""Longer than one call of AWS takes with all its tries (ops/reach/target.py): 4 min 15 s."""


@contextlib.contextmanager
def turn(target: Target, key: str, what: str) -> Iterator[Target]:
    """Let nobody else change something meanwhile.

    Args:
        target: whose it is.
        key: of what is changed: its turn is of this name.
        what: is changed, as people call it.

    Yields:
        The target to change it with: whoever asks it for a client has the turn.

    Raises:
        Overtaken: when somebody else has the turn; or, of a step, has it by now.
    """
    taken = _Turn(target, key, what)
    try:
        with finish_first():
            taken.take()
        yield replace(target, client=taken.client)
        taken.renew()  # whatever was written last was written in this turn
    finally:
        with finish_first():
            taken.give_back()


def changed(what: str, difference: str, look: str) -> Overtaken:
    """Say that something is no longer as it was shown.

    Args:
        what: is changed.
        difference: how, in words.
        look: the command that shows it.
    """
    return Overtaken(
        f"Another operator has changed {what} since you looked: {difference}. Nothing was "
        f"written. Look again (`{look}`), then repeat the command if it is still right."
    )


class _Turn:
    def __init__(self, target: Target, key: str, what: str) -> None:
        self._target, self._what = target, what
        self._table = target.output(outputs.PARTNERS_TABLE)
        self._key = {"apiKeyId": {"S": f"turn:{key}"}}
        self._me = {"S": uuid.uuid4().hex}
        self._mine = self._lost = False

    def take(self) -> None:
        """Take the turn that nobody has, or that has ended. A lost answer is asked for again."""
        self._mine = True  # perhaps; what fails without an answer may have been done
        free = "attribute_not_exists(holder) OR heldUntil < :now OR holder = :me"
        try:
            self._hold(free, {":now": {"N": _now()}})
        except ClientError as error:
            if not _refused(error):
                raise
            self._mine = False
            raise self._another_has_it(error.response) from None

    def client(self, service: str) -> Any:
        """Give a client for the next step, once the turn is renewed."""
        if not self._lost:  # whoever was told takes back what it has done
            self.renew()
        return self._target.client(service)

    def give_back(self) -> None:
        """Let others have the turn at once; where that fails, it ends by itself."""
        if not self._mine:
            return
        with contextlib.suppress(ClientError, BotoCoreError):
            self._target.client("dynamodb").delete_item(
                TableName=self._table,
                Key=self._key,
                ConditionExpression="holder = :me",
                ExpressionAttributeValues={":me": self._me},
            )

    def renew(self) -> None:
        """Have the turn last anew, if it still is this command's."""
        try:
            self._hold("holder = :me", {})
        except ClientError as error:
            if not _refused(error):
                raise
            self._mine, self._lost = False, True
            raise Overtaken(
                f"This command stood still for long, and another operator has changed {self._what} "
                "meanwhile. It may be done in part. Look at what is there, then repeat it."
            ) from None

    def _hold(self, condition: str, values: dict[str, Any]) -> None:
        self._target.client("dynamodb").update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET holder = :me, heldUntil = :until",
            ConditionExpression=condition,
            ExpressionAttributeValues={":me": self._me, ":until": {"N": _now(LASTS)}, **values},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def _another_has_it(self, answer: Any) -> Overtaken:
        ends = float(answer.get("Item", {}).get("heldUntil", {"N": _now(LASTS)})["N"])
        latest = dt.datetime.fromtimestamp(ends, dt.UTC)
        return Overtaken(
            f"Another operator is changing {self._what} at this moment. Nothing was written. Look "
            "again in a minute, then repeat the command if it is still right. If that other "
            f"command was killed, its turn ends at {latest:%H:%M:%S} UTC."
        )


def _now(later: dt.timedelta = dt.timedelta()) -> str:
    return f"{(dt.datetime.now(dt.UTC) + later).timestamp():.3f}"


def _refused(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
