"""An empty account, and one clone for all steps: they run in their order, as on a runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.copy import environment
from local.copy.emulator import launch
from local.copy.synthesis import build_asset
from local.inside.patches import FOR_DEPLOYMENTS, PATCHES
from ops.reach.clients import ACCOUNT, REGION, clients
from ops.reach.layout import Layout, free_port
from ops.release.account import BOOTSTRAP_VERSION
from tests.pipeline import clone as making

_MAIL = "orders.example.com"
"""Where the mails of sign-up come from, in the settings as they are checked in."""

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.pipeline.clone import Clone


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An account that was bootstrapped for the CDK; gives its URL."""
    layout = Layout(tmp_path_factory.mktemp("account"), free_port())
    whole = [*PATCHES, *FOR_DEPLOYMENTS]
    emulator = launch(environment.ready() or environment.make(), layout, patches=whole)
    emulator.wait_until_healthy()
    client = clients(layout.url)
    client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String")
    client("sesv2").create_email_identity(EmailIdentity=_MAIL)
    client("s3").create_bucket(Bucket=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}")
    yield layout.url
    emulator.stop()


@pytest.fixture(scope="session")
def client(account: str) -> Callable[[str], Any]:
    return clients(account)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory, account: str) -> Clone:
    asset = build_asset(environment.ready() or environment.make())
    return making.made(tmp_path_factory.mktemp("runner"), account, asset.path)
