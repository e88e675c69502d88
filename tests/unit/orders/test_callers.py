"""Who calls, from what API Gateway says; and who serves which restaurant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.callers import caller_of
from orders.domain.changes import Owner
from orders.domain.lifecycle import Role
from orders.domain.serving.servers import Bound
from orders.partners import Directory, packed, unpacked
from orders.problems import Problem
from orders.routes import route_of
from orders.store import Unavailable
from tests.unit.conftest import NoStore

if TYPE_CHECKING:
    from orders.domain.order import Item

PEOPLE = route_of("GET", "/orders")


def person(**claims: str) -> dict[str, Any]:
    """Make the request context of a person's request."""
    return {"authorizer": {"claims": {"sub": "sub-1", "token_use": "id", **claims}}}


@pytest.mark.parametrize("groups", ["operators", "a,operators", "operators,b"])
def test_members_of_the_group_are_operators(groups: str) -> None:
    """Whoever is in the group is an operator, in other groups too or not."""
    caller = caller_of(person(**{"cognito:groups": groups}), PEOPLE)
    assert (caller.role, caller.owner) == (Role.OPERATOR, None)


@pytest.mark.parametrize(
    "groups",
    [
        "",
        "operator",
        "team/operators",
        "no+operators",
        "x:operators",
        "operators-eu",
        "[xoperators]",
        "[operators]",
        "[operators b]",
        "[b operators]",
    ],
)
def test_a_group_of_another_name_makes_no_operator(groups: str) -> None:
    """A group whose name only contains the word gives no power."""
    caller = caller_of(person(**{"cognito:groups": groups}), PEOPLE)
    assert (caller.role, caller.owner) == (Role.CUSTOMER, Owner("customerId", "sub-1"))


@pytest.mark.parametrize("claims", [{"token_use": "access"}, {"sub": ""}, {"token_use": ""}])
def test_a_token_that_does_not_say_who_is_refused(claims: dict[str, str]) -> None:
    """An access token, or one without a subject, is nobody's."""
    with pytest.raises(Problem) as caught:
        caller_of(person(**claims), PEOPLE)
    assert caught.value.kind.status == 401


def test_a_customers_route_takes_no_key() -> None:
    """On a customers' route an API key is nothing, even a partner's."""
    with pytest.raises(Problem):
        caller_of({"identity": {"apiKeyId": "key-of-acme"}, "authorizer": None}, PEOPLE)


SERVING = route_of("GET", "/restaurants/{restaurantId}/orders")
PARTNER_SERVING = route_of("GET", "/partner/restaurants/{restaurantId}/orders")
STAFF = {"cognito:groups": "restaurants", "custom:restaurants": "rest-2 rest-7"}


@pytest.mark.parametrize("restaurant", ["rest-2", "rest-7"])
def test_staff_serve_the_restaurants_that_their_token_names(restaurant: str) -> None:
    """A member of the staff sees the orders that no partner serves at its own restaurants."""
    caller = caller_of(person(**STAFF), SERVING, restaurant)
    assert caller.role is Role.RESTAURANT
    assert caller.owner == Owner("servedBy", f"#{restaurant}")
    assert caller.operator is None


@pytest.mark.parametrize(
    ("claims", "restaurant"),
    [
        (STAFF, "rest"),
        (STAFF, "rest-27"),
        (STAFF, "rest-2 rest-7"),
        (STAFF, "REST-2"),
        (STAFF, "*"),
        (STAFF, ""),
        ({**STAFF, "cognito:groups": "x-restaurants"}, "rest-2"),
        ({"custom:restaurants": "rest-2"}, "rest-2"),
        ({"cognito:groups": "restaurants"}, "rest-2"),
        ({"cognito:groups": "operators"}, "rest-2"),
        ({**STAFF, "custom:restaurants": "acme#rest-2"}, "rest-2"),
    ],
)
def test_nobody_serves_a_restaurant_that_the_token_does_not_name(
    claims: dict[str, str], restaurant: str
) -> None:
    """Another id, a part of one, no group or no claim: 403, for operators and customers too."""
    with pytest.raises(Problem) as caught:
        caller_of(person(**claims), SERVING, restaurant)
    assert (caught.value.kind.name, caught.value.kind.status) == ("not-your-restaurant", 403)


