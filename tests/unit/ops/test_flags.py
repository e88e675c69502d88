"""Changes of flags by operators: what is announced is what then happens, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from infrastructure import outputs
from ops import flags as changes
from ops.flags import KNOWN, Edit, Stored
from ops.reach.errors import OperatorError
from ops.reach.target import Target
from orders.flags import Flags, Rollout, parse

IDS = [f"customer-{number}" for number in range(60)]
NAME = st.sampled_from(sorted(KNOWN))
PERCENT = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
LISTED = st.frozensets(st.sampled_from(IDS), max_size=5)
ROLLOUT = st.builds(
    Rollout, enabled=st.booleans(), percent=PERCENT, allow=LISTED, deny=LISTED, reason=st.text()
)
STORED = st.dictionaries(NAME, ROLLOUT).map(
    lambda flags: Stored(len(flags), changes.rendered(flags)) if flags else Stored(0, "{}")
)


@st.composite
def edit(draw: st.DrawFn) -> Edit:
    """Draw what `set` is given: an id is on one of the lists."""
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=6))
    kinds = [draw(st.integers(0, 2)) for _ in ids]
    lists = [frozenset(i for i, k in zip(ids, kinds, strict=True) if k == n) for n in range(3)]
    return Edit(draw(st.none() | PERCENT), *lists)


class Store:
    """Parameter Store with one parameter, its versions, and somebody else who may come between."""

    exceptions = SimpleNamespace(
        ParameterNotFound=type("ParameterNotFound", (Exception,), {}),
        ParameterAlreadyExists=type("ParameterAlreadyExists", (Exception,), {}),
    )

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.before_put: list[str] = []

    def get_parameter(self, **named: Any) -> dict[str, Any]:
        assert named == {"Name": "/x/flags"}
        if not self.texts:
            raise self.exceptions.ParameterNotFound
        return {"Parameter": {"Version": len(self.texts), "Value": self.texts[-1]}}

    def put_parameter(self, **named: Any) -> dict[str, Any]:
        self.texts += self.before_put
        if self.texts and not named["Overwrite"]:
            raise self.exceptions.ParameterAlreadyExists
        assert (named["Name"], named["Type"]) == ("/x/flags", "String")
        self.texts.append(named["Value"])
        return {"Version": len(self.texts)}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_parameter_history"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **_: Any) -> Any:
        if not self.texts:
            raise self.exceptions.ParameterNotFound
        at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        for number, text in reversed(list(enumerate(self.texts, 1))):
            user = "arn:aws:sts::111122223333:assumed-role/Ops/ann"
            entry = {"Version": number, "Value": text, "LastModifiedDate": at}
            yield {"Parameters": [{**entry, "LastModifiedUser": user}]}


def target(store: Any, dynamodb: Any = None) -> Target:
    clients = {"ssm": store, "dynamodb": dynamodb}
    found = {
        outputs.FLAGS_PARAMETER: "/x/flags",
        outputs.ORDERS_TABLE: "o",
        outputs.PARTNERS_TABLE: "p",
    }
    return Target("stage dev", "stack", clients.__getitem__, found, "make deploy")


class Fixed(Flags):
    """The functions' flags, as they read a text."""

    def __init__(self, text: str) -> None:
        super().__init__("n")
        self._text = text

    def get(self) -> dict[str, Rollout]:
        return self.parse(self._text)


def decided(text: str, name: str) -> dict[str, bool]:
    return {each: Fixed(text).decide(KNOWN[name], each).on for each in IDS}


