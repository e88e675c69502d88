"""Placing, changing and showing an order."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders import store
from orders.domain.changes import (
    KEYS_KEPT,
    MOST_KEYS,
    Change,
    ChangeKey,
    InvalidField,
    attributes_of,
    check_schedule,
    confirm,
    history_entry,
    meaning_of,
    place,
    place_for_partner,
    request_known,
    revise,
    settled,
    view,
)
from orders.domain.checks import normalize
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Role, Status, statuses_before
from orders.domain.order import Amount, Item, NewOrder, NewPartnerOrder, PartnerOrderPatch
from orders.domain.reasons import REASONED, REASONS_OF
from orders.domain.synthetic import expire, is_synthetic
from tests.shared import examples
from tests.shared.examples import ORDER, order

NOW = 1_795_000_000_123
AT = "2026-11-18T11:06:40.123Z"


SYNTHETIC = {"synthetic", "expiresAt"}

CHARGES = [
    field.encode_name
    for field in msgspec.structs.fields(NewPartnerOrder)
    if Amount in (field.type, *get_args(field.type))
]
"""What an order is charged besides its items."""


def placed(body: dict[str, Any]) -> Item:
    """Place an order as the partner acme."""
    sent = msgspec.convert(body, NewPartnerOrder)
    normalize(sent)
    return place_for_partner(sent, "acme", NOW)


def patch(body: dict[str, Any]) -> PartnerOrderPatch:
    """Read a merge patch of a partner's."""
    sent = msgspec.json.decode(json.dumps(body), type=PartnerOrderPatch)
    normalize(sent)
    return sent


def test_the_example_order_costs_what_its_parts_cost() -> None:
    """An option counts once for each unit; the total adds fee and tip to the items."""
    item = placed(ORDER)
    assert (item["subtotal"], item["total"]) == (2 * (1199 + 150), 2 * (1199 + 150) + 299 + 200)


@given(examples.orders)
def test_totals_add_up_and_every_client_can_read_them(body: dict[str, Any]) -> None:
    """Whatever is ordered, the total is the sum of its parts, to the last minor unit."""
    shown = view(placed(body))
    parts = sum(
        line["quantity"] * (line["unitPrice"] + sum(o["price"] for o in line.get("options", [])))
        for line in body["items"]
    )
    assert shown["subtotal"] == parts
    assert shown["total"] == parts + sum(body.get(name, 0) for name in CHARGES)


@pytest.mark.parametrize("name", CHARGES)
def test_each_amount_beside_the_items_counts_in_the_total(name: str) -> None:
    """Whatever an order is charged besides its items is in its total, also after an edit."""
    (before, after) = (placed({**ORDER, name: amount}) for amount in (100, 101))
    where = f"orders/domain/money.py does not count {name}"
    assert after["total"] == before["total"] + 1, where
    assert after["charges"] == before["charges"] + 1, where


def test_the_largest_order_has_a_total_that_javascript_reads_exactly() -> None:
    """Even fifty lines at every limit stay below 2**53."""
    option = {"name": "o", "price": 999_999_999}
    line = {
        "itemId": "i",
        "name": "n",
        "quantity": 99,
        "unitPrice": 999_999_999,
        "options": [option] * 20,
    }
    largest = order(items=[line] * 50, deliveryFee=999_999_999, tip=999_999_999)
    assert placed(largest)["total"] < 2**53


@given(examples.orders)
def test_what_is_read_is_what_was_placed(body: dict[str, Any]) -> None:
    """Every field comes back as the partner sent it, its own customer id included."""
    shown = view(placed(body))
    for name, value in body.items():
        if name not in {"deliveryAddress", "items"}:
            assert shown[name] == value
    assert [line["name"] for line in shown["items"]] == [line["name"] for line in body["items"]]
    address = {"postalCode": "", **body["deliveryAddress"]}
    assert shown["deliveryAddress"] == pytest.approx(address, abs=1e-7)


def test_a_new_order_is_placed_at_its_id_s_time() -> None:
    """A new order starts as PLACED, version 1, with one entry of history and one time."""
    item = placed(ORDER)
    assert (item["status"], item["version"], item["timestamp"]) == ("PLACED", 1, AT)
    assert item["history"] == [{"status": "PLACED", "at": AT, "by": "partner"}]
    assert timestamp_in(item["orderId"]) == view(item)["createdAt"] == view(item)["updatedAt"] == AT


