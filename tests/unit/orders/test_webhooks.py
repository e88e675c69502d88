"""Deliveries to partners, each to a real HTTPS server on this machine."""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from orders import webhooks
from orders.domain.events import OrderEvent
from orders.webhooks import (
    LIMIT_SECONDS,
    TEST_NETWORKS,
    Deferred,
    Endpoint,
    Rejected,
    deliver,
    is_public,
    signature_headers,
    tls_context,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Behaviour = Callable[[socket.socket], None]

NAME = "partner.example"
EVENT = OrderEvent("order-1.2", b'{"eventId":"order-1.2"}')
SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
HIDDEN = "hidden"
"""In every URL's query: no reason may tell it."""

GENEROUS = 4.0
"""Seconds after which an attempt whose limit is half a second has missed it for certain."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class Names:
    """DNS as far as the tests know it; each look-up is remembered."""

    def __init__(self) -> None:
        self.addresses = {NAME: ["127.0.0.1"]}
        self.asked: list[str] = []
        self.stop: threading.Event | None = None
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        """Answer as the standard library does; an address is its own name."""
        self.asked.append(host)
        if self.stop:
            self.stop.wait()
        with suppress(ValueError):
            return self._real(str(ipaddress.ip_address(host)), port, **options)
        if host not in self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            found
            for address in self.addresses[host]
            for found in self._real(address, port, **options)
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


class Partner:
    """An endpoint, with what it got."""

    def __init__(self, behave: Behaviour, context: ssl.SSLContext | None, address: str) -> None:
        self.requests: list[str] = []
        self.stop = threading.Event()
        self._behave = behave
        self._context = context
        self._listener = socket.create_server((address, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def endpoint(self, host: str = NAME) -> Endpoint:
        """Where it listens, with the secret that it knows."""
        return Endpoint(f"https://{host}:{self.port}/hooks?token={HIDDEN}", (SECRET,))

    def close(self) -> None:
        """Stop, and let whatever hangs go on."""
        self.stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(GENEROUS)
            with suppress(OSError), connection:
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        if self._context is None:
            self._behave(connection)
            return
        with self._context.wrap_socket(connection, server_side=True) as secure:
            request = b""
            while not request.endswith(EVENT.body):
                request += secure.recv(4096)
            self.requests.append(request.decode())
            self._behave(secure)


@pytest.fixture
def serve(
    authority: trustme.CA, names: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Partner]]:
    """Start partners, as the local run does: their authority is known, their network allowed."""
    del names
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv(TEST_NETWORKS, "127.0.0.0/8")
    tls_context.cache_clear()
    started: list[Partner] = []

    def start(
        behave: Behaviour | bytes,
        *,
        certificate: trustme.LeafCert | None = None,
        plain: bool = False,
        address: str = "127.0.0.1",
    ) -> Partner:
        context = None if plain else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if context:
            (certificate or authority.issue_cert(NAME)).configure_cert(context)
        started.append(Partner(saying(behave), context, address))
        return started[-1]

    yield start
    for partner in started:
        partner.close()
    tls_context.cache_clear()


def saying(behave: Behaviour | bytes) -> Behaviour:
    return (lambda connection: connection.sendall(behave)) if isinstance(behave, bytes) else behave


def answer(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason", "Content-Length: 0", *headers]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def deferred(endpoint: Endpoint, limit: float = LIMIT_SECONDS) -> Deferred:
    with pytest.raises(Deferred) as caught:
        deliver(endpoint, EVENT, limit=limit)
    assert HIDDEN not in caught.value.reason
    return caught.value


def rejected(endpoint: Endpoint) -> str:
    with pytest.raises(Rejected) as caught:
        deliver(endpoint, EVENT)
    assert HIDDEN not in caught.value.reason
    return caught.value.reason


# --- What is sent


def test_an_event_arrives_signed(serve: Callable[..., Partner]) -> None:
    """A partner gets the event's bytes as JSON, and can verify them with the official library."""
    partner = serve(answer(200))
    assert deliver(partner.endpoint(), EVENT) == 200
    head, _, body = partner.requests[0].partition("\r\n\r\n")
    request, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ") for line in lines)}
    assert request == f"POST /hooks?token={HIDDEN} HTTP/1.1"
    assert headers["host"] == f"{NAME}:{partner.port}"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "food-delivery-orders/1"
    assert headers["content-length"] == str(len(EVENT.body))
    assert Webhook(SECRET).verify(body, headers) == {"eventId": "order-1.2"}


keys = st.binary(min_size=1, max_size=64)


@given(st.text(max_size=40), st.text(max_size=200), st.lists(keys, min_size=1, max_size=2), keys)
def test_the_official_library_verifies_each_signature(
    event_id: str, text: str, known: list[bytes], stranger: bytes
) -> None:
    """Whatever is sent, the holder of either secret can verify it, and nobody else."""
    secrets = [f"whsec_{base64.b64encode(key).decode()}" for key in known]
    event_id = f"order{event_id}"
    headers = signature_headers(event_id, int(time.time()), text.encode(), secrets)
    for key in known:
        Webhook(key).verify(text, headers, json_parse=False)
    if stranger.rstrip(b"\0") not in {key.rstrip(b"\0") for key in known}:  # as HMAC pads keys
        with pytest.raises(WebhookVerificationError):
            Webhook(stranger).verify(text, headers, json_parse=False)


UNUSABLE = [(), ("",), ("whsec_",), ("whsec_%",), (SECRET.removeprefix("whsec_"),), (SECRET, "no")]


@pytest.mark.parametrize("secrets", UNUSABLE)
def test_nothing_is_sent_unsigned(serve: Callable[..., Partner], secrets: tuple[str, ...]) -> None:
    """A missing or malformed secret keeps an event from being sent."""
    partner = serve(answer(200))
    endpoint = structs.replace(partner.endpoint(), secrets=secrets)
    assert rejected(endpoint) == "the secret is missing or malformed"
    assert partner.requests == []


# --- What answers mean


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(serve: Callable[..., Partner], status: int) -> None:
    """An endpoint may answer with the 2xx that it likes."""
    assert deliver(serve(answer(status)).endpoint(), EVENT) == status


@pytest.mark.parametrize("status", [101, 301, 302, 307, 308, 304, 400, 401, 404, 410, 418, 600])
def test_other_answers_are_final(serve: Callable[..., Partner], status: int) -> None:
    """A refusal is not tried again, and a redirect is not followed."""
    partner = serve(answer(status, f"Location: https://{NAME}/other", "Retry-After: 5"))
    assert rejected(partner.endpoint()) == f"HTTP {status}"
    assert len(partner.requests) == 1


@pytest.mark.parametrize("status", [408, 421, 423, 425, 429, 500, 502, 503, 504, 599])
def test_trouble_is_for_later(serve: Callable[..., Partner], status: int) -> None:
    """An endpoint that is overloaded, locked, misdirected or broken gets the event another time."""
    error = deferred(serve(answer(status)).endpoint())
    assert (error.reason, error.retry_after) == (f"HTTP {status}", None)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wanted", "seconds"), [("120", 120), ("Fri, 01 Jan 2100 00:00:00 GMT", 3600), ("soon", None)]
)
def test_an_endpoint_can_say_when(
    serve: Callable[..., Partner], status: int, wanted: str, seconds: float | None
) -> None:
    """Retry-After is honoured, as seconds or as a date, up to an hour."""
    assert (
        deferred(serve(answer(status, f"Retry-After: {wanted}")).endpoint()).retry_after == seconds
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 17 ", 17),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
        ("Sun Nov  6 08:50:37 1994", 60),
        ("Sun, 06 Nov 1994 08:48:37 GMT", None),
        ("Mon, 06 Nov 2094 08:49:37 GMT", 3600),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("Sun, 06 Nov 2094 08:49:37 +99999999999999", None),
        ("120, 60", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_the_standard_has_it(
    monkeypatch: pytest.MonkeyPatch, text: str | None, seconds: float | None
) -> None:
    """All three forms of a date count; what is past, negative or no such value is ignored."""
    now = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()
    monkeypatch.setattr(time, "time", lambda: now)
    assert webhooks._seconds_of(text) == seconds


@given(st.text() | st.from_regex(r"\w{3}, \d\d \w{3} \d{1,6} \d\d:\d\d:\d\d [-+A-Z0-9]{0,6}"))
def test_no_retry_after_is_an_error(text: str) -> None:
    """Whatever an endpoint sends there, the wait is none, or from nothing to an hour."""
    seconds = webhooks._seconds_of(text)
    assert seconds is None or 0 <= seconds <= 3600


INTERIM = [100, 102, 103, 199]


@pytest.mark.parametrize("final", [204, 503])
@pytest.mark.parametrize("interim", [*([one] for one in INTERIM), INTERIM * 50])
def test_interim_answers_are_not_the_answer(
    serve: Callable[..., Partner], interim: list[int], final: int
) -> None:
    """Any number of 1xx may come first, hints and all: what counts is the answer after them."""
    hints = b"".join(answer(status, "Link: </style.css>; rel=preload") for status in interim)
    endpoint = serve(hints + answer(final, "Retry-After: 9")).endpoint()
    if final == 204:
        assert deliver(endpoint, EVENT) == 204
    else:
        error = deferred(endpoint)
        assert (error.reason, error.retry_after) == ("HTTP 503", 9)


MANY, LONG = b"X: x\r\n" * 200, b"X: " + b"x" * 70_000 + b"\r\n"


@pytest.mark.parametrize("headers", [MANY, LONG, b"no header at all\r\n\xff: \xff\r\n"])
@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\n"])
def test_many_or_long_headers_do_not_hide_a_status(
    serve: Callable[..., Partner], headers: bytes, interim: bytes
) -> None:
    """However many headers an endpoint sends, and however long, its status is its answer."""
    hints = interim and interim + headers + b"\r\n"
    rest = headers + b"retry-after:  7 \r\n\r\n"
    assert deliver(serve(hints + b"HTTP/1.1 200 OK\r\n" + rest).endpoint(), EVENT) == 200
    assert rejected(serve(hints + b"HTTP/1.1 410 Gone\r\n" + rest).endpoint()) == "HTTP 410"
    error = deferred(serve(hints + b"HTTP/1.1 503 Busy\r\n" + rest).endpoint())
    assert (error.reason, error.retry_after) == ("HTTP 503", 7)


@pytest.mark.parametrize("rest", [b"", b"Retry-Af", b"X: " + b"x" * 400_000 + b"\r\n\r\n"])
def test_a_refusal_counts_though_its_headers_never_end(
    serve: Callable[..., Partner], rest: bytes
) -> None:
    """Of headers that break off, or have no end, nothing is known but what the status says."""
    error = deferred(serve(b"HTTP/1.1 503 Busy\r\n" + rest).endpoint())
    assert (error.reason, error.retry_after) == ("HTTP 503", None)


# --- Endpoints that do not answer as they should


@pytest.mark.parametrize("rest", [b"Content-Length: 100\r\n\r\nab", b"Content-Le", b""])
def test_a_status_that_has_come_counts(serve: Callable[..., Partner], rest: bytes) -> None:
    """A connection that breaks within the body or the headers changes nothing: it was 200."""
    assert deliver(serve(b"HTTP/1.1 200 OK\r\n" + rest).endpoint(), EVENT) == 200


def test_a_body_is_not_waited_for(serve: Callable[..., Partner]) -> None:
    """An endpoint that never ends its body has answered."""
    ended = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 204 OK\r\nContent-Length: 100\r\n\r\n")
        with suppress(ssl.SSLError, ConnectionError):
            connection.recv(1)
        ended.set()

    assert deliver(serve(behave).endpoint(), EVENT) == 204
    assert ended.wait(GENEROUS), "the connection was kept"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 20", "not an HTTP answer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 2OO OK\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 20\xb2 OK\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "closed without an answer"),
        (b"HTTP/1.1 103 Early Hints\r\nX: " + b"x" * 400_000, "not an HTTP answer"),
    ],
)
def test_what_is_no_answer_is_for_later(
    serve: Callable[..., Partner], said: bytes, reason: str
) -> None:
    """An endpoint that closes early, or speaks something else, gets the event another time."""
    assert deferred(serve(said).endpoint()).reason == reason


