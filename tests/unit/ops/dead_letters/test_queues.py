"""Messages are taken in hand and given back, whatever SQS hands out."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ops.dead_letters.queues import Held
from tests.shared.dead_letters import Sampling


@pytest.mark.parametrize(
    ("answers", "waiting"),
    [
        ([["a", "b"], ["c"]], 3),
        ([["a"], [], ["b", "a"], ["c"]], 3),
        ([["a"], [], ["b", "c"]], 1),  # SQS has undercounted, and an empty answer ends it
    ],
)
def test_each_message_once(answers: list[list[str]], waiting: int) -> None:
    """Whatever SQS hands out, each message is given once, given back once, and there is an end."""
    sqs = Sampling(list(answers), waiting)
    held = Held(cast("Any", sqs), "u")
    given_out = [item["MessageId"] for item in held.messages()]
    held.give_back()
    assert len(given_out) == len(set(given_out))
    assert sorted(sqs.given_back) == sorted(given_out)
    if waiting == 3:
        assert sorted(given_out) == ["a", "b", "c"]
