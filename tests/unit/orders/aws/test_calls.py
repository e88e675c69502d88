"""Calls that are made again, and those that are not: each over a real connection."""

from __future__ import annotations

import json
import threading
import time
from email.utils import formatdate

import pytest

from orders.aws import calls
from orders.aws.calls import Api, Limits, Unanswered
from orders.aws.connection import Request, address_of
from tests.unit.orders.aws.speaking import CREDENTIALS, HANG, Speaker, http, speaking

REQUEST = Request("POST", "/", "", {"x-amz-target": "t"}, b"{}")
LIMITS = Limits(connect=5.0, answer=5.0, whole=20.0, tries=3)
GOOD = http(b'{"a":1}', x_amzn_RequestId="id-1")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make no pause, but remember it."""
    made: list[float] = []
    monkeypatch.setattr("orders.aws.calls.time.sleep", made.append)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return made


def error(code: str, status: int = 400, **headers: str) -> bytes:
    """Write a refusal."""
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "m"})
    return http(body.encode(), status, **headers)


def api(server: Speaker, limits: Limits = LIMITS) -> Api:
    """Make the API that a server is."""
    return Api("dynamodb", address_of(server.url), limits)


def test_a_connection_is_used_again() -> None:
    """The second call does not wait for a connection, nor for TLS."""
    with speaking([GOOD, GOOD]) as server:
        asked = api(server)
        for _ in range(2):
            outcome = asked.ask(REQUEST)
            assert (outcome.status, outcome.code, outcome.told) == (200, "", {"a": 1})
            assert (outcome.request_id, outcome.retries) == ("id-1", 0)
        assert server.accepted == 1


def test_a_connection_that_was_closed_meanwhile_costs_no_try(pauses: list[float]) -> None:
    """DynamoDB closes what is idle; the next call opens another at once, and does not fail."""
    with speaking([GOOD], [GOOD], [GOOD]) as server:
        asked = api(server, Limits(connect=5.0, answer=5.0, whole=20.0, tries=1))
        assert [asked.ask(REQUEST).retries for _ in range(3)] == [0, 0, 0]
        assert server.accepted == 3
    assert pauses == []


def test_what_rested_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network forgets a connection after minutes and tells nobody: it would be a long wait."""
    with speaking([GOOD, GOOD], [GOOD]) as server:
        asked = api(server)
        asked.ask(REQUEST)
        now = time.time()
        monkeypatch.setattr("orders.aws.calls.time.time", lambda: now + 301)
        asked.ask(REQUEST)
        assert server.accepted == 2


@pytest.mark.parametrize(
    "trouble",
    [
        [error("InternalServerError", 500)],
        [error("ServiceUnavailable", 503)],
        [error("ProvisionedThroughputExceededException")],
        [error("ThrottlingException")],
        [error("RequestLimitExceeded")],
        [error("TransactionInProgressException")],
        [http(b"<html>", 502)],
        [http(b"<html>")],
        [http(b"{", 200)],
        [http(b"{}", x_amz_crc32="1")],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"],
        [b"HTTP/1.1 200 OK\r\n"],
        [b""],
        [],
    ],
)
def test_what_passes_is_tried_three_times(pauses: list[float], trouble: list[bytes]) -> None:
    """A hiccup of AWS or of the network, twice, is not noticed by whoever calls."""
    ended = [b"".join([*trouble]).replace(b"Content", b"Connection: close\r\nContent")]
    with speaking(*([ended if trouble else []] * 2), [GOOD]) as server:
        outcome = api(server).ask(REQUEST)
    assert (outcome.told, outcome.retries) == ({"a": 1}, 2)
    assert len(pauses) == 2


@pytest.mark.parametrize(
    "code",
    [
        "ConditionalCheckFailedException",
        "TransactionCanceledException",
        "ValidationException",
        "AccessDeniedException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "ExpiredTokenException",
    ],
)
def test_a_refusal_is_not_tried_again(code: str) -> None:
    """What AWS refuses for good is asked once."""
    with speaking([error(code)]) as server:
        outcome = api(server).ask(REQUEST)
    assert (outcome.status, outcome.code, outcome.retries) == (400, code, 0)
    assert not outcome.passes


def test_the_last_refusal_is_told(pauses: list[float]) -> None:
    """After three tries whoever called reads why; each pause is longer at most, and by chance."""
    with speaking([error("ThrottlingException")] * 3) as server:
        outcome = api(server).ask(REQUEST)
    assert (outcome.code, outcome.retries, outcome.passes) == ("ThrottlingException", 2, True)
    assert outcome.throttled
    assert [0 <= pause <= most for pause, most in zip(pauses, (0.05, 0.1), strict=True)]


