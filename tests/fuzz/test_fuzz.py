"""What `make fuzz` does at length, in short; and all that it ever found, once more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orders import idempotency, webhooks
from orders.domain import events
from orders.domain.changes import Owner
from orders.handlers import create_order, list_orders
from orders.store import _Expressions
from orders.webhooks import Endpoint
from tests.fuzz.campaign import Campaign
from tests.fuzz.cases import Case, read
from tests.fuzz.judge import harm
from tests.fuzz.making.generators import GENERATORS

if TYPE_CHECKING:
    from tests.fuzz.world import World

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
SOME = settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@st.composite
def cases(draw: st.DrawFn, target: str) -> Case:
    """Make the cases of `make fuzz` by hypothesis, which finds the smallest by itself."""
    return GENERATORS[target](lambda below: draw(st.integers(0, max(below - 1, 0))))


@pytest.mark.parametrize("target", GENERATORS)
def test_hostile_events_do_no_harm(world: World, target: str) -> None:
    """Whatever a function or a screen is given, it answers, and tells nobody what is not his."""

    @SOME
    @given(cases(target))
    def holds(case: Case) -> None:
        assert harm(case, world.run(case)) == []

    holds()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_once_went_wrong_goes_well(world: World, path: Path) -> None:
    """Each case that was found, and mended, stays mended."""
    case = read(path)
    assert harm(case, world.run(case)) == []


def run(world: World, target: str, cases: int = 200) -> set[str]:
    """Give what so many cases find; each finding without the place that it names."""
    tally = Campaign(world, target, "planted").run(cases)
    return {name.split(": ")[1] for name in tally.found}


def test_a_missing_check_of_the_owner_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an order were shown to everybody, it would be noticed."""
    monkeypatch.setattr(Owner, "owns", lambda *_: True)
    assert "tenant" in run(world, "get_order")


def test_a_list_of_everybodys_orders_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a list were not the caller's own, it would be noticed."""
    monkeypatch.setattr(list_orders, "_owner", lambda *_: None)
    assert "tenant" in run(world, "list_orders")


def test_a_change_of_anothers_order_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the condition of a change forgot the owner, it would be noticed."""
    real: Any = _Expressions.condition

    def forgetful(self: Any, change: Any, _owner: Any, versions: Any) -> Any:
        return real(self, change, None, versions)

    monkeypatch.setattr(_Expressions, "condition", forgetful)
    assert "tenant" in run(world, "update_order", 400)


def test_words_in_the_log_are_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If what somebody wrote came into a log line, it would be noticed."""
    order = create_order._order

    def told(request: Any) -> Any:
        made = order(request)
        request.notes["note"] = str(made.note)
        return made

    monkeypatch.setattr(create_order, "_order", told)
    assert "personal" in run(world, "create_order")


def test_a_header_that_a_client_writes_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an answer's header repeated what a client sent, it would be noticed."""
    monkeypatch.setattr(create_order, "_location", lambda request, _: request.path)
    assert "answer" in run(world, "create_order", 800)


def test_a_bug_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a request that a client can send met a bug, it would be noticed."""
    monkeypatch.setattr(idempotency, "_LONGEST", None)
    assert "unforeseen" in run(world, "create_order")


def test_an_escaping_exception_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an event ended a handler with an exception, it would be noticed."""
    monkeypatch.setattr("orders.http._no_request", lambda error: 1 / 0 if error else None)
    assert "escapes" in run(world, "get_order")


def test_a_webhook_to_the_wrong_partner_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one partner's events went to another's server, it would be noticed."""
    wrong = Endpoint("https://bella.example.com/hook", ("whsec_c2VjcmV0",))
    monkeypatch.setattr("orders.partner_endpoints.PartnerEndpoints.of", lambda *_: wrong)
    assert "tenant" in run(world, "notify_partner")


def test_a_webhook_with_personal_words_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an event told more than ids and the status, it would be noticed."""
    monkeypatch.setattr(events, "type_of", lambda _: "Aq7ours")
    monkeypatch.setattr(webhooks, "_USER_AGENT", "Bz9theirs")
    assert "personal" in run(world, "notify_partner")


def test_a_slow_handler_and_a_greedy_one_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a request took seconds of work, or a hundred megabytes, it would be noticed."""

    def greedy(*_: Any) -> bool:
        return len(b"x" * (100 * 1024 * 1024)) == 0

    monkeypatch.setattr("tests.fuzz.judge.LONGEST_SECONDS", 0.0)
    monkeypatch.setattr(Owner, "owns", greedy)
    wanted = {"slow", "memory"} if Path("/proc/self/clear_refs").exists() else {"slow"}
    assert wanted <= run(world, "get_order", 30)
