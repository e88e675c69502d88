"""HTTP as servers speak it, well and badly: an answer, or an OSError, and nothing else."""

from __future__ import annotations

import _socket
import io
import os
import subprocess
import sys
from binascii import crc32
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.aws import connection as module
from orders.aws.connection import Address, Answer, Broken, Connection, Request, Stale, address_of
from tests.unit.orders.aws.speaking import HANG, http, speaking

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKED = b"POST / HTTP/1.1\r\n\r\n"


class Wire:
    """A socket that takes what is sent, and says what it was given, in pieces."""

    def __init__(self, said: bytes, pieces: Sequence[int] = (), taken: int = 1 << 30) -> None:
        self._said = io.BytesIO(said)
        self._pieces = [*pieces]
        self._taken = taken
        self.sent = b""

    def recv(self, most: int) -> bytes:
        """Say some of it."""
        return self._said.read(min(most, self._pieces.pop(0)) if self._pieces else most)

    def send(self, data: bytes | memoryview) -> int:
        """Take some of it."""
        self.sent += bytes(data[: self._taken])
        return min(len(data), self._taken)

    def settimeout(self, seconds: float) -> None:
        """Never wait."""
        assert seconds > 0

    def close(self) -> None:
        """Nothing is open."""


def exchange(wire: Wire, asked: bytes = ASKED) -> tuple[Answer, bool]:
    """Exchange over a wire."""
    opened: Any = wire
    return Connection(opened, wire.recv, wire.send).exchange(asked, 5)


# --- Answers

tokens = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
values = st.text("abc XYZ 0123/;=", max_size=20).map(str.strip)
own = {"content-length", "transfer-encoding", "connection", "x-amz-crc32"}
extras = st.dictionaries(tokens.filter(lambda name: name not in own), values, max_size=4)
cuts = st.lists(st.integers(1, 9), max_size=200)


def chunked(body: bytes, sizes: list[int]) -> bytes:
    """Write a body in chunks."""
    text, rest = b"", body
    for size in sizes:
        if part := rest[:size]:
            text += f"{len(part):x};why=not\r\n".encode() + part + b"\r\n"
        rest = rest[size:]
    return text + (f"{len(rest):X}\r\n".encode() + rest + b"\r\n" if rest else b"") + b"0\r\n"