def hanging(connection: socket.socket) -> None:
    connection.recv(1)


def silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def dripping(start: bytes, drop: bytes) -> Behaviour:
    def drip(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(drop)
            time.sleep(0.02)

    return drip


SLOW: dict[str, tuple[Behaviour, bool]] = {
    "no answer": (hanging, False),
    "a status line that drips": (dripping(b"HTTP/1.1 200 ", b"x"), False),
    "headers of a refusal that drip": (dripping(b"HTTP/1.1 503 Busy\r\n", b"X"), False),
    "hints that drip": (dripping(b"HTTP/1.1 103 Early Hints\r\n", b"X"), False),
    "interim answers without end": (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), False),
    "no TLS handshake": (silent, True),
    "a TLS handshake that drips": (dripping(b"\x16\x03\x03\x3f\xff", b"\x02"), True),
}


@pytest.mark.parametrize("case", SLOW)
def test_slowness_ends_at_the_limit(serve: Callable[..., Partner], case: str) -> None:
    """However an endpoint drags its answer out, an attempt ends when its time is up."""
    behave, plain = SLOW[case]
    started = time.monotonic()
    assert deferred(serve(behave, plain=plain).endpoint(), 0.5).reason == "timed out after 0.5 s"
    assert time.monotonic() - started < GENEROUS