def test_readers_see_no_internal_attribute() -> None:
    """What only the service needs is never shown."""
    assert set(view(placed(ORDER))) == {
        *ORDER,
        *("orderId", "partnerId", "status", "subtotal", "total", "createdAt", "updatedAt"),
        *("version", "history"),
    }


def test_orders_of_the_heartbeat_are_marked_and_expire_after_a_week() -> None:
    """What the service orders of itself can be told from every order of a person, and goes."""
    heartbeats = place_for_partner(msgspec.convert(ORDER, NewPartnerOrder), "heartbeat", NOW)
    assert is_synthetic(heartbeats)
    assert heartbeats["expiresAt"] == NOW // 1000 + 7 * 86_400
    assert not SYNTHETIC & set(view(heartbeats))


def test_an_order_that_expires_is_not_synthetic_for_it() -> None:
    """Where orders are kept for so many days, they are cooked, told of and counted all the same."""
    item = placed(ORDER)
    expire(item, NOW, 730)
    assert item["expiresAt"] == NOW // 1000 + 730 * 86_400
    assert not is_synthetic(item)
    assert "expiresAt" not in view(item)


@given(examples.orders, st.text(min_size=1).filter(lambda name: name != "heartbeat"))
def test_nobody_else_s_orders_are_marked(body: dict[str, Any], partner_id: str) -> None:
    """No order of a partner or a customer is deleted, or left out of any figure."""
    body = {**body, "restaurantId": "heartbeat", "customerId": "heartbeat"}
    order_of_a_partner = place_for_partner(msgspec.convert(body, NewPartnerOrder), partner_id, NOW)
    new = msgspec.convert(body, NewPartnerOrder)
    order_of_a_customer = place(new, "heartbeat", Role.CUSTOMER, NOW)
    for item in (order_of_a_partner, order_of_a_customer):
        assert not is_synthetic(item)
        assert not SYNTHETIC & set(item)


@given(st.randoms(use_true_random=False))
def test_an_order_always_reads_the_same(random: Any) -> None:
    """DynamoDB gives attributes in any order; the answer's bytes are equal all the same."""

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            members = list(value.items())
            random.shuffle(members)
            return {name: shuffled(member) for name, member in members}
        return [shuffled(element) for element in value] if isinstance(value, list) else value

    item = placed(ORDER)
    assert msgspec.json.encode(view(shuffled(item))) == msgspec.json.encode(view(item))


@pytest.mark.parametrize("latitude", [1e-300, -0.0, 37.774929512345])
def test_coordinates_are_kept_to_the_centimetre(latitude: float) -> None:
    """A coordinate of any precision can be stored and is shown to seven decimals."""
    address = {**ORDER["deliveryAddress"], "latitude": latitude}
    shown = str(placed(order(deliveryAddress=address))["deliveryAddress"]["latitude"])
    assert shown in {"0.0", "37.7749295"}


def test_a_customer_s_order_belongs_to_no_partner() -> None:
    """A direct order carries the customer's own id and is in no partner's list."""
    body = {name: value for name, value in ORDER.items() if name != "customerId"}
    item = place(msgspec.convert(body, NewOrder), "sub-1", Role.CUSTOMER, NOW)
    assert "partnerId" not in item
    assert view(item)["customerId"] == "sub-1"
    assert item["history"][0]["by"] == "customer"


@pytest.mark.parametrize("latitude", [10, 10.0, 0, -90])
def test_whole_coordinates_read_back_as_they_were_answered(latitude: float) -> None:
    """DynamoDB gives 10 for 10.0; the first answer and every later one are equal all the same."""
    item = placed(order(deliveryAddress={**ORDER["deliveryAddress"], "latitude": latitude}))
    first = msgspec.json.encode(view(item))
    item["deliveryAddress"]["latitude"] = int(latitude)
    assert msgspec.json.encode(view(item)) == first


def moved(target: Any, changes: Any) -> Any:
    """Give the order that a patch is for: another address has not the point of the one before."""
    address = changes.get("deliveryAddress")
    if not address or {"latitude", "longitude"} & set(address):
        return target
    kept = {n: v for n, v in target["deliveryAddress"].items() if not n.endswith("itude")}
    return {**target, "deliveryAddress": kept}


