"""What each handler refuses before it asks DynamoDB anything, and what a flag switches off."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import parameters, partners
from orders.aws_api import Unreachable
from orders.domain.listing import EVER, Filters, milliseconds_of
from orders.handlers import create_order, get_order, list_orders, update_order
from tests.shared.events import event
from tests.shared.examples import ORDER
from tests.shared.stream_records import item
from tests.unit.conftest import OWN_STAGE, NoStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.domain.order import Item
    from orders.store import Claim

pytestmark = pytest.mark.usefixtures("no_store")

NOT_IDS = ["", "42", "0" * 36, "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "x" * 5000, "🍕"]


def refused(module: Any, sent: dict[str, Any]) -> tuple[int, str]:
    """Send an event that must be refused; give the status and what the problem points to."""
    result = module.handler(sent, None)
    problem = json.loads(result["body"])
    return result["statusCode"], problem.get("errors", [{"pointer": ""}])[0]["pointer"]


@pytest.mark.parametrize("key", [None, "", " ", "a b", "k" * 256, "schlüssel", "a\tb"])
def test_an_order_needs_an_idempotency_key(key: str | None) -> None:
    """Without a key of visible ASCII characters no order is placed, and the problem says so."""
    headers = {} if key is None else {"Idempotency-Key": key}
    sent = event("POST", body=ORDER, headers=headers)
    assert refused(create_order, sent) == (400, "Idempotency-Key")


def test_a_refused_order_is_counted_once_and_its_line_says_why(
    written: Callable[[], list[dict[str, Any]]],
) -> None:
    """Refusals are one metric of the stage, without the reason: that stands in the log."""
    refused(create_order, event("POST", body={"no": "order"}, headers={"Idempotency-Key": "k"}))
    line, counted = written()
    assert counted["OrdersRefused"] == [1.0]
    assert counted["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "stage"]]
    assert (counted["service"], counted["stage"]) == ("orders", OWN_STAGE)
    assert line["problem"] == "invalid-body"


@given(st.text("/aZ0.~_- %?\n\u0430", max_size=6))
def test_an_orders_address_is_below_the_path_that_was_asked_for(path: str) -> None:
    """Only a path of names, each of unreserved characters, goes into `Location`."""
    unreserved = r"(?:/[A-Za-z0-9._~-]+)+/?"
    assert create_order._is_plain(path) == (re.fullmatch(unreserved, path) is not None)


class Kept(NoStore):
    """A store that keeps what is placed."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []

    def create(self, item: Item, _: Claim) -> tuple[Item, bool]:
        self.items.append(item)
        return item, False


@pytest.mark.parametrize(("days", "kept"), [("", None), ("30", 30), ("3650", 3_650)])
def test_an_order_goes_when_the_stage_says(
    monkeypatch: pytest.MonkeyPatch, days: str, kept: int | None
) -> None:
    """A new order has the second at which it is deleted; none, where orders are kept for ever."""
    monkeypatch.setenv("ORDER_RETENTION_DAYS", days)
    store = Kept()
    monkeypatch.setattr(create_order, "store", lambda: store)
    sent = event("POST", body=ORDER, headers={"Idempotency-Key": "k"})
    answer = create_order.handler(sent, None)
    assert (answer["statusCode"], "expiresAt" in answer["body"]) == (201, False)
    (item_,) = store.items
    placed_at = milliseconds_of(item_["timestamp"]) // 1000
    assert item_.get("expiresAt") == (None if kept is None else placed_at + kept * 86_400)


@pytest.mark.parametrize("order_id", NOT_IDS)
def test_an_id_that_cannot_be_is_not_found_without_a_read(order_id: str) -> None:
    """What is no UUIDv7 is answered 404 like any missing order, and costs no read."""
    assert refused(get_order, event("GET", order_id=order_id))[0] == 404
    change = event("PATCH", order_id=order_id, body={"status": "CONFIRMED"})
    assert refused(update_order, change)[0] == 404


def test_all_faults_of_a_query_are_told_at_once() -> None:
    """Each wrong parameter is named: unknown, repeated, of another form, or not with another."""
    query = {
        "limit": ["0"],
        "statsu": ["PLACED"],
        "status": ["PLACED", "LOST"],
        "reference": ["a", "b"],
        "cursor": ["abc"],
        "createdFrom": ["2026-11-23T00:00:00Z"],
        "createdTo": ["2026-11-22T00:00:00Z"],
    }
    problem = json.loads(list_orders.handler(event("GET", query=query), None)["body"])
    named = [fault["pointer"] for fault in problem["errors"]]
    assert named == ["limit", "statsu", "status", "reference", "cursor", "createdTo"]
    assert problem["detail"].startswith("6 faults; the first, at limit: Must be a whole number")


