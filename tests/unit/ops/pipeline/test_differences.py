"""What a deployment would change is told from two templates, and from nothing else of AWS."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infrastructure.settings import settings_of
from ops.pipeline import differences
from ops.reach.errors import OperatorError
from ops.release import cdk
from ops.release.account import Place

WRITTEN = Path("assembly-of-dev")
TEMPLATE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


class Cloud:
    """An account with one stack or none, and the CDK beside it, which notes what it is given."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.asked: list[str] = []
        self.compared: Any = None
        self.succeeds = True

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        self.asked.append("DescribeStacks")
        if self.body is None:
            said = "Stack with id X does not exist"
            raise ClientError({"Error": {"Code": "V", "Message": said}}, "DescribeStacks")
        return {"Stacks": [{"StackId": "id", "StackStatus": "CREATE_COMPLETE"}]}

    def get_template(self, **_: str) -> dict[str, Any]:
        self.asked.append("GetTemplate")
        return {"TemplateBody": self.body}

    def run(self, command: str, stack: str, *options: str, assembly: Path) -> bool:
        assert (command, stack, options[0]) == ("diff", "food-delivery-orders-dev", "--template")
        assert assembly == WRITTEN
        self.compared = json.loads(Path(options[1]).read_text())
        return self.succeeds


def look(monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    monkeypatch.setattr(cdk, "run", cloud.run)
    monkeypatch.setattr(cdk, "install", lambda _: None)
    monkeypatch.setattr(cdk, "synthesize", lambda _: WRITTEN)
    account: Any = SimpleNamespace(client=lambda _: cloud, region="us-east-1")
    differences.show(Place(settings_of("dev"), account), print)


@pytest.mark.parametrize(
    ("body", "before"),
    [(TEMPLATE, TEMPLATE), (json.dumps(TEMPLATE), TEMPLATE), (None, {"Resources": {}})],
)
def test_the_deployed_template_is_compared(
    monkeypatch: pytest.MonkeyPatch, body: Any, before: Any
) -> None:
    """The CDK sees what is deployed, or that nothing is; the role of a pull request suffices."""
    cloud = Cloud(body)
    look(monkeypatch, cloud)
    assert cloud.compared == before
    assert set(cloud.asked) <= {"DescribeStacks", "GetTemplate"}


def test_it_fails_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the CDK cannot compare, the command fails and says so."""
    cloud = Cloud(TEMPLATE)
    cloud.succeeds = False
    with pytest.raises(OperatorError, match="cannot compare"):
        look(monkeypatch, cloud)
