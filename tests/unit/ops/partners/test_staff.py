"""Who becomes staff of a restaurant: the person whom the operator means."""

from __future__ import annotations

from typing import Any

import pytest

from ops.partners import staff
from ops.reach.errors import OperatorError
from ops.reach.target import Target

ADDRESS = "ann@example.com"


class Cognito:
    """A user pool with one person; it takes no change."""

    def __init__(self, status: str) -> None:
        self.status = status

    def admit(self, service: str) -> Cognito:
        assert service == "cognito-idp", "nothing is changed, so nobody's turn is asked for"
        return self

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        assert (UserPoolId, Username) == ("pool", ADDRESS)
        attributes = [{"Name": "sub", "Value": "sub-1"}, {"Name": "email", "Value": ADDRESS}]
        return {"Username": "sub-1", "UserStatus": self.status, "UserAttributes": attributes}

    class exceptions:  # noqa: N801 - boto3's
        """The errors that are caught by name."""

        UserNotFoundException = KeyError


def test_nobody_is_staff_with_somebody_else_s_address() -> None:
    """Who signs up with an address that is not theirs cannot confirm it, and serves no restaurant.

    Else the person who has it would confirm the stranger's account, whose password that one knows.
    """
    target = Target("prod", "stack", Cognito("UNCONFIRMED").admit, {"UserPoolId": "pool"}, "")
    stranger = staff.find(target, ADDRESS)
    with pytest.raises(OperatorError, match="has not confirmed the e-mail address"):
        staff.add(target, stranger, "rest-2")


@pytest.mark.parametrize("status", ["CONFIRMED", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD"])
def test_who_has_the_address_can_be_staff(status: str) -> None:
    """Whoever has confirmed it, or was made by an operator, is taken."""
    target = Target("prod", "stack", Cognito(status).admit, {"UserPoolId": "pool"}, "")
    assert staff.find(target, ADDRESS).confirmed