def test_staff_are_customers_elsewhere() -> None:
    """Where customers order, a member of the staff sees its own orders and no restaurant's."""
    caller = caller_of(person(**STAFF), PEOPLE)
    assert (caller.role, caller.owner) == (Role.CUSTOMER, Owner("customerId", "sub-1"))


def test_an_operator_of_the_staff_stays_an_operator() -> None:
    """Its moves say which operator made them, and it sees the restaurant's orders alone there."""
    groups = {"cognito:groups": "operators,restaurants"}
    caller = caller_of(person(**STAFF | groups), SERVING, "rest-2")
    assert (caller.role, caller.operator) == (Role.OPERATOR, "sub-1")
    assert caller.owner == Owner("servedBy", "#rest-2")


@pytest.mark.usefixtures("no_store")
def test_a_partner_serves_under_its_own_name() -> None:
    """Whatever restaurant a partner names, it sees those orders alone that it serves itself."""
    key = {"identity": {"apiKeyId": "key-of-acme"}}
    caller = caller_of(key, PARTNER_SERVING, "rest-1")
    assert (caller.role, caller.owner) == (Role.PARTNER, Owner("servedBy", "acme#rest-1"))


@pytest.mark.usefixtures("no_store")
@pytest.mark.parametrize("restaurant", ["x" * 65, "x" * 3_000, "\ud800", "é" * 64])
def test_what_can_be_no_restaurant_serves_nothing(restaurant: str) -> None:
    """An id that no index can have as its key finds no order, and is no fault of the service."""
    key = {"identity": {"apiKeyId": "key-of-acme"}}
    caller = caller_of(key, PARTNER_SERVING, restaurant)
    assert caller.owner == Owner("servedBy", "acme#")


