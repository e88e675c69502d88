"""What `orders doctor` finds of a stage: here first, then in the account that it goes to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.config import Config

from ops.release import account
from ops.release.before.checks_here import OF_A_STAGE
from ops.release.before.checks_on_aws import ON_AWS
from ops.release.before.findings import Finding, ask, run_all, unknown

if TYPE_CHECKING:
    from infrastructure.settings import Settings

HERE_SECONDS = 30.0
_SIGN_IN_SECONDS = 6.0
_LOOK_SECONDS = 12.0


def of_a_stage(settings: Settings) -> list[Finding]:
    """Look at what the deployment of a stage takes."""
    return [*run_all(OF_A_STAGE, settings, seconds=HERE_SECONDS), *on_aws(settings)]


def on_aws(settings: Settings) -> list[Finding]:
    """Look at the account; without one, none of its checks can be made."""
    credentials, *others = ON_AWS
    config = Config(connect_timeout=2, read_timeout=8, retries={"total_max_attempts": 2})
    found = ask(
        credentials, lambda: account.sign_in(settings.region, config), seconds=_SIGN_IN_SECONDS
    )
    if isinstance(found, Finding):
        why = unknown("This takes AWS, which cannot be asked: see credentials.")
        return [found, *(replace(why, check=check.name) for check in others)]
    return run_all(ON_AWS, account.Place(settings, found), seconds=_LOOK_SECONDS)