def merge_patch(target: Any, changes: Any) -> Any:
    """Apply a JSON Merge Patch as RFC 7396, section 2, writes it down."""
    if not isinstance(changes, dict):
        return changes
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def applied(change: Change, item: Item) -> Item:
    """Do to an item what the store's update expression does in DynamoDB."""
    changed = copy.deepcopy(item)

    def at(order: Item, path: tuple[str, ...]) -> Item:
        return order if len(path) == 1 else order[path[0]]

    for path, value in change.assign.items():
        at(changed, path)[path[-1]] = value
    for path, base, more in change.add:
        at(changed, path)[path[-1]] = at(item, base)[base[-1]] + more
    for path in change.remove:
        target = changed if len(path) == 1 else changed[path[0]]
        target.pop(path[-1], None)
    return changed


@given(examples.orders, examples.patches)
def test_a_patch_does_what_rfc_7396_says(body: dict[str, Any], changes: dict[str, Any]) -> None:
    """Patching an order gives what placing the patched order would have given.

    But for the point of an address, which goes when the address changes without one.
    """
    assume(changes not in ({}, {"deliveryAddress": {}}))
    change = revise(patch(changes), Role.PARTNER, NOW)
    expected = placed(merge_patch(moved(body, changes), changes))
    got = applied(change, placed(body))
    del expected["orderId"], got["orderId"]
    assert view({**got, "orderId": ""}) == view({**expected, "orderId": ""})
    assert (got["charges"], got["sums"]) == (expected["charges"], expected["sums"])


@given(examples.orders, st.lists(examples.patches, max_size=6))
def test_a_total_is_right_after_any_changes(
    body: dict[str, Any], all_changes: list[dict[str, Any]]
) -> None:
    """Items, fee and tip change one by one and together; each total is the sum of its parts."""
    item = placed(body)
    for changes in all_changes:
        assume(changes not in ({}, {"deliveryAddress": {}}))
        item = applied(revise(patch(changes), Role.PARTNER, NOW), item)
        assert item["total"] == item["subtotal"] + sum(item.get(name, 0) for name in CHARGES)
        assert item["sums"]["total"] == item["total"]


@given(examples.orders, examples.patches.filter(lambda changes: {"items", "tip"} & set(changes)))
def test_an_order_of_an_earlier_release_is_changed_from_what_it_is(
    body: dict[str, Any], changes: dict[str, Any]
) -> None:
    """An order without sums, or whose total an earlier release has changed, gets the right ones."""
    change = revise(patch(changes), Role.PARTNER, NOW)
    expected = applied(change, placed(body))
    for old in (
        {name: value for name, value in placed(body).items() if name != "sums"},
        {**placed(body), "sums": {"total": -1, "subtotal_tip": -1, "subtotal_deliveryFee": -1}},
    ):
        fitting = settled(change, old)
        assert fitting is not None
        assert not fitting.rests_on_sums
        got = applied(fitting, old)
        assert {**got, "orderId": ""} == {**expected, "orderId": ""}
    assert settled(change, placed(body)) is None


def test_an_order_forgets_the_older_half_of_many_keys() -> None:
    """A change with a key is always possible; the newest keys stay known, its own included."""
    change = revise(patch({"note": "x"}), Role.PARTNER, NOW)._replace(key=ChangeKey("new", "asked"))
    known = [text for number in range(MOST_KEYS) for text in (f"k{number}", f"r{number}")]
    fitting = settled(change, {**placed(ORDER), "changeKeys": known})
    assert fitting is not None
    assert fitting.keys is not None
    assert len(fitting.keys) == 2 * KEYS_KEPT
    assert fitting.keys[-2:] == ("new", "asked")
    item = {**placed(ORDER), "changeKeys": list(fitting.keys)}
    assert request_known(item, ChangeKey(f"k{MOST_KEYS - 1}", "")) == f"r{MOST_KEYS - 1}"
    assert request_known(item, ChangeKey("k0", "")) is None
    assert settled(change, {**placed(ORDER), "changeKeys": known[2:]}) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"tip": 1, "note": "a"}, {"note": "a", "tip": 1}),
        ({"scheduledFor": "2026-11-22T12:00:00Z"}, {"scheduledFor": "2026-11-22T12:00:00+00:00"}),
        ({"deliveryAddress": {"latitude": 1.00000004}}, {"deliveryAddress": {"latitude": 1}}),
        (
            {"status": "CANCELLED"},
            {"status": "CANCELLED", "reason": {"code": "other"}},
        ),
    ],
)
def test_a_change_is_what_it_does_and_not_how_it_is_written(one: Any, other: Any) -> None:
    """Two requests that would change an order in the same way are one request, repeated."""
    first, second = (revise(patch(body), Role.PARTNER, NOW) for body in (one, other))
    assert meaning_of(first) == meaning_of(second)
    third = revise(patch({**one, "note": "another"}), Role.PARTNER, NOW)
    assert meaning_of(third) != meaning_of(first)