def test_a_status_counts_while_its_headers_drip(serve: Callable[..., Partner]) -> None:
    """Who has said 200 need say no more: nobody waits for the headers after it."""
    assert deliver(serve(dripping(b"HTTP/1.1 200 OK\r\n", b"X")).endpoint(), EVENT) == 200


def test_a_slow_look_up_ends_at_the_limit(serve: Callable[..., Partner], names: Names) -> None:
    """A name server that hangs costs no more time; a late answer of its own is not used."""
    partner = serve(answer(200))
    names.stop = threading.Event()
    before = set(threading.enumerate())
    assert deferred(partner.endpoint(), 0.2).reason == "timed out after 0.2 s"
    names.stop.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(GENEROUS)
    assert partner.requests == []


def test_an_attempt_that_is_over_leaves_nothing_behind(serve: Callable[..., Partner]) -> None:
    """After a time-out the connection is closed and its thread gone, though bytes still come."""
    ended = threading.Event()

    def behave(connection: socket.socket) -> None:
        with suppress(OSError):
            dripping(b"HTTP/1.1 200 ", b"X")(connection)
        ended.set()

    partner = serve(behave)
    before = set(threading.enumerate())
    deferred(partner.endpoint(), 0.3)
    assert ended.wait(GENEROUS)
    for thread in set(threading.enumerate()) - before:
        thread.join(GENEROUS)
        assert not thread.is_alive()


