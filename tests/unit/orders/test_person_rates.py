"""Each person has a rate of their own, as far as one process of a function can tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import person_rates
from orders.http import Response, endpoint
from orders.person_rates import MOST_KNOWN, PersonRates
from orders.settings import PERSON_THROTTLE
from tests.shared.events import event

RATE, BURST = 5, 10


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        """Begin at some moment."""
        self.now = 1_700_000_000.0

    def time(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the buckets look at a clock of the test's."""
    clock = Clock()
    monkeypatch.setattr(person_rates, "time", clock)
    return clock


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a function with the rate of a person."""
    monkeypatch.setenv(PERSON_THROTTLE, f"{RATE} {BURST}")


def test_a_burst_passes_and_then_the_rate(clock: Clock) -> None:
    """I may send ten requests at once, and after that five a second, for as long as I like."""
    rates = PersonRates(RATE, BURST)
    assert [rates.wait("me") for _ in range(BURST)] == [0] * BURST
    assert rates.wait("me") == pytest.approx(1 / RATE)
    passed = 0
    for _ in range(100):
        clock.now += 0.1
        passed += not rates.wait("me")
    assert passed == pytest.approx(10 * RATE, abs=1)


def test_nobody_waits_for_somebody_else(clock: Clock) -> None:
    """While one person sends without end, a hundred others are let in, each with all they may."""
    rates = PersonRates(RATE, BURST)
    for number in range(100):
        for _ in range(50):
            rates.wait("hostile")
        waits = [rates.wait(f"person-{number}") for _ in range(BURST)]
        assert waits == [0] * BURST
        clock.now += 0.01


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.integers(0, 3), st.sampled_from("abc")),
        min_size=1,
        max_size=200,
    ),
    st.integers(1, 8),
    st.integers(0, 12),
)
def test_what_all_processes_let_through_is_bounded(
    sent: list[tuple[float, int, str]], rate: int, more: int
) -> None:
    """In any time, however requests are spread, each process lets through its burst and its rate.

    So the sum is at most as many times that as processes were asked.
    """
    burst = rate + more
    clock = Clock()
    processes: dict[int, PersonRates] = {}
    passed: list[tuple[float, int, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(person_rates, "time", clock)
        for pause, process, person in sent:
            clock.now += pause
            rates = processes.setdefault(process, PersonRates(rate, burst))
            if not rates.wait(person):
                passed.append((clock.now, process, person))
    for begin, _, person in passed:
        for end in {moment for moment, _, _ in passed if moment >= begin}:
            within = [p for at, p, who in passed if begin <= at <= end and who == person]
            asked = len(set(within))
            assert len(within) <= asked * (burst + rate * (end - begin)) + 1e-6


@given(st.lists(st.floats(-10, 10), max_size=60))
def test_a_clock_that_jumps_gives_nothing_away(steps: list[float]) -> None:
    """A clock that is set back gives nobody more than their burst at once, and locks nobody out."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(person_rates, "time", clock)
        rates = PersonRates(RATE, BURST)
        for step in steps:
            clock.now += step
            assert 0 <= rates.wait("me") <= 1 / RATE
        assert sum(not rates.wait("me") for _ in range(3 * BURST)) <= BURST
        clock.now += BURST / RATE
        assert rates.wait("me") == 0


def test_the_memory_is_bounded(clock: Clock) -> None:
    """However many people ask, a process keeps a bounded number of buckets: the latest."""
    rates = PersonRates(RATE, BURST)
    for number in range(3 * MOST_KNOWN):
        rates.wait(f"person-{number}")
        for _ in range(2):
            rates.wait("always")
        clock.now += 0.001
        assert len(rates._buckets) <= MOST_KNOWN
    assert rates.wait("always") > 0


def ask(claims: dict[str, str] | None, path: str = "/orders") -> tuple[int, dict[str, str], Any]:
    """Send a request through a handler that answers nothing; give status, headers and body."""
    handler = endpoint(lambda _: Response(200, {}, {}))
    result = handler(event("GET", path, claims=claims), None)
    return result["statusCode"], result["headers"], json.loads(result["body"])


@pytest.mark.parametrize("groups", ["", "operators"])
@pytest.mark.usefixtures("limited", "no_store")
def test_a_quick_person_is_told_when_to_come_back(clock: Clock, groups: str) -> None:
    """Above my rate I get 429 as from API Gateway: a problem, and Retry-After; then I am served."""
    me = {"token_use": "id", "sub": "me", "cognito:groups": groups}
    assert [ask(me)[0] for _ in range(BURST)] == [200] * BURST
    status, headers, body = ask(me)
    assert (status, headers["Retry-After"]) == (429, "1")
    assert headers["Content-Type"] == "application/problem+json"
    assert body["type"] == "urn:problem-type:food-delivery:too-many-requests"
    assert (body["title"], body["status"]) == ("Too many requests at once", 429)
    assert ask({**me, "sub": "somebody else"})[0] == 200
    clock.now += 1
    assert ask(me)[0] == 200


@pytest.mark.usefixtures("limited", "no_store")
def test_a_new_token_is_no_new_person(clock: Clock) -> None:
    """Who signs in again, from wherever, is still the same person with the same rate."""
    assert clock.now
    mine = [{"token_use": "id", "sub": "me", "jti": str(number)} for number in range(2 * BURST)]
    statuses = [ask(claims)[0] for claims in mine]
    assert statuses == [200] * BURST + [429] * BURST


@pytest.mark.usefixtures("limited", "no_store")
def test_partners_are_counted_by_their_plans(clock: Clock) -> None:
    """A partner's customers share its key, so its usage plan alone says how quick it may be."""
    assert clock.now
    assert {ask(None, "/partner/orders")[0] for _ in range(5 * BURST)} == {200}


@pytest.mark.usefixtures("no_store")
def test_who_is_nobody_is_told_that_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is none is refused as such, however often, and fills no bucket."""
    monkeypatch.setenv(PERSON_THROTTLE, "1 1")
    assert {ask({"token_use": "access", "sub": "me"})[0] for _ in range(5)} == {401}
