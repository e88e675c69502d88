"""Feature flags: who is in, and who stays in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.flags import AUTO_CONFIRM, FLAGS, Flag, Flags, Rollout, bucket
from orders.parameters import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

IDS = [f"customer-{number}" for number in range(100_000)]
PERCENT = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)


def chi_squared(counts: Sequence[int]) -> float:
    """Measure how far counts are from being equal."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


@given(st.text(), PERCENT, PERCENT)
def test_whoever_is_in_stays_in_when_the_percentage_grows(
    subject: str, one: float, other: float
) -> None:
    """Raising a percentage only adds people; nobody goes in and out."""
    low, high = sorted((one, other))
    if Rollout(enabled=True, percent=low).includes("flag", subject):
        assert Rollout(enabled=True, percent=high).includes("flag", subject)


@given(st.text(), st.text())
def test_a_hundred_percent_is_everybody_and_none_is_nobody(flag: str, subject: str) -> None:
    """The ends of the scale leave nobody out, and let nobody in."""
    assert Rollout(enabled=True, percent=100).includes(flag, subject)
    assert not Rollout(enabled=True, percent=0).includes(flag, subject)


def test_a_percentage_is_that_share_of_people_to_the_hundredth() -> None:
    """Each of the ten thousand buckets holds about as many people as any other."""
    counts = [0] * 100
    for subject in IDS:
        counts[bucket("auto-confirm", subject) // 100] += 1
    assert chi_squared(counts) < 148.2  # 99 degrees of freedom, one in a thousand
    hundredth = Rollout(enabled=True, percent=12.34)
    share = sum(hundredth.includes("auto-confirm", subject) for subject in IDS) / len(IDS)
    assert abs(share - 0.1234) < 0.004


def test_two_flags_choose_their_people_independently() -> None:
    """Whoever is in for one flag is no likelier to be in for another."""
    both = [0] * 100
    for subject in IDS:
        both[bucket("one", subject) // 1000 * 10 + bucket("other", subject) // 1000] += 1
    assert chi_squared(both) < 148.2


@given(st.text(), PERCENT)
def test_deny_beats_allow_and_allow_beats_the_percentage(subject: str, percent: float) -> None:
    """One person can be let in or kept out, whatever the percentage."""
    chosen = frozenset({subject})
    assert Rollout(enabled=True, percent=percent, allow=chosen).includes("f", subject)
    both = Rollout(enabled=True, percent=percent, allow=chosen, deny=chosen)
    assert not both.includes("f", subject)
    assert not Rollout(enabled=False, percent=100, allow=chosen).includes("f", subject)


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": 50},
        {"enabled": "yes"},
        {"enabled": True, "percent": 100.01},
        {"enabled": True, "percent": -1},
        {"enabled": True, "percentage": 5},
        {"enabled": True, "allow": "everybody"},
        [],
    ],
)
def test_flags_that_are_none_are_refused(wrong: object) -> None:
    """A misspelt or impossible flag is not guessed at: the last good ones hold."""
    with pytest.raises(msgspec.ValidationError):
        Flags("n").parse(json.dumps({"auto-confirm": wrong}))


class Fixed(Flags):
    """Flags that hold one text, or cannot be read."""

    def __init__(self, text: str | None) -> None:
        super().__init__("n")
        self._text = text

    def get(self) -> dict[str, Rollout]:
        if self._text is None:
            raise Unreadable("n")
        return self.parse(self._text)


@pytest.mark.parametrize("flag", FLAGS)
def test_nobody_sets_a_flag_by_not_setting_it(flag: Flag) -> None:
    """Without a setting, and while none can be read, each flag has its safe default."""
    assert Fixed("{}").decide(flag, "c") == (flag.default, "unset")
    assert Fixed(None).decide(flag, "c") == (flag.default, "unreadable")


def test_a_set_flag_decides() -> None:
    """What an operator sets holds, for the one flag that it names."""
    flags = Fixed('{"auto-confirm": {"enabled": true, "percent": 100}}')
    assert flags.decide(AUTO_CONFIRM, "c") == (True, "set")
    assert flags.decide(Flag("another", default=True), "c") == (True, "unset")
