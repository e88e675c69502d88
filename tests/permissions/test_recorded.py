"""After all integration tests: what they have asked of AWS, against what the template grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.permissions.at_run_time import MANAGED_BY_AWS, RULES, done_by_aws
from tests.permissions.deployed import Deployed, recorded, short
from tests.permissions.exercise import Walk
from tests.permissions.judge import judge, unmissed

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.permissions.deployed import Asked

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("whole_suite")]


@pytest.fixture(scope="module")
def deployed(stack: Endpoints) -> Deployed:
    return Deployed(stack)


@pytest.fixture(scope="module")
def asked(stack: Endpoints, deployed: Deployed, recording: Path) -> list[Asked]:
    """What this run has asked in the names of the stack's roles, and what AWS adds by itself.

    Whether the rarer permissions were used by the tests is a matter of chance, such as which of
    many processes met a new API key: the walk uses each for certain.
    """
    Walk(stack, recording).all()
    here = [call for call in recorded(recording.read_text()) if call.role in deployed.roles]
    return [*here, *done_by_aws(deployed)]


def test_what_is_granted_is_what_is_used(
    deployed: Deployed, asked: list[Asked], interpreter: Path
) -> None:
    """Every call of every function is granted, and every grant is used by some call."""
    verdict = judge(interpreter, deployed.policies, asked)
    assert not any(verdict), f"\n{verdict}"


def test_every_role_has_been_at_work(deployed: Deployed, asked: list[Asked]) -> None:
    """No role escapes the judgement by doing nothing."""
    idle = set(deployed.roles) - {call.role for call in asked} - set(deployed.of_aws)
    assert not {short(role) for role in idle}


def test_a_policy_of_aws_is_one_that_was_agreed_on(deployed: Deployed) -> None:
    """A role with AWS's own policy, which is wider than ours, stands in the list with a reason."""
    attached = {name.rpartition("/")[2] for names in deployed.of_aws.values() for name in names}
    assert attached == set(MANAGED_BY_AWS)


def test_what_aws_does_by_itself_is_not_a_dead_letter(deployed: Deployed) -> None:
    """Every rule on what AWS does by itself, but for the heartbeat's, applies to what there is."""
    for rule in RULES:
        kind = "Scheduler::Schedule" if "calls the function" in rule.what else ""
        if not kind or list(deployed.all(kind)):
            assert list(rule.calls(deployed)), rule.what


def test_a_planted_spare_grant_is_found(
    deployed: Deployed, asked: list[Asked], interpreter: Path
) -> None:
    """One more action on a resource that a role has anyway fails this run."""
    role, documents = next(iter(deployed.policies.items()))
    spare = {"Effect": "Allow", "Action": "dynamodb:DeleteTable", "Resource": "*"}
    policies = {**deployed.policies, role: [*documents, {"Statement": [spare]}]}
    (found,) = judge(interpreter, policies, asked).spare
    assert (found.role, found.action) == (role, "dynamodb:DeleteTable")


def test_each_missing_grant_is_found(
    deployed: Deployed, asked: list[Asked], interpreter: Path
) -> None:
    """Whichever single grant is taken away, this run's recording tells that it is missed."""
    assert not [str(grant) for grant in unmissed(interpreter, deployed.policies, asked)]