def test_a_closed_port_is_for_later(serve: Callable[..., Partner]) -> None:
    """An endpoint that is down gets the event another time."""
    partner = serve(answer(200))
    partner.close()
    partner.close = lambda: None  # type: ignore[method-assign]  # it is
    assert deferred(partner.endpoint()).reason == "connection refused"


def test_an_unknown_name_is_for_later(serve: Callable[..., Partner]) -> None:
    """DNS fails at times, so a name that is not found is looked up again at the next attempt."""
    error = deferred(serve(answer(200)).endpoint("missing.example"))
    assert error.reason == "DNS: the name does not resolve"


def test_the_next_address_is_tried(serve: Callable[..., Partner], names: Names) -> None:
    """A name with several addresses is reached if one of them answers."""
    names.addresses[NAME] = ["127.0.0.9", "127.0.0.1"]
    assert deliver(serve(answer(200)).endpoint(), EVENT) == 200


# --- TLS


def certificates(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    first = yesterday - timedelta(days=9)
    return {
        "of another name": authority.issue_cert("other.example"),
        "expired": authority.issue_cert(NAME, not_before=first, not_after=yesterday),
        "of an unknown authority": trustme.CA().issue_cert(NAME),
    }


@pytest.mark.parametrize("case", ["of another name", "expired", "of an unknown authority"])
def test_a_certificate_must_verify(
    serve: Callable[..., Partner], authority: trustme.CA, case: str
) -> None:
    """Nothing is sent to a server that cannot prove its name."""
    partner = serve(answer(200), certificate=certificates(authority)[case])
    assert deferred(partner.endpoint()).reason == "TLS: certificate verify failed"
    assert partner.requests == []


def test_a_port_without_tls_is_sent_nothing(serve: Callable[..., Partner]) -> None:
    """A plain HTTP server under an https URL gets no event."""
    partner = serve(b"HTTP/1.1 400 Bad Request\r\n\r\n", plain=True)
    assert deferred(partner.endpoint()).reason.startswith("TLS: ")


def test_old_tls_is_not_spoken() -> None:
    """TLS is 1.2 at least, and verification cannot be lost."""
    context = tls_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert tls_context() is context


# --- Where to


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://partner.example/", "the URL is not https"),
        ("ftp://partner.example/", "the URL is not https"),
        ("partner.example/hooks", "the URL is not https"),
        ("", "the URL is not https"),
        ("https:///hooks", "the URL has no host"),
        ("https://:443/", "the URL has no host"),
        ("https://user:pass@partner.example/", "the URL has credentials"),
        ("https://@partner.example/", "the URL has credentials"),
        ("https://partner.example/#", "the URL has a fragment"),
        ("https://partner.example/#here", "the URL has a fragment"),
        ("https://partner.example:0/", "the URL is malformed"),
        ("https://partner.example:65536/", "the URL is malformed"),
        ("https://partner.example:port/", "the URL is malformed"),
        ("https://partner.example/a b", "the URL is malformed"),
        ("https://partner.example/\r\nX: y", "the URL is malformed"),
        ("https://partner.example\\@evil.example/", "the URL has credentials"),
        ("https://partner.example\\evil/", "the URL is malformed"),
        ("https://partner.example/ü", "the URL is malformed"),
        ("https://a..b/", "the URL is malformed"),
        (f"https://{'a' * 64}.example/", "the URL is malformed"),
        ("https://[::1/", "the URL is malformed"),
        ("https://[fe80::1%25eth0]/", "the URL is malformed"),
        ("https://straße.example/", "the URL is malformed"),
        ("https://１２７.0.0.1/", "the URL is malformed"),  # noqa: RUF001 - full-width digits
    ],
)
def test_only_a_plain_https_url_is_called(names: Names, url: str, reason: str) -> None:
    """A URL that is not acceptable is refused before its name is even looked up."""
    assert rejected(Endpoint(url, (SECRET,))) == reason
    assert names.asked == []


