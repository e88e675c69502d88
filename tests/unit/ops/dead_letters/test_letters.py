"""Dead letters are understood, whatever is in them."""

from __future__ import annotations

import json
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from ops.dead_letters.letters import QUEUES, Place, look, read
from ops.dead_letters.purge import line
from ops.reach.target import Target
from orders.deadlines import message_of
from project.text import plain
from tests.shared.dead_letters import Sampling, message, refused

PLACE = {
    "streamArn": "arn:stream",
    "shardId": "shard",
    "startSequenceNumber": "111",
    "endSequenceNumber": "112",
}


def change(**images: Any) -> dict[str, Any]:
    return {"eventID": "1", "eventName": "MODIFY", "dynamodb": images}


def test_worker_s_dead_letter() -> None:
    """A dead letter tells the order, its status and version after the change, and the reason."""
    image = {"orderId": {"S": "o-1"}, "version": {"N": "3"}, "status": {"S": "READY"}}
    old = {**image, "status": {"S": "PREPARING"}}
    body = change(OldImage=old, NewImage=image)
    letter = read(message(body, reason="WebhookRefused"), "processing")
    assert (letter.order_id, letter.status, letter.version) == ("o-1", "READY", "3")
    assert (letter.reason, letter.sent_at) == ("WebhookRefused", 1000.5)


def test_whom_a_dead_letter_is_for() -> None:
    """I see whose server to look at: who serves the order among restaurants' letters."""
    image = {"partnerId": {"S": "bella"}, "servedBy": {"S": "acme#rest-1"}}
    found = [
        read(message(change(NewImage=each)), queue).partner_id
        for queue in ("notifications", "restaurants")
        for each in (image, {"servedBy": {"S": "#rest-2"}}, {})
    ]
    assert found == ["bella", None, None, "acme", None, None]


def test_a_deadline_s_dead_letter() -> None:
    """A deadline that could not be worked on tells whose it is, and is found by the order's id."""
    order_id = "01a2056f-12d3-7a4f-a166-60b40a00b62c"
    letter = read(message(json.loads(message_of(order_id))), "processing")
    assert (letter.order_id, letter.status, letter.version) == (order_id, "deadline", None)
    assert read(message({"deadlineOf": 42}), "processing").order_id is None


def test_removed_order() -> None:
    """A removed order is told as it was before."""
    body = change(OldImage={"orderId": {"S": "o-1"}, "status": {"S": "FAILED"}})
    assert read(message(body), "processing").status == "FAILED"


def test_reason_of_what_wore_out() -> None:
    """Without a reason it was received in vain: as often as its queue says, if that is known."""
    letter = read(message("{}", received=4), "processing")
    assert letter.reason == "received 4 times without success"
    letter = read(message("{}", received=4), "processing", tried=1)
    assert letter.reason == "received 1 time without success"


def test_pipe_s_dead_letter() -> None:
    """A dead letter of the pipe tells where in the stream its records are, and why."""
    body = {"context": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": PLACE}
    letter = read(message(body), "pipe")
    assert letter.place == Place("arn:stream", "shard", "111", "112")
    assert (letter.reason, letter.order_id) == ("RetryAttemptsExhausted", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["dynamodb", "NewImage", "orderId", "S", "N", "context", "DDBStreamBatchInfo"]
            )
            | st.sampled_from(list(PLACE))
            | st.text(),
            inner,
        )
    ),
)


@given(st.text() | JSON.map(json.dumps))
@example("[" * 200_000)
@example("9" * 5_000)
@example('{"dynamodb": {"NewImage": {"orderId": "o-1", "status": {"S": 1}}}}')
@example(json.dumps({"DDBStreamBatchInfo": {**PLACE, "endSequenceNumber": "²"}}))
def test_any_body(body: str) -> None:
    """Whatever a dead letter holds, it can be read, and shown without a code for the terminal."""
    letter = read(message(body), "processing")
    assert letter.body == body
    assert all(c.isprintable() for c in plain(body))
    assert json.loads(line(message(body), "processing"))["body"] == body


def test_give_back_that_fails() -> None:
    """A look that ends well is not spoilt when giving back fails: SQS does it in a minute."""

    def fail(**_: Any) -> None:
        raise refused("ThrottlingException")

    sampling = Sampling([["a"]], 1)
    sampling.change_message_visibility_batch = fail  # type: ignore[method-assign]
    outputs = {"PipeDeadLetters": "u"}
    target = Target("t", "s", lambda _: cast("Any", sampling), outputs, "")
    assert len(look(target, QUEUES["pipe"], limit=5).letters) == 1
