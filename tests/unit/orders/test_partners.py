"""Who serves which restaurant, as a function learns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.domain.serving.servers import Bound
from orders.partners import Directory, packed, unpacked
from orders.problems import Problem
from orders.store import Unavailable
from tests.unit.conftest import NoStore

if TYPE_CHECKING:
    from orders.domain.order import Item

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