def test_a_name_beyond_ascii_is_reached(
    serve: Callable[..., Partner], names: Names, authority: trustme.CA
) -> None:
    """A name with an umlaut is called by its form in DNS, which its certificate has."""
    names.addresses["xn--bcher-kva.example"] = ["127.0.0.1"]
    partner = serve(answer(200), certificate=authority.issue_cert("bücher.example"))
    assert deliver(partner.endpoint("BÜCHER.example."), EVENT) == 200
    assert deliver(partner.endpoint("xn--bcher-kva.example"), EVENT) == 200
    assert f"Host: xn--bcher-kva.example:{partner.port}" in partner.requests[0]


NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 169.254.170.2
    172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1
    198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::8.8.8.8
    ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b::a00:1 64:ff9b:1::808:808
    64:ff9b:1::7f00:1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2001:20::1
    2002:a9fe:a9fe::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
    fec0::1 ff02::1 ff0e::1
""".split()
PUBLIC = """
    1.1.1.1 8.8.8.8 99.84.1.1 172.32.0.1 192.0.1.1 223.255.255.254 ::ffff:8.8.8.8 64:ff9b::808:808
    2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1
""".split()


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_not_called(names: Names, address: str) -> None:
    """A partner's name leads neither into our network nor to the metadata of AWS, in any form."""
    assert not is_public(ipaddress.ip_address(address))
    names.addresses[NAME] = [address]
    reason = rejected(Endpoint(f"https://{NAME}/?token={HIDDEN}", (SECRET,)))
    assert reason == "the address is not public"


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_called(address: str) -> None:
    """Ordinary servers are reached, through a NAT64 as well."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
def test_an_address_for_a_name_is_judged_alike(names: Names, host: str) -> None:
    """A URL with an address in it is no way around."""
    assert rejected(Endpoint(f"https://{host}/", (SECRET,))) == "the address is not public"
    assert len(names.asked) == 1


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_no_old_spelling_of_an_address_is_a_way_around(host: str) -> None:
    """Forms that only the C library knows are judged by the address that it makes of them."""
    assert rejected(Endpoint(f"https://{host}/", (SECRET,))) == "the address is not public"


@given(st.ip_addresses(v=4), st.integers(0, 2**32 - 1))
def test_an_ipv4_address_within_an_ipv6_one_is_judged(
    inside: ipaddress.IPv4Address, rest: int
) -> None:
    """No IPv6 form makes an address public that is not so by itself."""
    number = int(inside)
    mapped, nat64 = (ipaddress.IPv6Address(prefix | number) for prefix in (0xFFFF << 32, NAT64))
    assert is_public(mapped) == is_public(nat64) == is_public(inside)
    assert not is_public(ipaddress.IPv6Address(0x2002 << 112 | number << 80 | rest))
    assert not is_public(ipaddress.IPv6Address(0x20010000 << 96 | rest << 32 | number))
    assert not is_public(ipaddress.IPv6Address(0x0064FF9B0001 << 80 | rest << 32 | number))


NAT64 = 0x0064FF9B << 96


@given(st.ip_addresses())
def test_python_and_we_agree_on_what_is_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """What Python takes for private, multicast or unspecified, too, is never called."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    flaws = (address.is_private, address.is_multicast, address.is_unspecified)
    assert not (any(flaws) and is_public(address))


