"""What is found of a stage, with an account and without."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from infrastructure.settings import settings_of
from ops.reach.errors import Obstacle, OperatorError
from ops.release import account
from ops.release.before import diagnosis
from ops.release.before.findings import Result
from tests.shared.aws_account import CHECKS, Aws

if TYPE_CHECKING:
    from ops.release.account import Account


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Aws()


def signed_in(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "sign_in", lambda *_: aws.account)


@pytest.mark.parametrize("asked", ["credentials", "slow", "network"])
def test_no_account(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an account every check of it is unknown, and I am sent to the credentials."""

    def refuse(*_: object) -> Account:
        if asked == "credentials":
            raise Obstacle("There are no AWS credentials.", "Sign in.")
        if asked == "slow":
            time.sleep(60)
        raise OperatorError("AWS cannot be reached: x")

    monkeypatch.setattr(diagnosis, "_SIGN_IN_SECONDS", 0.2)
    monkeypatch.setattr(account, "sign_in", refuse)
    found = diagnosis.on_aws(settings_of("dev"))
    assert [each.check for each in found] == list(CHECKS)
    assert found[0].result == ("failure" if asked == "credentials" else "unknown")
    assert {each.result for each in found[1:]} == {Result.UNKNOWN}


def test_all_checks_of_an_account(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an account every check is run, in the order of the list."""
    signed_in(aws, monkeypatch)
    found = diagnosis.on_aws(settings_of("dev"))
    assert [each.check for each in found] == list(CHECKS)
    assert found[0].result == "ok"
    assert all(each.sentence for each in found)
