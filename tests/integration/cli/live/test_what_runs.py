"""`orders releases`, `status` and `drift` on the running stack, with changes made by hand."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from infrastructure.functions import LIVE, released_names
from project.release import version
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

FUNCTION = "notify_partner"
"""One that the tests' stack has as it was deployed: of those of the API it lifts a limit."""


def orders(*arguments: str) -> tuple[int, Any]:
    """Run a command; give its exit code, and what it said to programs."""
    done = CliRunner().invoke(app, [*arguments, "--local", "--json"])
    assert done.exit_code in (0, 1), done.output
    return done.exit_code, json.loads(done.stdout)


def differences() -> list[tuple[str, str, bool]]:
    """Give what differs, but for limits that the tests' stack has lifted, by a command's way."""
    code, said = orders("status")
    found = [(each["where"], each["what"], each["meant"]) for each in said["differences"]]
    assert said["asDeployed"] == (code == 0) == all(meant for _, _, meant in found)
    return [each for each in found if each[0] == FUNCTION or not each[2]]


def drifted() -> tuple[int, list[str]]:
    """Give the exit code, and what of functions has drifted."""
    code, said = orders("drift")
    return code, [each["what"] for each in said["functions"] if not each["meant"]]


@pytest.fixture
def function(here: Endpoints) -> Iterator[str]:
    """A function's name on AWS; its alias and variables are as they were afterwards."""
    client, name = aws(here, "lambda"), here.functions[FUNCTION]
    alias = client.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
    environment = client.get_function_configuration(FunctionName=name)["Environment"]
    yield name
    client.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=alias)
    client.update_function_configuration(FunctionName=name, Environment=environment)


@pytest.mark.usefixtures("here")
def test_as_deployed() -> None:
    """Nothing differs: each function runs the template's version, and the release is this one."""
    assert differences() == []
    _, said = orders("status")
    assert said["release"]["version"] == version()
    assert said["release"] == said["parameter"]
    assert {each["name"] for each in said["functions"]} <= set(released_names())
    for each in said["functions"]:
        assert each["codeSha256"] == each["templateCodeSha256"] == each["latestCodeSha256"]
        assert each["name"] != FUNCTION or each["runs"] == each["template"]


@pytest.mark.usefixtures("here")
def test_the_newest_release_is_live() -> None:
    """The list begins with what runs, and knows the version of each function."""
    code, said = orders("releases")
    assert (code, said[0]["state"], said[0]["version"]) == (0, "live", version())
    _, running = orders("status")
    runs = {each["name"]: each["template"] for each in running["functions"]}
    assert said[0]["functions"] == runs


def test_alias_moved_by_hand(here: Endpoints, function: str) -> None:
    """A version that somebody has published and made live is found, and drift by exit code."""
    client = aws(here, "lambda")
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**variables, "BY_HAND": "1"}}
    )
    made = client.publish_version(FunctionName=function)["Version"]
    client.update_alias(FunctionName=function, Name=LIVE, FunctionVersion=made)
    assert differences() == [(FUNCTION, "alias", False), (FUNCTION, "variables", False)]
    assert drifted() == (1, ["alias", "variables"])


@pytest.mark.usefixtures("here")
def test_a_level_is_no_difference(function: str) -> None:
    """A level that the command has set reaches what runs, is told, and nobody is woken by it."""
    assert function
    done = CliRunner().invoke(app, ["logs", "level", "DEBUG", "--function", FUNCTION, "--local"])
    assert done.exit_code == 0, done.output
    assert differences() == [(FUNCTION, "variables", True)]
    assert drifted() == (0, [])
    assert orders("releases")[1][0]["state"] == "live"


def test_code_uploaded_by_hand(here: Endpoints, function: str) -> None:
    """Code that no deployment brought is found; what the command tells to type puts it back."""
    client, archive = aws(here, "lambda"), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("by_hand.py", "handler = print")
    client.update_function_code(FunctionName=function, ZipFile=archive.getvalue())
    try:
        assert differences() == [(FUNCTION, "code", False)]
        assert drifted() == (1, ["code"])
        assert orders("drift")[1]["resources"] == []  # CloudFormation does not see it
    finally:
        (remedy,) = (
            each["remedy"]
            for each in orders("status")[1]["differences"]
            if (each["where"], each["what"]) == (FUNCTION, "code")
        )
        told = re.search(r"--function-name (\S+) --s3-bucket (\S+) --s3-key (\S+)", remedy)
        assert told
        name, bucket, key = told.groups()
        client.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key=key)
    assert differences() == []


def test_a_log_that_is_kept_longer(here: Endpoints, function: str) -> None:
    """What somebody changed of a resource is told in words; put back, nothing has drifted."""
    logs, group = aws(here, "logs"), here.log_groups[FUNCTION]
    assert function
    logs.put_retention_policy(logGroupName=group, retentionInDays=3653)
    try:
        code, said = orders("drift")
    finally:
        logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    (changed,) = said["resources"]
    assert (code, changed["physical"]) == (1, group)
    assert changed["says"] == ["has RetentionInDays 3653, and the template says 7"]
    code, said = orders("drift")
    assert (code, said["drifted"]) == (0, False)
    assert said["unchecked"]
