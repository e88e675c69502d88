"""People of a run sign in with an authenticator app's codes."""

from __future__ import annotations

import base64

import pytest

from ops.proof.world import people

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("now", "expected"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2e10, "353130")],
)
def test_a_code_is_that_of_every_app(now: float, expected: str) -> None:
    """The codes are those of RFC 6238's table, in six digits."""
    assert people.code(SECRET, now) == expected


def test_a_secret_without_its_filling() -> None:
    """Cognito gives secrets without the `=` at their end, in any case."""
    assert people.code("gezdgnbvgy3tqojqgezdgnbvgy3tqojq", 59) == "287082"
