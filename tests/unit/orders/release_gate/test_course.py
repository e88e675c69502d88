"""How the gate goes about it: what it asks, what it lets pass, and when it gives up."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from orders.custom_resource import Refused
from orders.domain.synthetic import is_synthetic
from orders.release_gate import KEY_ID
from orders.release_gate.gate import SECONDS, Gate
from orders.release_gate.plan import CHANGING, LISTING, PLACING, READING, REQUESTED, plan_of
from orders.release_gate.shapes import shapes, subtotal_of, total_of
from orders.routes import ROUTES
from tests.fuzz.tables import ORDERS, PARTNERS
from tests.unit.orders.release_gate.fake import NEW, OLD, FakeLambda
from tests.unit.orders.release_gate.test_faults import answering, other_status, with_body

if TYPE_CHECKING:
    from collections.abc import Callable

    Asked = Callable[..., dict[str, Any]]
    Refusal = Callable[..., str]

DOLLARS_A_CALL = 0.2e-6 + 0.25 * 0.05 * 13.3334e-6
"""Of Lambda on arm64: a call of 50 ms with 256 MB."""

DOLLARS_A_WRITE = 25 * 0.625e-6
"""Of DynamoDB: the most that a write of an order takes, its indexes and the transaction with it,
and what pipe, topic, queues and workers make of it."""


def test_a_release_that_is_as_it_was_goes_live(fake: FakeLambda, asked: Asked) -> None:
    """A good release is not held up, and the log tells what was asked and how long it took."""
    notes = asked(Rounds="5")
    assert notes["rounds"] == 5
    assert notes["live"] == dict.fromkeys(fake.live, OLD)
    assert notes["moved"] == {}
    assert notes["calls"] == len(fake.calls)
    assert set(notes["medianMilliseconds"]) == {*REQUESTED, "process_order", "notify_partner"}
    assert all(sides == {"live": 10, "new": 10} for sides in notes["medianMilliseconds"].values())


def test_a_release_costs_less_than_a_cent(fake: FakeLambda, asked: Asked) -> None:
    """Whoever deploys ten times a day pays for it in cents a month."""
    calls = asked(Rounds="5")["calls"]
    writes = sum(item["version"] for item in fake.tables.items[ORDERS].values())
    assert calls < 1_000
    assert calls * DOLLARS_A_CALL + writes * DOLLARS_A_WRITE < 0.01


def test_nobody_hears_of_what_is_ordered(fake: FakeLambda, asked: Asked) -> None:
    """The gate's orders are the service's own: marked, of no restaurant, and gone after a week."""
    asked()
    items = fake.tables.items[ORDERS].values()
    assert len(items) == 12
    assert all(is_synthetic(item) and "expiresAt" in item for item in items)
    assert {item["partnerId"] for item in items} == {"heartbeat"}
    assert not any("servedBy" in item for item in items)
    assert [item["status"] for item in items].count("CANCELLED") == 10
    assert fake.tables.items[PARTNERS] == {
        (KEY_ID,): {"apiKeyId": KEY_ID, "partnerId": "heartbeat"}
    }
    assert fake.letters == []


def test_no_figure_of_the_business_counts_them(
    fake: FakeLambda, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither orders nor refusals, moves or latencies of the gate stand in a dashboard."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("orders.log.Log.put", lambda _, line: lines.append(line))
    fake.flags = json.dumps({"auto-confirm": {"enabled": True}})
    asked()
    assert lines
    assert [line for line in lines if "_aws" in line] == []


def test_every_route_is_asked_of_both(fake: FakeLambda, asked: Asked) -> None:
    """A release that breaks a route breaks what the gate asks."""
    asked()
    everything = {f"{route.method} {route.path}" for route in ROUTES}
    seldom = {  # their function is asked by a GET of the same path
        f"HEAD {prefix}{path}"
        for prefix in ("", "/partner")
        for path in (
            "/restaurants/{restaurantId}/orders",
            "/restaurants/{restaurantId}/orders/{orderId}",
        )
    } | {"HEAD /orders/{orderId}", "HEAD /partner/orders"}
    for side in ("live", NEW):
        assert set(fake.asked_of(side)) == everything - seldom
    places = Counter(function for function, _, _ in fake.calls)
    assert min(places[function] for function in REQUESTED) > 10


def test_the_new_versions_are_asked_five_at_once_first(
    fake: FakeLambda, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who come first after a release find five environments that have started."""
    at_once, most, lock = Counter[str](), Counter[str](), threading.Lock()
    barrier = threading.Barrier(5, timeout=20)
    take = fake.take

    def waiting(path: str, body: bytes) -> Any:
        name = path.split("/")[3]
        if path.endswith(f"={NEW}") and most[name] < 5:
            with lock:
                at_once[name] += 1
                most[name] = max(most[name], at_once[name])
            barrier.wait()
            with lock:
                at_once[name] -= 1
        return take(path, body)

    monkeypatch.setattr(fake, "take", waiting)
    asked()
    assert dict(most) == {f"stage-{function}": 5 for function in fake.live}