def test_of_a_query_with_many_faults_twenty_are_told() -> None:
    """The answer stays short, whatever is sent."""
    query = {f"unknown-{number}": ["x"] for number in range(30)}
    problem = json.loads(list_orders.handler(event("GET", query=query), None)["body"])
    assert len(problem["errors"]) == 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", "٣"),
        ("limit", ""),
        ("status", "placed"),
        ("status", "LOST"),
        ("cursor", "abc"),
        ("cursor", ""),
        ("cursor", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
        ("customerId", ""),
        ("customerId", "c" * 301),
        ("customerId", "a\x00"),
        ("restaurant", "rest-42"),
        ("restaurantId", ""),
        ("restaurantId", "r" * 129),
        ("reference", ""),
        ("reference", "a b"),
        ("reference", "r" * 65),
        ("createdFrom", ""),
        ("createdFrom", "2026-11-22"),
        ("createdFrom", "2026-11-22T12:00:00 01:00"),
        ("createdTo", "2026-11-22T12:00:00"),
        ("createdTo", "tomorrow"),
    ],
)
def test_a_list_refuses_a_bad_parameter_by_name(name: str, value: str) -> None:
    """Each query parameter that cannot be is named in the problem."""
    assert refused(list_orders, event("GET", query={name: [value]})) == (400, name)


LAST = "01a2055b-8cae-7809-986e-66c157b96611"
"""An order of 2026-11-22T22:39:07.950Z."""


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": ["PLACED", "LOST"]}, "status"),
        ({"status": ["PLACED,READY"]}, "status"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"createdFrom": ["2026-11-22T12:00:00Z"] * 2}, "createdFrom"),
        (
            {"createdFrom": ["2026-11-22T12:00:00Z"], "createdTo": ["2026-11-22T11:00:00Z"]},
            "createdTo",
        ),
        ({"cursor": [LAST], "status": ["PLACED"]}, "cursor"),
        ({"cursor": [LAST], "customerId": ["cust-1"]}, "cursor"),
        ({"cursor": [f"{LAST}.00000000"]}, "cursor"),
    ],
)
def test_a_query_that_cannot_be_is_refused(query: dict[str, list[str]], pointer: str) -> None:
    """Of several values each counts; a range goes forward; a cursor goes with its own query."""
    assert refused(list_orders, event("GET", query=query)) == (400, pointer)


@pytest.mark.parametrize(
    "bounds",
    [
        {"createdFrom": "2026-11-23T00:00:00Z"},
        {"createdTo": "2026-11-22T12:00:00Z"},
    ],
)
def test_a_cursor_outside_its_range_is_refused(bounds: dict[str, str]) -> None:
    """Nobody was given one: DynamoDB would refuse it, and that is no fault of ours."""
    moments = {"createdFrom": 0, "createdTo": EVER} | {
        name: milliseconds_of(text) for name, text in bounds.items()
    }
    start, end = moments.values()
    forged = Filters(start=start, end=end).cursor(LAST, {})
    query = {"cursor": [forged], **{name: [text] for name, text in bounds.items()}}
    assert refused(list_orders, event("GET", query=query)) == (400, "cursor")


@pytest.mark.parametrize("name", ["reference", "customerId", "partnerId"])
def test_a_customer_has_no_choice_of_whose_orders(name: str) -> None:
    """What is for staff is an unknown parameter to me."""
    sent = event("GET", "/orders", query={name: ["x"]}, claims=ME)
    assert refused(list_orders, sent) == (400, name)


@pytest.mark.parametrize("tag", ["1", "1,2", '"1', "W/1", '"1" "2"', ""])
def test_an_if_match_that_is_no_etag_is_named(tag: str) -> None:
    """A version without its quotes is a mistake that the caller hears of, not a stale order."""
    order_id = "01a2055b-8cae-7809-986e-66c157b96611"
    sent = event("PATCH", order_id=order_id, body={"note": "x"}, headers={"If-Match": tag})
    assert refused(update_order, sent) == (400, "If-Match")


def test_an_empty_patch_is_told_what_it_could_change() -> None:
    """A PATCH that changes nothing is refused before any write."""
    order_id = "01a2055b-8cae-7809-986e-66c157b96611"
    assert refused(update_order, event("PATCH", order_id=order_id, body={})) == (400, "#")