def check_announced(stored: Stored, name: str, plan: changes.Plan, named: frozenset[str]) -> None:
    """Compare what a plan announces with what the functions decide before and after."""
    store = Store(*["{}"] * (stored.version - 1), *([stored.text] if stored.version else []))
    assert changes.write(target(store), plan).version == stored.version + 1
    was, then = decided(stored.text, name), decided(store.texts[-1], name)
    others = KNOWN.keys() - {name}
    assert all(decided(stored.text, n) == decided(store.texts[-1], n) for n in others)
    if name not in plan.changed:
        assert was == then
        return
    said = changes.effect(plan, name, named, IDS)
    assert said.named == {each: (was[each], then[each]) for each in named}
    assert said.sampled_in == sum(not was[each] and then[each] for each in IDS)
    assert said.sampled_out == sum(was[each] and not then[each] for each in IDS)
    lists = [rollout.allow | rollout.deny for rollout in plan.changed[name] if rollout]
    free = set(IDS).difference(*lists)
    assert said.into or not any(then[each] and not was[each] for each in free)
    assert said.out or not any(was[each] and not then[each] for each in free)


@given(STORED, NAME, edit())
def test_what_set_announces_is_what_happens(stored: Stored, name: str, wanted: Edit) -> None:
    """Each person of whom I was told goes in or out, and nobody else; other flags stay as is."""
    plan = changes.revised(stored, name, wanted, "why")
    check_announced(stored, name, plan, wanted.allow | wanted.deny | wanted.remove)


@given(STORED, NAME, st.booleans())
def test_what_on_and_off_announce_is_what_happens(
    stored: Stored,
    name: str,
    on: bool,  # noqa: FBT001 - a parameter
) -> None:
    """The same holds for the switch."""
    check_announced(stored, name, changes.switched(stored, name, "w", on=on), frozenset(IDS[:3]))


@given(STORED, NAME)
def test_off_is_off_for_everybody_and_on_gives_back_what_was(stored: Stored, name: str) -> None:
    """Off is off for everybody on every list; on again, all who had it before have it."""
    off = changes.rendered(changes.switched(stored, name, "w", on=False).flags)
    assert not any(decided(off, name).values())
    back = changes.switched(Stored(stored.version + 1, off), name, "w", on=True)
    was = parse(stored.text).get(name)
    if was is None or was.enabled:
        assert decided(changes.rendered(back.flags), name) == decided(stored.text, name)


@given(STORED, NAME, edit())
def test_whoever_is_let_in_is_in_and_whoever_is_kept_out_is_out(
    stored: Stored, name: str, wanted: Edit
) -> None:
    """--allow and --deny hold whatever lists the ids were on; --remove takes them off both."""
    rollout = changes.revised(stored, name, wanted, "why").flags[name]
    assert not rollout.allow & wanted.remove
    assert not rollout.deny & wanted.remove
    assert wanted.deny <= rollout.deny
    switched_on = {**parse(changes.rendered({name: rollout}))}[name]
    assert all(
        Rollout(enabled=True, percent=0, allow=switched_on.allow, deny=switched_on.deny).includes(
            name, each
        )
        for each in wanted.allow
    )


@given(PERCENT, PERCENT, NAME)
def test_the_share_is_exact(old: float, new: float, name: str) -> None:
    """The share of people who go in or out is the difference, to the hundredth of a percent."""
    stored = Stored(1, changes.rendered({name: Rollout(enabled=True, percent=old)}))
    plan = changes.revised(stored, name, Edit(percent=new), "why")
    if old != new:
        said = changes.effect(plan, name, (), ())
        assert round(said.into - said.out, 2) == round(new - old, 2)
        assert min(said.into, said.out) == 0


@pytest.mark.parametrize("name", KNOWN)
def test_a_first_list_does_not_change_what_holds_for_the_others(name: str) -> None:
    """To deny one person where nothing was set leaves all others as the default has them."""
    plan = changes.revised(Stored(0, "{}"), name, Edit(deny=frozenset({IDS[0]})), "why")
    then = decided(changes.rendered(plan.flags), name)
    assert then == {each: KNOWN[name].default and each != IDS[0] for each in IDS}


def test_a_flag_that_is_off_stays_off_when_it_is_set() -> None:
    """A percentage does not undo somebody's emergency stop."""
    stored = Stored(1, '{"order-edits":{"enabled":false}}')
    plan = changes.revised(stored, "order-edits", Edit(percent=50.0), "why")
    assert not plan.flags["order-edits"].enabled
    said = changes.effect(plan, "order-edits", IDS, IDS)
    assert (said.into, said.out, said.sampled_in, said.sampled_out) == (0, 0, 0, 0)


