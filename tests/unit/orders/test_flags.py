"""Feature flags: who is in, who stays in, and what holds when nobody can tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.aws_api import ApiError, Unreachable
from orders.flags import AUTO_CONFIRM, FLAGS, Decision, Flag, Flags, Rollout, bucket

IDS = 100_000
"""How many people the statistics below ask for; always the same."""

CUSTOMER = "customer-1"

names = st.text(max_size=20).filter(lambda text: "\0" not in text)
hundredths = st.integers(0, 10_000)


def rollout(**fields: Any) -> Rollout:
    return Flags("/flags").parse(json.dumps({"flag": {"enabled": True, **fields}}))["flag"]


def chi_squared(counts: list[int]) -> float:
    """Sum the squared deviations from an even share, each as a part of the share."""
    share = sum(counts) / len(counts)
    return sum((found - share) ** 2 / share for found in counts)


# --- Who is in


@given(names, names, hundredths, hundredths)
def test_whoever_is_in_stays_in(flag: str, subject: str, one: int, other: int) -> None:
    """A person who is in at some percentage is in at every higher one."""
    low, high = sorted((one, other))
    if rollout(percent=low / 100).includes(flag, subject):
        assert rollout(percent=high / 100).includes(flag, subject)


@given(names, names)
def test_nobody_and_everybody(flag: str, subject: str) -> None:
    """No percent is nobody; a hundred, or no percentage at all, is everybody."""
    assert not rollout(percent=0).includes(flag, subject)
    assert rollout(percent=100).includes(flag, subject)
    assert rollout().includes(flag, subject)


def test_a_percentage_may_have_two_decimals() -> None:
    """Each hundredth of a percent lets one more of ten thousand shares in, and just one."""
    places = {bucket("flag", f"id-{number}"): f"id-{number}" for number in range(IDS)}
    assert len(places) > 9_990, "enough people to find nearly every share"
    for share in range(1, 10_001):
        limits = Rollout(enabled=True, percent=share / 100)
        if share in places:
            assert not limits.includes("flag", places[share])
        if share - 1 in places:
            assert limits.includes("flag", places[share - 1])


def test_shares_are_even() -> None:
    """Of many people each hundredth of a flag's shares gets its part, whatever the flag's name."""
    for flag in ("auto-confirm", "another"):
        counts = [0] * 100
        for number in range(IDS):
            counts[bucket(flag, f"customer-{number}") // 100] += 1
        assert chi_squared(counts) < 148.2, "99 degrees of freedom, one in a thousand"


def test_flags_are_independent() -> None:
    """Whoever is first in one flag's rollout is not for that reason first in another's."""
    counts = [0] * 100
    for number in range(IDS):
        subject = f"customer-{number}"
        row, column = (bucket(flag, subject) // 1000 for flag in ("auto-confirm", "another"))
        counts[10 * row + column] += 1
    assert chi_squared(counts) < 148.2, "99 degrees of freedom, one in a thousand"


def test_a_share_is_for_ever() -> None:
    """No new version of the code moves people in or out: these were computed with sha256sum."""
    assert bucket("auto-confirm", "customer-1") == 574
    assert bucket("auto-confirm", "acme#42") == 8722


@given(names, names, hundredths, st.booleans())
def test_deny_beats_allow(flag: str, subject: str, share: int, allowed: bool) -> None:  # noqa: FBT001 - a parameter
    """Who is denied is out whatever else is said; who is allowed is in at any percentage."""
    allow = [subject] if allowed else []
    assert not rollout(percent=share / 100, allow=allow, deny=[subject]).includes(flag, subject)
    assert rollout(percent=share / 100, allow=[subject]).includes(flag, subject)


@given(names, names)
def test_what_is_not_enabled_is_off_for_all(flag: str, subject: str) -> None:
    """One word switches a flag off, for those who are allowed, too."""
    assert not rollout(enabled=False, allow=[subject]).includes(flag, subject)


# --- What operators may write


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"flag":true}',
        '{"flag":{}}',
        '{"flag":{"enabled":"yes"}}',
        '{"flag":{"enabled":1}}',
        '{"flag":{"enabled":true,"percentage":5}}',
        '{"flag":{"enabled":true,"Percent":5}}',
        '{"flag":{"enabled":true,"percent":-0.01}}',
        '{"flag":{"enabled":true,"percent":100.01}}',
        '{"flag":{"enabled":true,"percent":"5"}}',
        '{"flag":{"enabled":true,"percent":NaN}}',
        '{"flag":{"enabled":true,"percent":1e400}}',
        '{"flag":{"enabled":true,"percent":null}}',
        '{"flag":{"enabled":true,"allow":"customer-1"}}',
        '{"flag":{"enabled":true,"deny":[1]}}',
        '{"flag":{"enabled":true,"reason":1}}',
    ],
)
def test_what_is_no_flag_is_refused(text: str) -> None:
    """A typing error in the flags is refused as a whole: no half of it holds."""
    with pytest.raises(ValueError, match=r".*"):
        Flags("/flags").parse(text)


def test_the_documented_form_is_read() -> None:
    """All fields that the documents show are read, those that are for people included."""
    read = rollout(percent=12.5, allow=["a"], deny=["b"], reason="first", date="2026-11-23")
    assert read == Rollout(
        enabled=True,
        percent=12.5,
        allow=frozenset("a"),
        deny=frozenset("b"),
        reason="first",
        date="2026-11-23",
    )


# --- What holds when nobody can tell


def decided(monkeypatch: pytest.MonkeyPatch, answer: str | ApiError, flag: Flag) -> Decision:
    def call(*_: Any) -> dict[str, Any]:
        if isinstance(answer, ApiError):
            raise answer
        return {"Parameter": {"Value": answer}}

    monkeypatch.setattr("orders.parameters.call", call)
    return Flags("/flags").decide(flag, CUSTOMER)


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ApiError("ParameterNotFound"), "unset"),
        ("{}", "unset"),
        ('{"another":{"enabled":true}}', "unset"),
        (Unreachable("ThrottlingException"), "unreadable"),
        (ApiError("AccessDeniedException"), "unreadable"),
        ("no JSON", "unreadable"),
        ('{"flag":{"enabled":true,"percent":101}}', "unreadable"),
        ('{"another":{"enabled":true,"percent":101}}', "unreadable"),
    ],
)
def test_the_default_holds_while_nothing_is_set(
    monkeypatch: pytest.MonkeyPatch,
    answer: str | ApiError,
    why: str,
    default: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A flag that is not set, or that cannot be read, is as the code says; the log tells why."""
    assert decided(monkeypatch, answer, Flag("flag", default)) == Decision(default, why)


@pytest.mark.parametrize("on", [True, False])
def test_a_flag_that_is_set_decides(monkeypatch: pytest.MonkeyPatch, on: bool) -> None:  # noqa: FBT001 - a parameter
    """What operators have set holds, against the default, too."""
    text = json.dumps({"flag": {"enabled": on}})
    for default in (True, False):
        assert decided(monkeypatch, text, Flag("flag", default)) == Decision(on, "set")


def test_by_default_the_restaurant_confirms() -> None:
    """While no flag can be read the service confirms no order by itself."""
    assert AUTO_CONFIRM.default is False
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)
