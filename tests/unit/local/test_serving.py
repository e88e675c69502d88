"""What the servers of the local run refuse before any of them reads it."""

from __future__ import annotations

import contextlib
import http.client
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from local.serving import Handler, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

EVIL = {"Origin": "http://evil.example"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class Answering(Handler):
    """Does whatever it is asked."""

    done: list[str]

    def _answer(self) -> None:
        self.done.append(f"{self.command} {self.path}")
        self.send(200, {}, b"done")

    do_GET = do_HEAD = do_POST = do_DELETE = do_CONNECT = _answer  # noqa: N815 - the base class's names


@pytest.fixture
def done() -> list[str]:
    """What the server has done."""
    return []


@pytest.fixture
def url(done: list[str]) -> Iterator[str]:
    with serving(type("Handler", (Answering,), {"done": done}), 0) as url:
        yield url


def ask(url: str, method: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    netloc = urlsplit(url).netloc
    with contextlib.closing(http.client.HTTPConnection(netloc, timeout=10)) as connection:
        connection.request(method, "/x", b"body" if method == "POST" else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.headers)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "CONNECT", "TRACE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"},
        EVIL,
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_a_page_elsewhere_gets_nothing_done(
    url: str, done: list[str], method: str, headers: dict[str, str]
) -> None:
    """Whatever it asks for, it is told why not, and may not read even that."""
    status, said, answered = ask(url, method, headers)
    assert (status, done) == (403, [])
    assert "The local run answers" in said or "A page elsewhere" in said
    assert "Access-Control-Allow-Origin" not in answered


@pytest.mark.parametrize("headers", [EVIL, {"Connection": "close"}])
def test_a_connection_that_ends_says_so(url: str, headers: dict[str, str]) -> None:
    """Who is refused sends the next request on a new connection, instead of losing it."""
    assert ask(url, "GET", headers)[2]["Connection"] == "close"
    assert "Connection" not in ask(url, "GET", {})[2]


def test_a_head_is_answered_without_a_body(url: str) -> None:
    """Who asks whether a page is there gets what the page would come with."""
    status, said, answered = ask(url, "HEAD", {})
    assert (status, said, answered["Content-Length"]) == (200, "", "4")


def test_what_is_left_of_a_refused_request_is_no_request(url: str, done: list[str]) -> None:
    """A body that looks like a request is not taken for one."""
    port = urlsplit(url).port or 0
    inner = b"GET /inner HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: null\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head % len(inner) + inner)
        with contextlib.suppress(ConnectionResetError):
            answers = b"".join(iter(lambda: connection.recv(4096), b""))
            assert answers.count(b"HTTP/1.1 ") == 1
    assert done == []


def test_a_request_without_a_name_gets_nothing(url: str, done: list[str]) -> None:
    """HTTP/1.0 may leave out the host."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 403 " in connection.recv(4096)
    assert done == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:1"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        LINK,
    ],
)
def test_programs_and_people_here_are_answered(
    url: str, done: list[str], headers: dict[str, str]
) -> None:
    """A program, the page itself, an address that is typed, and a link to it from anywhere."""
    assert ask(url, "GET", headers)[0] == 200
    assert done == ["GET /x"]


def test_the_page_itself_is_answered(url: str, done: list[str]) -> None:
    """What the documentation tries out is sent by its own page."""
    origin = {"Origin": url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert ask(url, "POST", origin)[0] == 200
    assert done == ["POST /x"]


def test_a_page_that_is_invited_reads_the_answer(done: list[str]) -> None:
    """Pages of the stage's origins may ask some servers; each answer permits that page alone."""
    page = {"Origin": "http://localhost:5173", "Sec-Fetch-Site": "cross-site"}
    given = {"done": done, "origins": ("http://localhost:5173",)}
    with serving(type("Handler", (Answering,), given), 0) as url:
        status, said, answered = ask(url, "GET", page)
        assert (status, said) == (200, "done")
        assert answered["Access-Control-Allow-Origin"] == page["Origin"]
        assert ask(url, "GET", EVIL)[0] == 403
        assert ask(url, "GET", page | {"Host": "evil.example"})[0] == 403
        assert "Access-Control-Allow-Origin" not in ask(url, "GET", {})[2]
    assert done == ["GET /x", "GET /x"]


@contextlib.contextmanager
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_page_whose_port_was_taken_meanwhile_is_elsewhere(done: list[str]) -> None:
    """Between look and start another copy takes the port: the page comes up at another one."""
    handler = type("Handler", (Answering,), {"done": done})
    with taken_port() as port, serving(handler, port) as url:
        assert urlsplit(url).port != port
        assert ask(url, "GET", {})[:2] == (200, "done")


def test_what_must_have_its_port_does_not_move(done: list[str]) -> None:
    """Who is called at one port only is told that it is taken."""
    handler = type("Handler", (Answering,), {"done": done})
    with (
        taken_port() as port,
        pytest.raises(OSError, match="in use"),
        serving(handler, port, only=True),
    ):
        pass