def test_why_and_when_are_kept() -> None:
    """Whoever looks a year later sees the reason and the day."""
    plan = changes.revised(Stored(0, "{}"), "auto-confirm", Edit(percent=5.0), "first week")
    rollout = plan.flags["auto-confirm"]
    assert (rollout.reason, rollout.date) == (
        "first week",
        dt.datetime.now(dt.UTC).date().isoformat(),
    )


def test_flags_of_another_release_are_kept() -> None:
    """What a newer or an older release asks for is not lost by a change of something else."""
    stored = Stored(1, '{"of-tomorrow":{"enabled":true,"percent":3.5}}')
    plan = changes.switched(stored, "order-edits", "why", on=False)
    assert plan.flags["of-tomorrow"] == Rollout(enabled=True, percent=3.5)
    assert list(plan.changed) == ["order-edits"]


def off(stored: Stored) -> changes.Plan:
    return changes.switched(stored, "order-edits", "why", on=False)


@pytest.mark.parametrize("texts", [[], ["{}"]])
def test_nobody_s_change_is_overwritten_unseen(texts: list[str]) -> None:
    """When somebody was quicker since I looked, nothing is written and I am told."""
    store = Store(*texts)
    plan = off(changes.read(target(store)))
    store.texts.append('{"auto-confirm":{"enabled":true}}')
    with pytest.raises(OperatorError, match="changed the flags since you looked: version"):
        changes.write(target(store), plan)
    assert len(store.texts) == len(texts) + 1


def test_the_very_first_write_is_the_one_that_cannot_be_overtaken() -> None:
    """Two who make the first version at once: one of them is refused."""
    store = Store()
    store.before_put = ["{}"]
    with pytest.raises(OperatorError, match="Nothing was written"):
        changes.write(target(store), off(Stored(0, "{}")))
    assert store.texts == ["{}"]


def test_who_writes_at_the_same_moment_is_told_who_wins() -> None:
    """Parameter Store cannot refuse: the jump of the version tells that mine holds, not theirs."""
    store = Store("{}")
    store.before_put = ['{"auto-confirm":{"enabled":true}}']
    written = changes.write(target(store), off(Stored(1, "{}")))
    assert written.version == 3
    assert "yours is version 3 and holds" in written.warning
    store.before_put = []
    assert not changes.write(target(store), off(changes.read(target(store)))).warning


def undo(store: Store) -> None:
    where = target(store)
    plan = changes.undone(changes.read(where), changes.history(where))
    changes.write(where, plan)


def test_undo_goes_back_and_undone_again_goes_forth() -> None:
    """What I undo is as before, word for word; to undo the undo is to redo, as often as I like."""
    first, second = '{"order-edits":{"enabled":true}}', '{"order-edits":{"enabled":false}}'
    store = Store(first, second)
    for expected in (first, second, first):
        undo(store)
        assert parse(store.texts[-1]) == parse(expected)
    versions = changes.history(target(store))
    assert [version.number for version in versions] == [1, 2, 3, 4, 5]
    assert versions[0].who == "assumed-role/Ops/ann"


def test_undo_of_the_first_change_leaves_every_flag_unset() -> None:
    """Before the first version the defaults held, and they hold again."""
    store = Store('{"order-edits":{"enabled":false}}')
    undo(store)
    assert store.texts[-1] == "{}"
    with pytest.raises(OperatorError, match="nothing to undo"):
        changes.undone(Stored(0, "{}"), [])


def test_undo_mends_flags_that_nobody_can_read() -> None:
    """A text that somebody wrote by hand and that is none: I am told, and undo goes back."""
    good = '{"order-edits":{"enabled":false}}'
    store = Store(good, "nonsense")
    with pytest.raises(OperatorError, match="orders flags undo"):
        changes.understood(changes.read(target(store)))
    undo(store)
    assert parse(store.texts[-1]) == parse(good)


