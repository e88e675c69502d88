"""What was seen is compared with what is expected, and the verdict is made of that alone."""

from __future__ import annotations

from typing import Any

import pytest

from ops.proof.by_hand import BY_HAND
from ops.proof.probe import (
    AtLeast,
    AtMost,
    Like,
    OneOf,
    Probe,
    Verdict,
    cannot_tell,
    compare,
)
from ops.proof.probes.registry import PROBES, chosen
from ops.proof.registry import CLAIMS


def probe(**expected: object) -> Probe:
    return Probe(claim="a-claim", look=lambda _: {}, expected=expected)


@pytest.mark.parametrize(
    ("expected", "seen", "verdict"),
    [
        (1, 1, Verdict.HOLDS),
        (1, 1.0, Verdict.HOLDS),
        (1, 2, Verdict.DIFFERS),
        (True, True, Verdict.HOLDS),
        (True, 1, Verdict.DIFFERS),
        (1, True, Verdict.DIFFERS),
        (0, False, Verdict.DIFFERS),
        ("a", "a", Verdict.HOLDS),
        ("a", None, Verdict.DIFFERS),
        ([1, 2], [1, 2], Verdict.HOLDS),
        (AtLeast(2), 2, Verdict.HOLDS),
        (AtLeast(2), 1.9, Verdict.DIFFERS),
        (AtLeast(2), "2", Verdict.DIFFERS),
        (AtMost(2), 2, Verdict.HOLDS),
        (AtMost(2), 3, Verdict.DIFFERS),
        (OneOf((200, 201)), 201, Verdict.HOLDS),
        (OneOf((200, 201)), 500, Verdict.DIFFERS),
        (Like("4.."), "404", Verdict.HOLDS),
        (Like("4.."), "4040", Verdict.DIFFERS),
        (Like("4.."), 404, Verdict.DIFFERS),
    ],
)
def test_a_verdict(expected: object, seen: object, verdict: Verdict) -> None:
    """What is seen holds or differs; nothing is nearly as expected."""
    assert compare(probe(status=expected), {"status": seen}).verdict is verdict


def test_what_differs_is_named() -> None:
    """I read which of what was seen is not as expected, with both."""
    fact = compare(probe(status=AtLeast(1), name="a"), {"status": 0, "name": "a", "more": 1})
    assert (fact.why, fact.expected["status"]) == ("Not as expected: status.", "at least 1")
    assert fact.seen == {"status": 0, "name": "a", "more": 1}


def test_what_was_not_looked_at_is_unknown() -> None:
    """A probe that forgot to look says nothing: it neither holds nor differs."""
    fact = compare(probe(status=200, name="a"), {"status": 200})
    assert (fact.verdict, fact.why) == (Verdict.UNKNOWN, "It was not looked at: name.")


def test_what_could_not_be_told_has_its_reason() -> None:
    """I read why nothing was seen."""
    fact = cannot_tell(probe(a=1), "It was gone.", ("r-1",))
    assert (fact.verdict, fact.why, fact.requests) == (Verdict.UNKNOWN, "It was gone.", ("r-1",))


def test_every_claim_is_looked_at_or_says_why_not() -> None:
    """A new claim gets a probe, or the reason why no run can show it; never both."""
    every = {claim.id for claims in CLAIMS.values() for claim in claims}
    assert set(PROBES) | set(BY_HAND) == every
    assert not set(PROBES) & set(BY_HAND)
    assert all(why.endswith(".") or "--bill" in why for why in BY_HAND.values())


@pytest.mark.parametrize("found", PROBES.values(), ids=lambda each: each.claim)
def test_a_probe_is_whole(found: Any) -> None:
    """Each expects something, names only what it expects, and says why the emulator cannot."""
    assert found.expected
    assert set(found.only_on_aws) < set(found.expected)
    assert not (found.alone and found.aside)
    assert found.emulator == "" or found.emulator.endswith(".")


def test_what_a_run_chooses() -> None:
    """`--local` takes what the emulator shows, `--quick` what waits for nothing long."""
    local, quick = chosen(local=True, quick=False), chosen(local=False, quick=True)
    whole = chosen(local=False, quick=False)
    assert {each.claim for each in whole} == set(PROBES)
    assert all(not each.emulator for each in local)
    assert all(not set(each.only_on_aws) & set(each.expected) for each in local)
    assert 0 < len(quick) < len(whole)
    assert all(each.quick for each in quick)
    only = chosen(local=False, quick=False, only=("header-lines",))
    assert [each.claim for each in only] == ["header-lines"]