class Edits(NoStore):
    """A store whose every order is mine, and that counts its changes."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0

    def update(self, order_id: str, *_: Any, **__: Any) -> Item:
        self.changes += 1
        return {**item(), "orderId": order_id}


class Asked:
    """A Parameter Store that holds one text, or is away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.text: str | None = "{}"
        self.reads = 0
        monkeypatch.setenv("FLAGS_PARAMETER", "/x/flags")
        monkeypatch.setattr(parameters, "call", self.call)

    def call(self, *_: Any) -> dict[str, Any]:
        self.reads += 1
        if self.text is None:
            raise Unreachable("TimeoutError")
        return {"Parameter": {"Value": self.text}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


@pytest.fixture
def edits(monkeypatch: pytest.MonkeyPatch) -> Edits:
    made = Edits()
    monkeypatch.setattr(update_order, "store", lambda: made)
    return made


ORDER_ID = "01a2055b-8cae-7809-986e-66c157b96611"
ME = {"token_use": "id", "sub": "me"}
NOT_ME = json.dumps({"order-edits": {"enabled": True, "deny": ["me"]}})


def patch(body: Any, claims: dict[str, str] | None = None) -> tuple[int, str]:
    """Change an order as a person, or without claims as a partner; give status and problem."""
    path = "/orders" if claims else "/partner/orders"
    sent = event("PATCH", path, order_id=ORDER_ID, body=body, claims=claims)
    answer = update_order.handler(sent, None)
    return answer["statusCode"], json.loads(answer["body"]).get("type", "").rpartition(":")[2]


@pytest.mark.parametrize(
    "contents",
    [
        *({"note": "x"}, {"note": None}, {"deliveryAddress": {"line2": "2"}}, {"tip": 0}),
        *({"items": ORDER["items"]}, {"contactPhone": "+41791234567"}, {"scheduledFor": None}),
    ],
)
def test_a_customer_whose_edits_are_off_changes_no_contents(
    asked: Asked, edits: Edits, contents: dict[str, Any], log_lines: Callable[[], list[Any]]
) -> None:
    """With `order-edits` off for me I am told so, 403, nothing is written; the log says why."""
    asked.text = NOT_ME
    assert patch(contents, ME) == (403, "edits-disabled")
    assert patch({**contents, "status": "CANCELLED"}, ME) == (403, "edits-disabled")
    assert edits.changes == 0
    line = log_lines()[0]
    assert (line["flag"], line["flagOn"], line["flagWhy"]) == ("order-edits", False, "set")
    assert asked.reads == 1


@pytest.mark.parametrize(
    ("body", "claims"),
    [
        ({"status": "CANCELLED"}, ME),
        ({"note": "x"}, {**ME, "cognito:groups": "operators"}),
        ({"note": "x"}, None),
    ],
)
def test_moves_operators_and_partners_never_ask_whether_edits_are_on(
    asked: Asked, edits: Edits, body: Any, claims: dict[str, str] | None
) -> None:
    """I can always cancel; partners and operators always edit; none waits for Parameter Store."""
    asked.text = NOT_ME
    assert patch(body, claims)[0] == 200
    assert (edits.changes, asked.reads) == (1, 0)


@pytest.mark.parametrize("text", ["{}", None, "no JSON"])
def test_customers_edit_unless_somebody_has_switched_it_off(
    asked: Asked, edits: Edits, text: str | None
) -> None:
    """Without a setting, and while none can be read, I edit my order; it is asked for once."""
    asked.text = text
    assert [patch({"note": "x"}, ME)[0] for _ in range(3)] == [200] * 3
    assert (edits.changes, asked.reads) == (3, 1)


def test_a_decision_stands_in_the_log(
    asked: Asked,
    edits: Edits,
    log_lines: Callable[[], list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which flag was asked and what it said is in the request's line, and no metric is paid for."""
    patch({"note": "x"}, ME)
    assert (edits.changes, asked.reads) == (1, 1)
    (line,) = log_lines()
    assert (line["flag"], line["flagOn"]) == ("order-edits", True)
    assert not capsys.readouterr().out


class Placing(NoStore):
    """A store that places every order, knows it when it comes again, and lets it be moved."""

    def __init__(self, partner_id: str) -> None:
        super().__init__()
        self.partner_id = partner_id
        self.placed: dict[str, Item] = {}

    def partner_of(self, api_key_id: str) -> Item | None:
        del api_key_id
        return {"partnerId": self.partner_id}

    def create(self, item: Item, claim: Claim) -> tuple[Item, bool]:
        replayed = claim.key in self.placed
        return self.placed.setdefault(claim.key, item), replayed

    def update(self, *_: Any, **__: Any) -> Item:
        (order,) = self.placed.values()
        return {**order, "status": "CANCELLED", "version": 2}


@pytest.mark.parametrize(
    ("partner_id", "counted"),
    [
        ("acme", ["OrdersCreated", "OrdersReplayed", "StatusChanges"]),
        ("heartbeat", []),
    ],
)
def test_business_figures_are_of_orders_that_somebody_wants(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    partner_id: str,
    counted: list[str],
) -> None:
    """A partner's orders are counted; those of the heartbeat, placed all day long, are not."""
    fake = Placing(partner_id)
    for place in ("partners", "handlers.create_order", "handlers.update_order"):
        monkeypatch.setattr(f"orders.{place}.store", lambda: fake)
    partners.directory.cache_clear()
    post = event("POST", body=ORDER, headers={"Idempotency-Key": "k"})
    assert [create_order.handler(post, None)["statusCode"] for _ in range(2)] == [201, 201]
    move = event("PATCH", order_id=ORDER_ID, body={"status": "CANCELLED"})
    assert update_order.handler(move, None)["statusCode"] == 200
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    told = [metric for line in lines for metric in line["_aws"]["CloudWatchMetrics"]]
    assert [metric["Name"] for each in told for metric in each["Metrics"]] == counted
