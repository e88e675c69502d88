"""`orders logs level` when something goes wrong half-way."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import options
from cli.commands import logs
from ops.reach.errors import Overtaken
from ops.reach.target import Target
from orders.settings import LOG_LEVEL

OUTPUTS = {"CreateOrderFunction": "create", "GetOrderFunction": "get", "ListOrdersFunction": "list"}


class Lambda:
    """A Lambda in which somebody changes one function at the same moment."""

    def __init__(self) -> None:
        self.levels = dict.fromkeys(OUTPUTS.values(), "INFO")

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        variables = {LOG_LEVEL: self.levels[FunctionName], "OTHER": "stays"}
        environment = {"Variables": variables}
        return {"FunctionName": FunctionName, "RevisionId": "1", "Environment": environment}

    def update_function_configuration(self, **given: Any) -> None:
        if given["FunctionName"] == "get":
            raise ClientError(
                {"Error": {"Code": "PreconditionFailedException", "Message": "changed"}},
                "UpdateFunctionConfiguration",
            )
        assert given["Environment"]["Variables"]["OTHER"] == "stays"
        self.levels[given["FunctionName"]] = given["Environment"]["Variables"][LOG_LEVEL]

    def get_waiter(self, _: str) -> Any:
        return type("Waiter", (), {"wait": lambda *_, **__: None})()


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    made = Lambda()
    target = Target("stage it", "stack", lambda _: made, OUTPUTS, "")
    monkeypatch.setattr(options, "find", lambda *_, **__: target)
    return made


def test_what_was_changed_before_a_failure_is_told(
    functions: Lambda, capsys: pytest.CaptureFixture[str]
) -> None:
    """When one function was changed meanwhile, I am told, and which ones log more already."""
    with pytest.raises(Overtaken, match="has changed get_order since you looked"):
        logs.level("DEBUG")
    assert functions.levels == {"create": "DEBUG", "get": "INFO", "list": "INFO"}
    said = capsys.readouterr().out
    assert "create_order" in said
    assert "get_order" not in said
