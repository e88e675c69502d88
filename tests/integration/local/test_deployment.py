"""Deployment to the emulator: what happens when code or template change, or are wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.copy.deployment import Deployment
from ops.reach.clients import clients
from ops.reach.errors import LocalError
from tests.integration import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

STACK = "trial"
BUCKET = "cdk-hnb659fds-assets-000000000000-us-east-1"


@pytest.fixture
def client(stack: Endpoints) -> Callable[[str], Any]:
    return clients(stack.aws_endpoint_url)


@pytest.fixture
def deployment(client: Callable[[str], Any]) -> Iterator[Deployment]:
    yield Deployment(client, STACK)
    stacks.end(client("cloudformation"), STACK)


BAD = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}}  # it is there already


def template(*, key: str = "a.zip", **more: Any) -> str:
    """Write a template of one function, and of more resources."""
    properties = {
        "Code": {"S3Bucket": BUCKET, "S3Key": key},
        "FunctionName": STACK,
        "Handler": "code.handler",
        "Role": "arn:aws:iam::000000000000:role/trial",
        "Runtime": "python3.13",
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": properties}
    outputs = {"Name": {"Value": {"Ref": "Function"}}}
    return json.dumps({"Resources": {"Function": function, **more}, "Outputs": outputs})


def code(folder: Path, answer: str) -> Path:
    folder.mkdir()
    (folder / "code.py").write_text(f"def handler(event, context):\n    return {answer!r}\n")
    return folder


def answer(client: Callable[[str], Any]) -> Any:
    return json.load(client("lambda").invoke(FunctionName=STACK)["Payload"])


def test_new_code(client: Callable[[str], Any], deployment: Deployment, tmp_path: Path) -> None:
    """After a change of the code the next start runs the new code; without one nothing is done."""
    first, second = template(key="a.zip"), template(key="b.zip")
    assert not deployment.is_current(first)
    deployment.deploy(first, {"a.zip": code(tmp_path / "a", "old")})
    assert answer(client) == "old"
    assert deployment.is_current(first)
    assert not deployment.is_current(second)
    deployment.deploy(second, {"b.zip": code(tmp_path / "b", "new")})
    assert answer(client) == "new"
    assert deployment.outputs() == {"Name": STACK}
    assert deployment.physical_ids() == {"Function": STACK}


def test_first_deployment_that_fails(deployment: Deployment, tmp_path: Path) -> None:
    """A resource that cannot be made is named with the reason; once it is mended, all is well."""
    files = {"a.zip": code(tmp_path / "a", "old")}
    with pytest.raises(LocalError, match=r"Bad \(AWS::S3::Bucket\) failed: .*exists"):
        deployment.deploy(template(Bad=BAD), files)
    deployment.deploy(template(), files)
    assert deployment.is_current(template())


def test_update_that_fails(
    client: Callable[[str], Any], deployment: Deployment, tmp_path: Path
) -> None:
    """An update that fails is told, and what was there goes on, and counts as deployed."""
    deployment.deploy(template(), {"a.zip": code(tmp_path / "a", "old")})
    with pytest.raises(LocalError, match=r"Bad \(AWS::S3::Bucket\) failed: .*exists"):
        deployment.deploy(template(Bad=BAD), {})
    assert answer(client) == "old"
    assert deployment.is_current(template())


def test_template_that_is_none(deployment: Deployment) -> None:
    """A template that CloudFormation does not accept is told in one sentence."""
    broken = json.dumps({"Resources": {"Bad": {"Type": "AWS::Nothing::Known"}}})
    with pytest.raises(LocalError, match="AWS::Nothing::Known"):
        deployment.deploy(broken, {})
