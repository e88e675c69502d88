"""The simulation keeps its own rules, whatever is asked of it."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from dataclasses import replace

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.settings import settings_of
from project.markdown import with_blocks
from simulation import figures, report, scenarios, validation
from simulation.__main__ import FOUND, PAGE
from simulation.figures import PLATFORM_START, Cost
from simulation.model import Bucket, Pool, Service, Setup, percentile
from simulation.validation import Demand, predict

SETUP = Setup(cost=Cost(0.05, 0.003, 0.001), worker=Cost(0.05, 0.008, 0.001))
moments = st.lists(st.floats(0, 5), min_size=1, max_size=60)


@settings(max_examples=40)
@given(moments, st.integers(0, 20), st.integers(1, 30), st.integers(1, 9))
def test_every_request_is_answered_once(
    arrivals: list[float], warm: int, reserved: int, seed: int
) -> None:
    """Nothing is lost and nothing doubled; no more environments are busy than there may be."""
    service = Service(replace(SETUP, warm=warm, reserved=reserved), seed).run(arrivals)
    assert sorted(answer.arrived for answer in service.answers) == sorted(arrivals)
    assert service.pool.peak <= reserved
    assert service.pool.busy == service.worker_pool.busy == 0
    for answer in service.answers:
        assert answer.seconds >= 0
        assert answer.status in {201, 500}
        assert answer.processed is None or answer.processed > answer.seconds


@pytest.mark.parametrize("at_once", [100, 150, 300])
@pytest.mark.parametrize("routes", [1, 2])
def test_a_burst_is_served_or_told_to_come_back(at_once: int, routes: int) -> None:
    """As prod is set up, what is let through is served; the rest gets 429, and nobody a 500.

    By one of the two routes that place orders, or by both together.
    """
    setup = replace(scenarios.base(), routes=routes)
    service = Service(setup).run([0.0] * at_once)
    statuses = Counter(answer.status for answer in service.answers)
    let_through = min(at_once, routes * settings_of("prod").placing_throttle.burst)
    assert statuses == +Counter({201: let_through, 429: at_once - let_through})


def test_more_let_through_than_reserved_is_an_error_to_callers() -> None:
    """Two routes' bursts above the reservation: Lambda refuses at once, and callers get 500."""
    setup = replace(scenarios.base(), routes=2, reserved=100)
    service = Service(setup).run([0.0] * 300)
    assert Counter(answer.status for answer in service.answers) == {201: 100, 500: 200}


def test_the_same_seed_gives_the_same_answers() -> None:
    """Whoever simulates again reads the same table."""
    runs = [Service(SETUP, 7).run([0.0] * 30).answers for _ in range(2)]
    assert runs[0] == runs[1]


def test_one_environment_serves_one_request_at_a_time() -> None:
    """Requests at the same moment each need an environment; one after the other share one."""
    together = Service(SETUP).run([0.0] * 10)
    assert (together.pool.peak, together.pool.started) == (10, 10)
    in_turn = Service(SETUP).run([10.0 * number for number in range(10)])
    assert (in_turn.pool.peak, in_turn.pool.started) == (1, 1)


def test_an_idle_environment_ends_and_a_provisioned_one_does_not() -> None:
    """After a lull the next request starts one, unless some are kept."""
    lull = [0.0, 60.0 * (figures.IDLE_MINUTES.value + 1)]
    assert [answer.cold for answer in Service(SETUP).run(lull).answers] == [True, True]
    kept = Service(replace(SETUP, kept=1)).run(lull)
    assert [answer.cold for answer in kept.answers] == [False, False]


@given(st.floats(0.1, 100), st.floats(1, 500), moments)
def test_a_bucket_gives_no_more_than_it_gets(rate: float, most: float, times: list[float]) -> None:
    """Throttles and capacity let pass what was saved and what has come since, and no more."""
    env = simpy.Environment()
    bucket = Bucket(env, rate, most)
    taken = 0

    def take() -> object:
        nonlocal taken
        for moment in sorted(times):
            yield env.timeout(max(0.0, moment - env.now))
            taken += bucket.take()

    env.process(take())  # type: ignore[arg-type] # a generator of time-outs
    env.run()
    assert taken <= most + rate * max(times) + 1e-6


def test_lambda_starts_a_thousand_at_once_and_a_hundred_a_second() -> None:
    """What exceeds the scaling rate is refused, as AWS refuses it."""
    env = simpy.Environment()
    pool = Pool(env, 10_000, 0, 0)
    started = [pool.take() for _ in range(1_200)]
    assert started == [True] * 1_000 + [None] * 200


def test_a_waiting_line_is_as_long_as_the_formula_says() -> None:
    """At one server with fixed service, the mean wait is that of an M/D/1 queue within 5 %."""
    env = simpy.Environment()
    server = simpy.Resource(env, 1)
    chance, service, load = random.Random(3), 1.0, 0.7
    waits: list[float] = []

    def customer() -> object:
        came = env.now
        with server.request() as turn:
            yield turn
            waits.append(env.now - came)
            yield env.timeout(service)

    def arrive() -> object:
        for _ in range(60_000):
            yield env.timeout(chance.expovariate(load / service))
            env.process(customer())  # type: ignore[arg-type] # a generator of events

    env.process(arrive())  # type: ignore[arg-type] # the same
    env.run()
    expected = load * service / (2 * (1 - load))
    assert sum(waits) / len(waits) == pytest.approx(expected, rel=0.05)


