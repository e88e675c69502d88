"""Checks run side by side; none takes the others along when it fails or waits."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import EndpointConnectionError, ProfileNotFound

from ops.reach.errors import Obstacle, OperatorError
from ops.release.before import findings
from ops.release.before.findings import Check, Finding, Result, run_all


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EndpointConnectionError(endpoint_url="https://x"), "cannot be reached"),
        (ProfileNotFound(profile="p"), "set AWS_PROFILE"),
        (KeyError("x"), "Looking failed: KeyError"),
        (OperatorError("as it is"), "as it is"),
    ],
)
def test_looking_fails(error: Exception, said: str) -> None:
    """Whatever goes wrong in looking is told in a sentence, and is no failure of the stage."""

    def broken(_: object) -> Finding:
        raise error

    found = Check("x", broken).run(None)
    assert (found.result, said in found.sentence, found.check) == ("unknown", True, "x")


def test_obstacle() -> None:
    """What `make deploy` would stop at is a failure with the same words."""

    def broken(_: object) -> Finding:
        raise Obstacle("It is so.", "Do this.")

    assert Check("x", broken).run(None) == Finding(Result.FAILURE, "It is so.", "Do this.", "x")


def test_slow_check() -> None:
    """A check that gets no answer does not keep me waiting, nor hide what the others found."""

    def slow(_: object) -> Finding:
        time.sleep(60)
        return findings.ok("never")

    found = run_all(
        [Check("slow", slow), Check("quick", lambda _: findings.ok("done"))], None, seconds=0.2
    )
    assert [(each.check, each.result) for each in found] == [("slow", "unknown"), ("quick", "ok")]