@pytest.mark.parametrize("failure", [Unavailable("away"), RuntimeError("AccessDenied"), OSError()])
def test_a_function_starts_without_the_directory(
    no_store: NoStore, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """Whatever keeps the partners from being read at the start, each is read when it comes."""

    def fail() -> None:
        raise failure

    monkeypatch.setattr(no_store, "partners", fail)
    directory = Directory(no_store)
    directory.preload()
    assert directory.partner_of("key-of-acme") == "acme"


@pytest.mark.parametrize("entry", [{"apiKeyId": "k"}, {"apiKeyId": "k", "partnerId": "a#b"}])
def test_a_broken_entry_shuts_out_one_key_and_not_the_function(
    no_store: NoStore, monkeypatch: pytest.MonkeyPatch, entry: dict[str, str]
) -> None:
    """A partner without an id, or with one that could be another's, is refused; others are not."""
    good = {"apiKeyId": "good", "partnerId": "acme"}
    monkeypatch.setattr(no_store, "partners", lambda: ([entry, good], True))
    monkeypatch.setattr(no_store, "partner_of", lambda _: entry)
    directory = Directory(no_store)
    directory.preload()
    assert directory.partner_of("good") == "acme"
    with pytest.raises(Problem):
        directory.partner_of("k")


BOUND = {"rest-1": Bound("acme", ("bella",)), "rest-2": Bound("", ())}
ITEM: Item = {"apiKeyId": "#restaurants", "restaurants": packed(BOUND)}
KEY: Item = {"apiKeyId": "key-of-acme", "partnerId": "acme"}
BROKEN = [
    b"",
    b"not packed",
    ITEM["restaurants"][:-1],
    packed({})[:3],
    packed({"x": "acme"}),  # type: ignore[dict-item]  # as another form might be
    "text",
    None,
]


class Source(NoStore):
    """A table whose scan gives what it is told to; says how often the item was read."""

    def __init__(self, found: list[Item] | Exception, item: Any = None, *, all_: bool = True):
        super().__init__()
        self.found, self.item, self.all = found, item, all_
        self.reads = 0

    def partners(self) -> tuple[list[Item], bool]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found, self.all

    def restaurants(self) -> Item | None:
        self.reads += 1
        if isinstance(self.item, Exception):
            raise self.item
        found: Item | None = self.item
        return found


def started(source: Source) -> Directory:
    """Start a function on top of a table."""
    directory = Directory(source)
    directory.preload()
    return directory


def test_a_snapshot_is_read_as_it_was_written() -> None:
    """Servers and placers of every restaurant come back as they were."""
    assert unpacked(packed(BOUND)) == BOUND


def test_the_same_restaurants_make_the_same_bytes() -> None:
    """Whoever compares snapshots to write one conditionally compares bytes."""
    assert packed(BOUND) == packed(dict(reversed(BOUND.items())))


def test_three_thousand_restaurants_fit_many_times() -> None:
    """An item of DynamoDB has 400 KB; so many restaurants take a twentieth of it."""
    many = {f"rest-{number}": Bound(f"partner-{number % 40}") for number in range(3000)}
    assert len(packed(many)) < 20_000


@pytest.mark.parametrize("all_", [True, False])
def test_who_serves_comes_with_the_start(all_: bool) -> None:  # noqa: FBT001 - a parameter
    """No order waits for a read where the start brought the restaurants."""
    source = Source([ITEM, KEY], all_=all_)
    directory = started(source)
    assert directory.server_of("rest-1", None) == "acme#rest-1"
    assert directory.server_of("rest-2", None) == "#rest-2"
    assert directory.server_of("rest-42", None) is None
    assert directory.server_of("rest-1", "bella") == "acme#rest-1"
    assert directory.server_of("rest-1", "stranger") is None
    assert source.reads == 0


def test_where_nobody_serves_any_restaurant_nothing_is_read() -> None:
    """A whole table without the item says that no restaurant is served."""
    source = Source([KEY])
    assert started(source).server_of("rest-1", None) is None
    assert source.reads == 0


@pytest.mark.parametrize(
    "source",
    [Source(Unavailable("away"), ITEM), Source(RuntimeError(), ITEM), Source([], ITEM, all_=False)],
)
def test_what_the_start_did_not_bring_is_read_by_the_first_order(source: Source) -> None:
    """A scan that failed, or was only a part, never means that nobody serves a restaurant."""
    directory = started(source)
    assert source.reads == 0
    for _ in range(3):
        assert directory.server_of("rest-1", None) == "acme#rest-1"
    assert source.reads == 1


def test_an_order_is_refused_while_nobody_can_tell_who_serves_it() -> None:
    """While the read fails too, orders wait: one that reaches nobody is worse. It is asked anew."""
    source = Source(Unavailable("away"), Unavailable("still away"))
    directory = started(source)
    for _ in range(2):
        with pytest.raises(Unavailable):
            directory.server_of("rest-1", None)
    source.item = ITEM
    assert directory.server_of("rest-1", None) == "acme#rest-1"
    assert source.reads == 3


@pytest.mark.parametrize("snapshot", BROKEN)
def test_a_broken_snapshot_never_means_that_nobody_serves(snapshot: Any) -> None:
    """What cannot be read answers 503, and the function reads it anew until it is mended."""
    broken = {**ITEM, "restaurants": snapshot}
    source = Source([broken], broken)
    directory = started(source)
    directory.unpack()
    for _ in range(2):
        with pytest.raises(Unavailable, match="directory of restaurants is broken"):
            directory.server_of("rest-1", None)
    source.item = ITEM
    assert directory.server_of("rest-1", None) == "acme#rest-1"


def test_a_broken_snapshot_keeps_no_partner_out() -> None:
    """Partners are known by their keys all the same."""
    directory = started(Source([{**ITEM, "restaurants": b"x"}, KEY]))
    assert directory.partner_of("key-of-acme") == "acme"


def test_the_item_of_the_restaurants_is_no_partner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one that says whose it is opens nothing."""
    item = {**ITEM, "partnerId": "acme"}
    source = Source([item])
    monkeypatch.setattr(source, "partner_of", lambda _: item)
    with pytest.raises(Problem):
        started(source).partner_of("#restaurants")