def test_the_local_model_is_a_line_at_the_emulator() -> None:
    """Many at once wait for the emulator in turn; alone nobody waits."""
    demand = Demand(client=0.0, door=0.0, emulator=0.01, function=0.0, alone=0.02)
    assert predict(demand, 1, 2) == pytest.approx((20, 20))
    assert predict(demand, 50, 2)[1] == pytest.approx(48 * 10 + 10, rel=0.1)


def test_a_client_that_is_busy_sends_one_after_the_other() -> None:
    """The client is one process as well: who comes last has waited for all the others' halves."""
    demand = Demand(client=0.01, door=0.0, emulator=0.0, function=0.0, alone=0.01)
    assert predict(demand, 1, 2) == pytest.approx((10, 10))
    assert predict(demand, 50, 2)[1] == pytest.approx(50 * 10, rel=0.1)


def test_who_waits_for_a_function_does_so_behind_the_door() -> None:
    """So many are at their functions at once: the first are answered while the last wait."""
    demand = Demand(client=0.0, door=0.002, emulator=0.01, function=0.0, alone=0.012)
    p50, p95 = predict(demand, 60, 2)
    assert p95 == pytest.approx(60 * 12, rel=0.05)
    assert p50 < 0.7 * p95


PAGE_TEXT = PAGE.read_text()


def test_the_model_is_as_good_as_the_page_says() -> None:
    """What was measured on a quiet machine is predicted to within a fifth, p50 and p95."""
    found = json.loads(FOUND.read_text())["validation"]
    errors = [abs(error) for one in validation.again(found)["compared"] for error in one["errors"]]
    assert len(errors) == 6
    assert max(errors) < scenarios.MOST_OFF
    assert (
        f"the model, beside the local stack | {max(errors):.0%} | {scenarios.MOST_OFF:.0%} |"
        in PAGE_TEXT
    )


@given(st.lists(st.floats(0, 1e3), min_size=1), st.floats(0.1, 100))
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float) -> None:
    """So many percent are not above it, and with the next smaller value fewer would be."""
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9


def test_times_have_the_median_and_the_tail_that_are_cited() -> None:
    """What is drawn is what the table of sources says."""
    chance = random.Random(1)
    for cited in figures.TIMES:
        drawn = [cited.draw(chance) for _ in range(20_000)]
        assert percentile(drawn, 50) == pytest.approx(cited.median, rel=0.03)
        assert percentile(drawn, 99) == pytest.approx(cited.p99, rel=0.06)


def test_a_start_of_the_runtime_is_as_long_as_those_that_were_measured() -> None:
    """Median and tail are those of lambda-perf's starts, read on the day that is told."""
    seconds = [milliseconds / 1000 for milliseconds in figures.INIT_DURATIONS]
    assert len(seconds) == 30
    assert percentile(seconds, 50) == pytest.approx(figures.RUNTIME_START.median, rel=0.03)
    assert percentile(seconds, 99) == pytest.approx(figures.RUNTIME_START.p99, rel=0.03)


def test_a_whole_cold_start_is_as_long_as_the_second_source_says() -> None:
    """What is assumed beside the measured starts leaves 150 ms in all, and 400 for the slowest."""
    chance = random.Random(2)
    drawn = [PLATFORM_START.draw(chance) for _ in range(20_000)]
    assert percentile(drawn, 50) == pytest.approx(0.150, rel=0.05)
    assert percentile(drawn, 99) == pytest.approx(0.400, rel=0.03)


def test_capacity_that_is_used_up_is_told() -> None:
    """With five units and nothing saved but 300 seconds' worth, a long peak is refused."""
    few = scenarios.stream(replace(SETUP, units=5.0), rate=10, seconds=120)
    enough = scenarios.stream(replace(SETUP, units=100.0), rate=10, seconds=120)
    assert few.refused > 0.2
    assert math.isclose(enough.refused, 0.0)


def test_the_page_says_what_was_found() -> None:
    """The tables are those of the figures beside them; `make simulate` writes both."""
    page = PAGE.read_text()
    found = json.loads(FOUND.read_text())
    assert with_blocks(page, report.blocks(found)) == page


def test_the_setting_keeps_the_promise() -> None:
    """The memory that is set is the cheapest with which a hundred cold starts stay below p95."""
    found = json.loads(FOUND.read_text())
    chosen = found["memories"][f"{scenarios.base().memory} MB"]
    assert chosen["p95"] < 1000 * scenarios.LIMIT_SECONDS
    assert found["cheapest_memory"] == scenarios.base().memory
    assert scenarios.base().memory >= figures.memory_needed()


def test_every_figure_has_a_source() -> None:
    """What was not read somewhere is called an assumption."""
    for one in (*figures.TIMES, *figures.PUBLISHED):
        assert one.source.startswith(("https://", "assumption", "measured"))
        assert one.meaning
    assert figures.HOSTILE.source