REASONS_FAULTS = [
    (Role.PARTNER, {"reason": {"code": "other"}}, "#/reason"),
    (Role.PARTNER, {"status": "CONFIRMED", "reason": {"code": "other"}}, "#/reason"),
    (Role.PARTNER, {"note": "x", "reason": {"code": "other"}}, "#/reason"),
    (Role.CUSTOMER, {"status": "CANCELLED", "reason": {"code": "too-busy"}}, "#/reason/code"),
]


@pytest.mark.parametrize(("role", "body", "pointer"), REASONS_FAULTS)
def test_a_reason_goes_with_an_end_and_with_who_may_give_it(
    role: Role, body: dict[str, Any], pointer: str
) -> None:
    """Only an end has a reason, and a customer does not speak for the restaurant."""
    with pytest.raises(InvalidField) as refused:
        revise(patch(body), role, NOW)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.PARTNER, Role.OPERATOR])
@pytest.mark.parametrize("status", sorted(REASONED))
def test_every_end_has_its_reason_in_the_history(role: Role, status: Status) -> None:
    """Whoever gives none is taken for one that has no other; the text stays beside the code."""
    bare = history_entry(revise(patch({"status": status}), role, NOW))
    assert bare["reason"] == ("customer-request" if role is Role.CUSTOMER else "other")
    assert "reasonText" not in bare
    for code in REASONS_OF[role]:
        given = {"status": status, "reason": {"code": code, "text": "Ring\nme"}}
        entry = history_entry(revise(patch(given), role, NOW))
        assert (entry["reason"], entry["reasonText"]) == (code, "Ring\nme")
        shown = view({**placed(ORDER), "history": [entry]})["history"]
        assert shown == [entry]


def test_other_moves_have_no_reason() -> None:
    """What goes on needs none."""
    for status in set(Status) - REASONED:
        assert "reason" not in history_entry(revise(patch({"status": status}), Role.PARTNER, NOW))


@pytest.mark.parametrize("changes", [{}, {"deliveryAddress": {}}])
def test_a_patch_that_changes_nothing_is_refused(changes: dict[str, Any]) -> None:
    """An empty patch is told what it could change."""
    with pytest.raises(InvalidField, match="Must change something"):
        revise(patch(changes), Role.PARTNER, NOW)


@given(st.sampled_from(Status), st.sampled_from(Role))
def test_a_move_is_allowed_from_where_the_lifecycle_says(to: Status, role: Role) -> None:
    """A change of status carries exactly the statuses that it may start from."""
    change = revise(patch({"status": to.value}), role, NOW)
    assert change.to is to
    entry = history_entry(change)
    assert {**entry, "reason": None} == {
        "status": to.value,
        "at": AT,
        "by": role.value,
        "reason": None,
    }
    assert ("reason" in entry) == (to in REASONED)
    assert change.only_from == statuses_before(to, role)


def test_the_history_says_which_operator_moved_it() -> None:
    """An operator's move holds the operator's id, which operators read and nobody else does."""
    change = revise(patch({"status": "CONFIRMED"}), Role.OPERATOR, NOW, None, "operator-1")
    entry = history_entry(change)
    told = {"status": "CONFIRMED", "at": AT, "by": "operator"}
    assert entry == {**told, "operator": "operator-1"}
    item = placed(ORDER)
    item["history"].append(entry)
    for reader in (Role.CUSTOMER, Role.PARTNER):
        assert view(item, reader)["history"][-1] == told
    assert view(item, Role.OPERATOR)["history"][-1] == entry