def test_pauses_are_by_chance(pauses: list[float]) -> None:
    """Functions that failed together do not come again together."""
    for _ in range(20):
        calls._pause(1, time.monotonic() + 9)
    assert len({*pauses}) == 20
    assert max(pauses) <= 0.1


def test_no_answer_at_all_is_an_error_of_its_own() -> None:
    """When nobody answers three times, the last failure is named, without what was sent."""
    with speaking([], [], []) as server, pytest.raises(Unanswered) as caught:
        api(server).ask(REQUEST)
    # A connection that is closed before the request was read ends with a reset.
    assert str(caught.value) in {"Broken", "ConnectionResetError"}
    assert caught.value.retries == 2


def test_all_tries_together_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function is not held up beyond its own time, however often there may be a try."""
    clock = [0.0]
    monkeypatch.setattr("orders.aws.calls.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(
        "orders.aws.calls.time.sleep", lambda _: clock.__setitem__(0, clock[0] + 4.0)
    )
    limits = Limits(connect=5.0, answer=5.0, whole=6.0, tries=99)
    with speaking(*[[]] * 9) as server, pytest.raises(Unanswered) as caught:
        api(server, limits).ask(REQUEST)
    assert caught.value.retries == 2


def test_a_silent_server_is_asked_again() -> None:
    """A server that takes a call and says nothing is left after the time that an answer has."""
    limits = Limits(connect=5.0, answer=0.2, whole=20.0, tries=2)
    with speaking([HANG], [GOOD]) as server:
        assert api(server, limits).ask(REQUEST).retries == 1


def test_an_answer_is_never_given_to_another_call() -> None:
    """Threads share an API, and each gets the answer to what it has asked."""
    answers = [http(json.dumps({"n": n}).encode()) for n in range(4)]
    with speaking(*[[answer] * 5 for answer in answers]) as server:
        asked, got = api(server), []

        def ask() -> None:
            got.append([asked.ask(REQUEST).told["n"] for _ in range(5)])

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(len(each) == 5 for each in got)
    assert 1 <= server.accepted <= 4


# --- Clocks


def date(ahead: float) -> str:
    """Write AWS's time, so many seconds before ours."""
    return formatdate(time.time() + ahead, usegmt=True)


def signed_at(request: bytes) -> float:
    """Give the time that a request was signed at."""
    moment = request.partition(b"x-amz-date: ")[2][:16].decode()
    utc = time.strptime(moment + "+0000", "%Y%m%dT%H%M%SZ%z")
    return float(time.mktime(utc)) - time.timezone


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestTimeTooSkewed"])
def test_a_clock_that_is_wrong_is_set_right(pauses: list[float], ahead: float, code: str) -> None:
    """A function whose clock is an hour off signs by AWS's clock, from then on."""
    skewed = error(code, Date=date(ahead))
    with speaking([skewed, GOOD, GOOD]) as server:
        asked = api(server)
        assert [asked.ask(REQUEST).retries for _ in range(2)] == [0, 0]
        times = [signed_at(request) for request in server.requests]
    assert [round(time - times[0], -2) for time in times] == [0, ahead, ahead]
    assert pauses == []


@pytest.mark.parametrize("said", ["now", "nonsense", ""])
def test_a_wrong_signature_is_no_matter_of_time(said: str) -> None:
    """Where the clocks agree, or AWS does not say, a refused signature is refused."""
    date_said = date(5) if said == "now" else said
    with speaking([error("InvalidSignatureException", Date=date_said)]) as server:
        assert api(server).ask(REQUEST).code == "InvalidSignatureException"


def test_a_clock_is_not_set_twice_in_a_call() -> None:
    """A server that always says so is asked twice, and then it is a refusal."""
    skewed = [error("RequestTimeTooSkewed", Date=date(n * 3600)) for n in (1, 2)]
    with speaking(skewed) as server:
        assert api(server).ask(REQUEST).code == "RequestTimeTooSkewed"
        assert len(server.requests) == 2


# --- What is sent


def test_a_role_s_token_is_sent_and_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are the environment's at each call; a token of another role counts at once."""
    with speaking([GOOD, GOOD]) as server:
        asked = api(server)
        asked.ask(REQUEST)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "another")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
        asked.ask(REQUEST)
        first, second = server.requests
    assert b"x-amz-security-token: a-token\r\n" in first
    assert b"x-amz-security-token: another\r\n" in second
    assert b"a-secret" not in first + second
    assert first.count(b"host: 127.0.0.1:") == 1


def test_secrets_are_in_no_error() -> None:
    """What a failed call tells, and what caused it, has no credentials in it."""
    with speaking([], [], []) as server, pytest.raises(Unanswered) as caught:
        api(server).ask(REQUEST)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert not {value for value in CREDENTIALS.values() if value in repr(chain)}
        chain = chain.__cause__ or chain.__context__