# --- What a release may add


def test_a_release_may_add_to_what_it_answers(fake: FakeLambda, asked: Asked) -> None:
    """A new field and a new header break no client, and need no exception."""
    more = with_body(lambda body: body.update(courier="none"))
    timed = answering(lambda answer, _: answer["headers"].update({"Server-Timing": "db;dur=3"}))
    for function in REQUESTED:
        fake.faults[function, NEW] = lambda handler: more(timed(handler))
    asked()


def test_what_a_release_adds_it_adds_everywhere(fake: FakeLambda, refusal: Refusal) -> None:
    """An order that is placed with a field and read without it is no addition."""
    fake.faults["create_order", NEW] = with_body(lambda body: body.update(courier="none"))
    assert "get_order version 8" in refusal()


def test_a_release_may_mend_the_words_of_a_problem(fake: FakeLambda, asked: Asked) -> None:
    """What people read may get clearer; what programs read stays."""

    def clearer(body: dict[str, Any]) -> None:
        body["detail"] = "In other words"
        for fault in body.get("errors", ()):
            fault["detail"] = "In other words"

    for function in REQUESTED:
        fake.faults[function, NEW] = with_body(clearer, good=False)
    asked()


# --- What is live


def test_what_was_moved_by_hand_is_told_and_replaced(fake: FakeLambda, asked: Asked) -> None:
    """An alias that `orders logs level`, or somebody, has moved is compared as callers meet it."""
    fake.versions["get_order"].append("5")
    fake.live["get_order"] = "5"
    notes = asked()
    assert notes["moved"] == {"get_order": "5"}
    assert notes["rounds"] == 1


def test_what_moves_meanwhile_stops_the_release(fake: FakeLambda, refusal: Refusal) -> None:
    """Nobody can tell what a new version was compared with while somebody moves what is live."""

    def moving(handler: Any) -> Any:
        def answer(event: dict[str, Any], context: Any) -> Any:
            if json.loads(event["body"]):
                fake.live["get_order"] = "6"
            return handler(event, context)

        return answer

    fake.versions["get_order"].append("6")
    fake.faults["create_order", NEW] = moving
    assert "get_order: live was version 7 and is 6 now." in refusal()


def test_another_version_than_was_asked_is_no_answer(fake: FakeLambda, refusal: Refusal) -> None:
    """Who has answered is what Lambda says of the answer itself."""
    fake.forged["get_order", NEW] = OLD
    assert refusal() == "get_order was asked for version 8; 7 ran."
    fake.forged = {("get_order", "live"): ""}
    assert refusal() == "get_order: Lambda does not say which version is live."


def test_a_live_version_that_fails_is_named(fake: FakeLambda, refusal: Refusal) -> None:
    """Whoever mends what is broken sees that it is the live version that the gate stumbles over."""
    fake.faults["create_order", OLD] = other_status(201, 500)
    assert refusal() == (
        "create_order version 7 (live) answers POST /partner/orders wrongly: "
        "status 500 and not 201."
    )


def test_a_function_that_is_new_is_asked_alone(fake: FakeLambda, refusal: Refusal) -> None:
    """The first release of a function has none to be compared with, and must work all the same."""
    del fake.live["list_orders"]
    old = fake.properties(OLD)
    del old["Functions"]["list_orders"]
    gate = Gate(plan_of(fake.properties(), old))
    gate.check()
    assert "list_orders" not in gate.notes["live"]
    assert not any(call[:2] == ("list_orders", "live") for call in fake.calls)
    assert refusal() == (
        "list_orders live cannot be asked GET /partner/orders: ResourceNotFoundException."
    )


def test_what_is_live_already_is_not_asked_again(fake: FakeLambda, asked: Asked) -> None:
    """A deployment that is repeated orders nothing."""
    fake.live = dict.fromkeys(fake.live, NEW)
    assert asked()["rounds"] == 0
    assert fake.tables.items[ORDERS] == {}


# --- What cannot be reached


