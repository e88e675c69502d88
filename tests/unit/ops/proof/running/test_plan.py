"""What a run takes is told before it is asked: minutes and dollars, from probes and prices."""

from __future__ import annotations

from functools import cache
from typing import Any

from infrastructure.settings import PROVED, STAGES, proof_of, settings_of
from ops.proof.probes.registry import chosen
from ops.proof.running import plan
from tests.shared.templates.kept import template_of


@cache
def template() -> dict[str, Any]:
    return template_of(settings_of("prove-0a1b"))


def test_a_run_is_short_and_cheap() -> None:
    """A quick run takes twenty minutes, a whole one two hours at most; neither two dollars."""
    quick = plan.plan("prove-0a1b", template(), chosen(local=False, quick=True))
    whole = plan.plan("prove-0a1b", template(), chosen(local=False, quick=False))
    assert quick.minutes <= 25
    assert quick.minutes < whole.minutes <= plan.MOST_HOURS * 60
    assert whole.claims > quick.claims
    assert 0 < quick.dollars == whole.dollars < 2


def test_a_run_is_told_in_words() -> None:
    """I read what is made, how long it takes and what it costs, and that it is removed."""
    told = str(plan.Plan("prove-0a1b", 190, 50, 20, 0.4567))
    assert "stage prove-0a1b: 190 resources" in told
    assert "50 claims" in told
    assert "about 20 minutes, 2 hours at most, and about 0.46 dollars" in told
    assert "removed in any case" in told


def test_the_stage_is_prod_s_and_keeps_nothing() -> None:
    """What is proven of the run's stage is true of prod: they differ in what would outlive it."""
    found, prod = settings_of("prove-0a1b"), STAGES[PROVED]
    assert found == proof_of(prod, "prove-0a1b")
    assert not found.keep_data
    assert (found.alarm_emails, found.mail, found.domain, found.web_client) == (
        (),
        None,
        None,
        None,
    )
    for name in ("capacity", "memory_mb", "workers", "web_firewall", "stage_throttle", "plans"):
        assert getattr(found, name) == getattr(prod, name)
    kept = {"Retain", "RetainExceptOnCreate", "Snapshot"}
    resources = template()["Resources"].values()
    left = [r["Type"] for r in resources if r.get("DeletionPolicy") in kept]
    # Versions go with their function; the role for logs is the account's, for its other stages.
    assert set(left) <= {"AWS::Lambda::Version", "AWS::ApiGateway::Account", "AWS::IAM::Role"}