def test_undo_never_writes_what_cannot_be_read() -> None:
    """There is no way back to a version that is broken, or that is gone; nothing is written."""
    store = Store("nonsense", "{}")
    for versions in (changes.history(target(store)), []):
        with pytest.raises(OperatorError):
            changes.undone(changes.read(target(store)), versions)


def test_the_history_says_what_changed_and_why() -> None:
    """Each version tells what it did to whom, in words; an undo says what it undid."""
    texts = [
        '{"auto-confirm":{"enabled":true,"percent":10,"reason":"first"}}',
        '{"auto-confirm":{"enabled":true,"percent":12.5,"allow":["a"],"reason":"more"}}',
        '{"auto-confirm": {"reason": "first", "enabled": true, "percent": 10.0, "allow": []}}',
    ]
    versions = changes.history(target(Store(*texts)))
    newest_first = changes.entries(versions)
    assert [entry.version for entry in newest_first] == [3, 2, 1]
    said = [(entry.changes["auto-confirm"], entry.reason) for entry in reversed(newest_first)]
    assert said == [
        ("set: enabled yes, percent 10", "first"),
        ("percent 10 → 12.5, allow +a", "more"),
        ("percent 12.5 → 10, allow -a", "undo of version 2"),
    ]


@pytest.mark.parametrize("rollout", [{"percent": 100.5}, {"percent": float("nan")}])
def test_what_the_functions_would_not_read_is_not_written(rollout: dict[str, Any]) -> None:
    """The schema that reads the flags has checked them before they are written."""
    with pytest.raises(OperatorError, match="cannot be"):
        changes.rendered({"order-edits": Rollout(enabled=True, **rollout)})


def test_what_parameter_store_would_not_take_is_told_before() -> None:
    """Too many ids, or a text that means something else there: a sentence, nothing is written."""
    many = frozenset(f"customer-{number:05}" for number in range(400))
    with pytest.raises(OperatorError, match="--remove"):
        changes.rendered({"order-edits": Rollout(enabled=True, deny=many)})
    with pytest.raises(OperatorError, match=r"\{\{"):
        changes.rendered({"order-edits": Rollout(enabled=True, reason="{{ssm:x}}")})


class Table:
    """A table with orders of several customers, direct and of partners."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **named: Any) -> Any:
        if self.error:
            raise self.error
        ids = itertools.cycle(["direct", "acme#one", "bella#two"])
        for number in range(900):
            keys = {"customerId": {"S": f"{next(ids)}-{number // 3}"}}
            item = {**keys, "timestamp": {"S": f"2026-{number:04}"}, "partnerId": {"S": "acme"}}
            yield {"Items": [item]} if named["TableName"] in ("o", "p") else {"Items": []}


@pytest.mark.parametrize(
    ("name", "size", "first"),
    [
        ("auto-confirm", 200, "bella#two-299"),
        ("order-edits", 200, "direct-299"),
        ("partner-webhooks", 1, "acme"),
    ],
)
def test_a_change_is_tried_on_those_whom_the_flag_is_about(
    name: str, size: int, first: str
) -> None:
    """I see how many recent customers change, or partners; each is counted once."""
    ids = changes.sample_of(target(None, Table()), name).ids
    assert (len(ids), len(set(ids)), ids[0]) == (size, size, first)


def test_without_a_sample_a_flag_still_goes_off() -> None:
    """In an emergency a table that cannot be read holds nobody up; I am told why there is none."""
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Scan")
    sample = changes.sample_of(target(None, Table(refused)), "order-edits")
    assert sample.ids == []
    assert "AWS refuses Scan" in sample.fault


def test_a_written_parameter_is_plain_to_read() -> None:
    """Other tools read it too: JSON, with sorted lists, the same text for the same flags."""
    ids = frozenset(IDS)
    flags = {"order-edits": Rollout(enabled=True, allow=ids), "auto-confirm": Rollout(enabled=True)}
    text = changes.rendered(flags)
    assert json.loads(text)["order-edits"]["allow"] == sorted(IDS)
    assert changes.rendered(dict(reversed(flags.items()))) == text
