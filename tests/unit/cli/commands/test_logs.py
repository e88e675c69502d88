"""`orders logs level` when something goes wrong half-way."""

from __future__ import annotations

from typing import Any

import pytest

from cli import options
from cli.commands import logs
from ops.reach.errors import Overtaken
from ops.reach.target import Target
from orders.settings import LOG_LEVEL
from tests.unit.ops.functions import Functions, refused

OUTPUTS = {"CreateOrderFunction": "create", "GetOrderFunction": "get", "ListOrdersFunction": "list"}


class Lambda(Functions):
    """A Lambda in which somebody changes one function at the same moment."""

    def update_function_configuration(self, **given: Any) -> None:
        if given["FunctionName"] == "get":
            raise refused("PreconditionFailedException")
        super().update_function_configuration(**given)

    @property
    def levels(self) -> dict[str, str]:
        return {name: self.called(name)[LOG_LEVEL] for name in OUTPUTS.values()}


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    made = Lambda({name: {LOG_LEVEL: "INFO"} for name in OUTPUTS.values()})
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