@given(st.sampled_from([200, 400, 503]), extras, st.binary(max_size=300), cuts)
def test_an_answer_is_read_however_it_comes(
    status: int, headers: dict[str, str], body: bytes, pieces: list[int]
) -> None:
    """Where the network cuts an answer makes no difference, nor what comes before it."""
    said = b"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n" + http(body, status, **headers)
    answer, kept = exchange(Wire(said, pieces))
    assert (answer.status, answer.body, kept) == (status, body, True)
    assert headers.items() <= answer.headers.items()


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=6), cuts)
def test_an_answer_in_chunks_is_whole(body: bytes, sizes: list[int], pieces: list[int]) -> None:
    """A server that does not know the length beforehand is understood as well."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer, kept = exchange(Wire(head + chunked(body, sizes) + b"x-trailer: 1\r\n\r\n", pieces))
    assert (answer.body, kept) == (body, True)


@given(st.integers(0, 400), st.booleans())
def test_an_answer_that_is_cut_off_is_none(length: int, in_chunks: bool) -> None:  # noqa: FBT001
    """Half an answer is never taken for a whole one, wherever it ends."""
    whole = http(b"x" * 300)
    if in_chunks:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        whole = head + chunked(b"x" * 300, [7, 90]) + b"\r\n"
    cut = whole[: min(length, len(whole) - 1)]
    with pytest.raises(Broken):
        exchange(Wire(cut))


pieces_of_http = st.sampled_from(
    [
        *(b"HTTP/1.1 ", b"200 OK", b"\r\n", b"\r\n\r\n", b": ", b" "),
        *(b"Content-Length: ", b"5", b"-1", b"9" * 30),
        *(b"Transfer-Encoding: chunked", b"5\r\nabcde\r\n", b"0\r\n\r\n", b"ffffffff\r\n"),
    ]
)


@given(st.lists(pieces_of_http | st.binary(max_size=12), max_size=14).map(b"".join), cuts)
def test_whatever_comes_is_an_answer_or_an_error(said: bytes, pieces: list[int]) -> None:
    """Nothing that a server can say is a bug of ours: it is an answer, or no answer."""
    try:
        answer, _ = exchange(Wire(said, pieces))
    except OSError:
        return
    assert 200 <= answer.status <= 999


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: ²\r\n\r\n{}".encode("latin-1"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/2 200\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
        http(b"{}", x_amz_crc32="1"),
    ],
)
def test_an_answer_that_contradicts_itself_is_none(said: bytes) -> None:
    """Two lengths, none, more than was said, or another checksum: such an answer is not used."""
    with pytest.raises(Broken):
        exchange(Wire(said))


def test_the_checksum_of_dynamodb_is_compared() -> None:
    """An answer that came as it was sent has the checksum that DynamoDB sends along."""
    answer, _ = exchange(Wire(http(b'{"a":1}', x_amz_crc32=str(crc32(b'{"a":1}')))))
    assert answer.body == b'{"a":1}'


@pytest.mark.parametrize(
    "said",
    [
        http(b"{}", connection="close"),
        http(b"{}", Connection="Close"),
        http(b"{}").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_connection_that_ends_is_not_kept(said: bytes) -> None:
    """What the server closes is not used for the next call."""
    assert exchange(Wire(said))[1] is False


def test_an_answer_without_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """No content is an answer, too; and a body has a limit that can be told."""
    assert exchange(Wire(b"HTTP/1.1 204 None\r\n\r\n"))[0].body == b""
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    with pytest.raises(Broken):
        exchange(Wire(http(b"{}")))


@given(st.binary(max_size=500), st.integers(1, 100))
def test_all_of_a_request_is_sent(body: bytes, taken: int) -> None:
    """However little the network takes at once, the whole request goes out."""
    request = Request("POST", "/p", "a=b", {"host": "h", "x": "y"}, body)
    wire = Wire(http(), taken=taken)
    exchange(wire, request.written())
    head = b"POST /p?a=b HTTP/1.1\r\nhost: h\r\nx: y\r\n"
    assert wire.sent == head + f"content-length: {len(body)}\r\n\r\n".encode() + body


def test_a_read_has_no_body() -> None:
    """GET says nothing of a length."""
    written = Request("GET", "/p", "", {"host": "h"}, b"").written()
    assert written == b"GET /p HTTP/1.1\r\nhost: h\r\n\r\n"


@pytest.mark.parametrize("sort", ["/a b", "/a\r\nx: y", "/\0"])
def test_nothing_is_smuggled_into_a_request(sort: str) -> None:
    """A path or a header that would be read as more than one is not sent."""
    with pytest.raises(ValueError, match="does not allow"):
        Request("GET", sort, "", {}, b"").written()
    with pytest.raises(ValueError, match="does not allow"):
        Request("GET", "/", "", {"x": f"{sort}\n"}, b"").written()


# --- Connections


def test_a_silent_server_is_not_waited_for() -> None:
    """An answer must be there in time, and all of it: single bytes do not prolong the wait."""
    slowly = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", HANG]
    for answers in ([HANG], slowly):
        with speaking(answers) as server:
            opened = module.connect(address_of(server.url), 5)
            with pytest.raises(TimeoutError):
                opened.exchange(Request("POST", "/", "", {}, b"").written(), 0.05)
            opened.close()


def test_a_deadline_that_has_passed_is_no_answer() -> None:
    """Nothing is read for a call that has no time left."""
    wire: Any = Wire(http())
    with pytest.raises(TimeoutError):
        Connection(wire, wire.recv, wire.send).exchange(ASKED, 0)


def test_a_kept_connection_that_was_closed_says_so() -> None:
    """Whoever asks again on a connection that the server has closed can tell: nothing was said."""
    with speaking([http()]) as server:
        opened = module.connect(address_of(server.url), 5)
        request = Request("POST", "/", "", {}, b"{}").written()
        assert opened.exchange(request, 5)[0].status == 200
        with pytest.raises(Stale):
            opened.exchange(request, 5)
        opened.close()


def test_the_next_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose first address does not answer is reached by its second."""
    with speaking([http()]) as server:
        real = _socket.getaddrinfo("127.0.0.1", server.port, 0, _socket.SOCK_STREAM)
        dead = [(*real[0][:4], ("127.0.0.1", 1))]
        monkeypatch.setattr(_socket, "getaddrinfo", lambda *_: dead + real)
        opened = module.connect(Address("http", "h", "h", server.port), 5)
        assert opened.exchange(Request("POST", "/", "", {}, b"").written(), 5)[0].status == 200
        opened.close()
        monkeypatch.setattr(_socket, "getaddrinfo", lambda *_: dead)
        with pytest.raises(ConnectionRefusedError):
            module.connect(Address("http", "h", "h", server.port), 5)


def test_a_name_of_ascii_is_looked_up_without_the_codec_for_others() -> None:
    """A start's first call does not load what Python has for names of other alphabets."""
    program = (
        "import sys; from orders.aws.connection import address_of, connect\n"
        "try: connect(address_of('http://localhost:1'), 1.0)\n"
        "except OSError: print('encodings.idna' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://dynamodb.us-east-1.amazonaws.com", "dynamodb.us-east-1.amazonaws.com", 443),
        ("http://127.0.0.1:4566", "127.0.0.1", 4566),
        ("http://localhost/x", "localhost", 80),
        ("http://[::1]:80/", "::1", 80),
        ("http://[::1]", "::1", 80),
    ],
)
def test_where_a_url_leads(url: str, host: str, port: int) -> None:
    """An endpoint is a scheme, a host and maybe a port."""
    address = address_of(url)
    assert (address.host, address.port) == (host, port)
    assert url.startswith(address.url)


@pytest.mark.parametrize("url", ["", "dynamodb", "ftp://x", "http://", "http://x:y", "http://a@b"])
def test_what_is_no_url_is_said_at_once(url: str) -> None:
    """A misspelt AWS_ENDPOINT_URL is an error that can be read, not an address elsewhere."""
    with pytest.raises(ValueError, match=r"an endpoint is|invalid literal"):
        address_of(url)
