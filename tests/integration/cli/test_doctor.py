"""`orders doctor` as an operator runs it: an emulator in the place of AWS, or nothing at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import stack_name
from local.copy import environment
from local.copy.emulator import launch
from ops.reach.clients import REGION, clients
from ops.reach.layout import Layout, free_port
from ops.release.account import BOOTSTRAP_VERSION
from ops.release.before.checks_here import OF_A_STAGE
from ops.release.before.checks_on_aws import ON_AWS
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

NAME = f"{stack_name('dev')}-order-changes"
MOST_SECONDS = 45
"""Between a few seconds and for ever, on a machine that other tests share."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """An empty account, all of whose services are awake: the emulator loads each when asked."""
    layout = Layout(tmp_path_factory.mktemp("cloud"), free_port())
    emulator = launch(environment.ready() or environment.make(), layout)
    emulator.wait_until_healthy()
    doctor(**at(layout.url))
    yield layout
    emulator.stop()


@pytest.fixture
def client(cloud: Layout) -> Callable[[str], Any]:
    return clients(cloud.url)


def doctor(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run the command; give its exit code and what it said."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "cli", "doctor", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert time.monotonic() - started < MOST_SECONDS
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def results(said: str) -> dict[str, str]:
    return {item["check"]: item["result"] for item in json.loads(said)}


def at(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
    }


def test_account_that_is_not_prepared(cloud: Layout) -> None:
    """A new account: I am told what prepares it, exit code 1, and what was fine or not known."""
    code, out, err = doctor("--json", **at(cloud.url))
    found = results(out)
    assert (code, found["CDK bootstrap"], found["credentials"]) == (1, "failure", "warning"), out
    assert (found["stack"], found["topic's name"]) == ("ok", "ok"), out
    assert "1 failure" in err
    (remedy,) = (item["remedy"] for item in json.loads(out) if item["check"] == "CDK bootstrap")
    assert f"/{REGION}" in remedy


def test_prepared_account(cloud: Layout, client: Callable[[str], Any]) -> None:
    """A prepared account is fine: exit code 0, and a table with a line for each check."""
    client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    try:
        code, out, err = doctor(**at(cloud.url))
    finally:
        client("ssm").delete_parameter(Name=BOOTSTRAP_VERSION)
    assert (code, "0 failures" in err) == (0, True), out + err
    assert len(out.splitlines()) == 1 + len(OF_A_STAGE) + len(ON_AWS)


def test_taken_names(cloud: Layout, client: Callable[[str], Any]) -> None:
    """A log group and a topic that something else has left behind are found, with their names."""
    client("logs").create_log_group(logGroupName=f"/aws/vendedlogs/pipes/{NAME}")
    topic = client("sns").create_topic(Name=NAME)["TopicArn"]
    try:
        code, out, _ = doctor("--json", **at(cloud.url))
    finally:
        client("logs").delete_log_group(logGroupName=f"/aws/vendedlogs/pipes/{NAME}")
        client("sns").delete_topic(TopicArn=topic)
    found = results(out)
    assert (code, found["log group's name"], found["topic's name"]) == (1, "failure", "failure")


def test_no_network() -> None:
    """Where AWS does not answer I am told so for each check, within seconds, and nothing fails."""
    code, out, err = doctor("--json", **at(f"http://127.0.0.1:{free_port()}"))
    found = results(out)
    assert {found[check.name] for check in ON_AWS} == {"unknown"}, out
    assert (code, "Could not be checked: credentials, CDK bootstrap" in err) == (0, True), err


def test_offline_without_credentials(tmp_path: Path) -> None:
    """Without credentials or network: what can be checked here is, and the exit code is 1."""
    nowhere = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    code, out, err = doctor("--stage", "prod", "--json", **nowhere)
    found = results(out)
    assert (code, found["credentials"], found["Python"]) == (1, "failure", "ok"), out
    assert found["web origins"] == "warning"
    assert {found[check.name] for check in ON_AWS[1:]} == {"unknown"}
    assert "topic's name" in err


def test_unknown_profile() -> None:
    """A profile that does not exist is told in a sentence."""
    code, out, _ = doctor(AWS_PROFILE="no-such-profile")
    assert (code, "no-such-profile" in out) == (1, True)


def test_local(tmp_path: Path) -> None:
    """`--local` looks at what `make run` takes, and at nothing of AWS."""
    code, out, _ = doctor("--local", "--json", LOCAL_DIR=str(tmp_path), LOCAL_PORT=str(free_port()))
    found = results(out)
    assert (code, found["port"]) == (0, "ok"), out
    assert "credentials" not in found


def test_port_of_another(cloud: Layout, tmp_path: Path) -> None:
    """A port that is taken is a failure before `make run` finds out."""
    code, out, _ = doctor("--local", LOCAL_DIR=str(tmp_path), LOCAL_PORT=str(cloud.port))
    assert (code, f"Port {cloud.port} is taken" in out) == (1, True)


@pytest.mark.parametrize("arguments", [["--stage", "prd"], ["--local", "--stage", "dev"]])
def test_wrong_usage(arguments: list[str]) -> None:
    """What cannot be meant is refused with exit code 2."""
    assert doctor(*arguments)[0] == 2