def test_what_cannot_be_reached_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """A gate that cannot look does not open."""
    del fake.versions["get_order"][1]
    assert refusal() == (
        "get_order 8 cannot be asked GET /partner/orders/{orderId}: ResourceNotFoundException."
    )


def test_a_role_that_may_not_is_told_so_after_half_a_minute(
    fake: FakeLambda, refusal: Refusal
) -> None:
    """IAM is given time to spread what a role may do, and no more."""
    before = fake.clock.now
    fake.refusals = [(403, "AccessDeniedException")] * 100
    assert "cannot be asked POST /partner/orders: AccessDeniedException." in refusal()
    assert 25 <= fake.clock.now - before <= 35


def test_the_gate_needs_its_key(fake: FakeLambda, refusal: Refusal) -> None:
    """Without its entry among the partners nothing could be ordered, and it says so."""
    fake.allowed = False
    assert refusal() == (
        "The gate cannot enter its key: AccessDeniedException at PutItem on the table of partners."
    )


@pytest.mark.parametrize(
    "refused",
    [(429, "TooManyRequestsException"), (500, "ServiceException"), (403, "AccessDeniedException")],
)
def test_what_passes_is_waited_for(
    fake: FakeLambda, asked: Asked, refused: tuple[int, str]
) -> None:
    """Others' bursts, a hiccup of Lambda's and a new permission hold no release up."""
    fake.refusals = [refused] * 3
    assert asked()["rounds"] == 1


def test_it_ends_in_time_and_tells_how_far_it_came(fake: FakeLambda, refusal: Refusal) -> None:
    """CloudFormation hears of a gate that is not done before it gives up waiting."""
    for function in fake.live:
        fake.seconds[function, OLD] = fake.seconds[function, NEW] = 1.0
    before = fake.clock.now
    told = refusal(Rounds="5")
    assert told.startswith(f"The gate was not done after {SECONDS:.0f} s: 0 of 5 rounds, ")
    assert told.endswith(" calls, then lists. Deploy again; its log has the times.")
    assert fake.clock.now - before <= SECONDS + 2


def test_it_ends_early_where_a_release_is_slow(fake: FakeLambda, refusal: Refusal) -> None:
    """Nobody waits for five rounds where the first one tells."""
    fake.seconds["create_order", NEW] = 1.2
    before = fake.clock.now
    assert "create_order version 8 is slow" in refusal(Rounds="5")
    assert fake.clock.now - before < 60


# --- What is ordered


def test_five_shapes_of_order_are_asked_for() -> None:
    """A tip, options, notes, a schedule, and the largest order: each has been wrong somewhere."""
    made = {shape.name: shape for shape in shapes("c")}
    assert set(made) == {"tip", "options", "notes", "scheduled", "largest"}
    assert made["tip"].body["tip"] > 0
    assert sum(len(line.get("options", ())) for line in made["options"].body["items"]) == 3
    assert made["notes"].body["note"]
    assert made["notes"].body["items"][0]["note"]
    assert made["scheduled"].body["scheduledFor"]
    size = len(json.dumps(made["largest"].body, separators=(",", ":")))
    assert len(made["largest"].body["items"]) == 50
    assert 6_500 < size <= 8 * 1024


def test_sums_are_added_up_by_hand() -> None:
    """What an order costs is no matter of the code that is being asked."""
    options = shapes("c")[1].body
    assert subtotal_of(options) == 3 * (1000 + 150 + 0 + 75) + 1
    assert total_of(options) == 3676 + 199
    assert total_of(shapes("c")[1].changed) == 99 * 15 + 199
    assert "scheduledFor" not in shapes("c")[3].changed


def test_names_are_those_of_the_functions() -> None:
    """The gate asks the function that the API's routes lead to."""
    function = {route.method: route.function for route in ROUTES if "{orderId}" not in route.path}
    one = {route.method: route.function for route in ROUTES if "{orderId}" in route.path}
    assert (function["POST"], function["GET"]) == (PLACING, LISTING)
    assert (one["GET"], one["PATCH"]) == (READING, CHANGING)


def test_a_plan_that_cannot_be_read_is_refused(fake: FakeLambda) -> None:
    """A template without a version of each function, or with nonsense, deploys nothing."""
    properties = fake.properties()
    del properties["Functions"]["get_order"]
    with pytest.raises(Refused, match="The release names no version of get_order"):
        plan_of(properties, {})
    with pytest.raises(Refused, match="The gate's properties are not right: ValueError"):
        plan_of(fake.properties(Rounds="many"), {})