def test_nobody_else_s_move_names_an_operator() -> None:
    """What customers, partners and the service do names nobody: the order says whose it is."""
    for role in (Role.CUSTOMER, Role.PARTNER):
        assert set(history_entry(revise(patch({"status": "CANCELLED"}), role, NOW))) == {
            *("status", "at", "by", "reason")
        }
    assert set(history_entry(confirm(NOW))) == {"status", "at", "by"}


def test_an_order_that_an_operator_places_says_so() -> None:
    """The first entry names the operator, too."""
    body = {name: value for name, value in ORDER.items() if name != "customerId"}
    item = place(msgspec.convert(body, NewOrder), "operator-1", Role.OPERATOR, NOW)
    assert item["history"] == [
        {"status": "PLACED", "at": AT, "by": "operator", "operator": "operator-1"}
    ]


def test_moving_and_editing_at_once_obeys_both_rules() -> None:
    """A patch that confirms and edits works only while both are allowed."""
    change = revise(patch({"status": "CONFIRMED", "note": "now"}), Role.PARTNER, NOW)
    assert change.only_from == {Status.PLACED}
    change = revise(patch({"status": "READY", "note": "now"}), Role.PARTNER, NOW)
    assert change.only_from == frozenset()


def test_a_change_without_a_move_has_no_history() -> None:
    """Only a change of status enters the history."""
    with pytest.raises(ValueError, match="no history entry"):
        history_entry(revise(patch({"note": "x"}), Role.PARTNER, NOW))


TIME = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scheduled", "fault"),
    [
        ("2026-11-22T12:00:01Z", None),
        ("2026-11-29T12:00:00+00:00", None),
        ("2026-11-22T12:00:00Z", "in the future"),
        ("2026-11-29T12:00:01Z", "7 days"),
        ("2026-11-23T12:00:00+02:00", "UTC"),
        (None, None),
    ],
)
def test_an_order_is_scheduled_within_the_next_week_in_utc(
    scheduled: str | None, fault: str | None
) -> None:
    """A schedule is in UTC, after now and not more than seven days ahead; its fault is named."""
    body = ORDER if scheduled is None else order(scheduledFor=scheduled)
    new = msgspec.convert(body, NewPartnerOrder)
    if fault is None:
        check_schedule(new, TIME)
        return
    with pytest.raises(InvalidField, match=fault) as caught:
        check_schedule(new, TIME)
    assert caught.value.pointer == "#/scheduledFor"


def test_an_order_can_be_scheduled_to_the_last_moment_of_the_week() -> None:
    """Exactly seven days ahead still counts."""
    last = (TIME + timedelta(days=7)).isoformat()
    new = msgspec.convert(order(scheduledFor=last), NewPartnerOrder)
    check_schedule(new, TIME)
    assert new.scheduled_for == TIME + timedelta(days=7)


TRACES = st.sampled_from([None, "Root=1-5759e988-bd862e3fe1be46a994272793"])


def named(change: Change) -> list[str]:
    """Name the top-level attributes in the expressions of a change."""
    expressions = store._Expressions()
    words = f"{expressions.update(change)} {expressions.condition(change, None, (1,))}".split()
    tops = {top for word in words for top in re.findall(r"#(\w+)", word.partition(".")[0])}
    return sorted({"orderId", "timestamp", *(expressions.names[f"#{top}"] for top in tops)})


def changes_something(patch: dict[str, Any]) -> bool:
    return bool({**patch, **patch.get("deliveryAddress", {})}.keys() - {"deliveryAddress"})


@given(
    examples.patches.filter(changes_something),
    TRACES,
    st.sampled_from([None, ChangeKey("k", "r")]),
)
def test_a_change_is_about_the_attributes_that_the_domain_names(
    patch: dict[str, Any], trace: str | None, key: ChangeKey | None
) -> None:
    """Permissions by attribute hold for what is really sent: no name is missing or too many."""
    change = revise(msgspec.convert(patch, PartnerOrderPatch), Role.CUSTOMER, 0, trace)
    change = change._replace(key=key)
    assert named(change) == attributes_of(change)


@given(TRACES)
def test_a_confirmation_is_about_the_attributes_that_the_domain_names(trace: str | None) -> None:
    """The one change that a permission is held against."""
    assert named(confirm(0, trace)) == attributes_of(confirm(0, trace))
