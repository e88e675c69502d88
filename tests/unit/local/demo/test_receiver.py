"""The receiver of `make run` and `orders webhooks listen` holds up, and shows what it answered."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme

from local.demo.receiver import Listener, Receiver, receiver
from orders.webhooks import signature_headers

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "whsec_YW4gZXhhbXBsZSwgYW5kIGluIHVzZSBub3doZXJl"
BODY = b'{"eventId":"order-1.1","type":"order.placed"}'


@pytest.fixture
def listener() -> Iterator[Receiver]:
    """Listen as a partner that refuses its first genuine event."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with receiver(0, context, Listener("kiosk", SECRET, [503])) as listening:
        yield listening


def answer(listener: Receiver, changed: dict[str, str]) -> int:
    """Send a signed event with some headers changed; gives the answer's status."""
    headers = signature_headers("order-1.1", int(time.time()), BODY, (SECRET,)) | changed
    context = ssl._create_unverified_context()  # noqa: S323 - who answers is our own process
    netloc = urlsplit(listener.url).netloc
    connection = http.client.HTTPSConnection(netloc, timeout=30, context=context)
    connection.request("POST", "/hooks", BODY, headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("signature", ["garbage", "v1,zz", "v1,", "", "v1,\xfc", "v1,a,b v2"])
def test_a_malformed_signature_is_refused(listener: Receiver, signature: str) -> None:
    """Whoever sends nonsense is told 400, as with any other wrong signature."""
    assert answer(listener, {"webhook-signature": signature}) == 400


def test_a_connection_that_says_nothing_blocks_nobody(listener: Receiver) -> None:
    """Somebody connects and keeps silent: events come in all the same."""
    with socket.create_connection(("127.0.0.1", urlsplit(listener.url).port or 0)):
        assert answer(listener, {}) == 503


def test_a_refused_event_looks_refused(listener: Receiver) -> None:
    """An event that was answered 503 or 400 says so; one that was taken does not."""
    answered = [answer(listener, {}), answer(listener, {}), answer(listener, {"webhook-id": "x"})]
    while len(listener.latest()) < len(answered):  # each is kept just after its answer
        time.sleep(0.01)
    assert [webhook.answered for webhook in listener.latest()] == answered == [503, 204, 400]
    marks = ("signature verified, answered 503", "signature verified")
    assert [webhook.mark for webhook in listener.latest()] == [
        *marks,
        "WRONG SIGNATURE, answered 400",
    ]