def test_one_address_that_is_not_public_is_enough(
    serve: Callable[..., Partner], names: Names
) -> None:
    """A name that has a good address and a bad one is not called at all."""
    partner = serve(answer(200))
    names.addresses[NAME] = ["127.0.0.1", "169.254.169.254"]
    assert rejected(partner.endpoint()) == "the address is not public"
    assert partner.requests == []


def test_the_address_that_was_judged_is_called(
    serve: Callable[..., Partner], names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its address between check and call gains nothing: it is asked once."""
    called = []

    class Recorded(socket.socket):
        def connect(self, address: Any) -> None:
            called.append(address)
            super().connect(address)

    partner = serve(answer(200))
    monkeypatch.setattr(socket, "socket", Recorded)
    assert deliver(partner.endpoint(), EVENT) == 200
    assert names.asked == [NAME]
    assert called == [("127.0.0.1", partner.port)]


def test_without_the_test_networks_this_machine_is_not_called(
    serve: Callable[..., Partner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the local run may reach is out of bounds everywhere else."""
    partner = serve(answer(200))
    monkeypatch.delenv(TEST_NETWORKS)
    assert rejected(partner.endpoint()) == "the address is not public"
    monkeypatch.setenv(TEST_NETWORKS, "10.0.0.0/8 ::1/128")
    assert rejected(partner.endpoint()) == "the address is not public"
    assert partner.requests == []


def test_an_address_has_a_certificate_too(
    serve: Callable[..., Partner], authority: trustme.CA
) -> None:
    """An endpoint without a name is called if its certificate is for its address."""
    partner = serve(answer(200), certificate=authority.issue_cert("127.0.0.1"))
    assert deliver(partner.endpoint("127.0.0.1"), EVENT) == 200
    partner = serve(answer(200))
    assert deferred(partner.endpoint("127.0.0.1")).reason == "TLS: certificate verify failed"


def test_no_proxy_of_the_environment_is_used(
    serve: Callable[..., Partner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in the environment leads an event elsewhere."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert deliver(serve(answer(200)).endpoint(), EVENT) == 200


def test_deliveries_at_once_do_not_disturb_each_other(serve: Callable[..., Partner]) -> None:
    """While one partner hangs, the others get their events."""
    slow, good = serve(hanging), serve(answer(200))
    with ThreadPoolExecutor(10) as pool:
        hangs = pool.submit(deferred, slow.endpoint(), 0.5)
        sent = [pool.submit(deliver, good.endpoint(), EVENT) for _ in range(30)]
        assert [one.result() for one in sent] == [200] * 30
        assert hangs.result().reason == "timed out after 0.5 s"
