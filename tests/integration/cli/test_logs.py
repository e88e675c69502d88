"""`orders logs` on the running stack: more lines at once, without a deployment."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from orders.settings import LOG_LEVEL
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

FUNCTION = "get_order"


@pytest.fixture
def variables(stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The function's variables as they are; the fixture puts them back."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("LOCAL_PORT", "")
    client, name = aws(stack, "lambda"), stack.functions[FUNCTION]

    def read() -> dict[str, str]:
        found = client.get_function_configuration(FunctionName=name)
        variables: dict[str, str] = found["Environment"]["Variables"]
        return variables

    before = read()
    yield read
    client.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def orders_logs(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["logs", *arguments, "--local"])
    return done.exit_code, done.stdout, done.stderr


def levels() -> dict[str, str]:
    found = json.loads(orders_logs("ls", "--json")[1])
    return {one["function"]: one["level"] for one in found}


def test_a_function_logs_more_without_a_deployment(variables: Any) -> None:
    """One function's level changes, its other settings and all other functions stay."""
    before, others = variables(), levels()
    code, said, _ = orders_logs("level", "debug", "--function", FUNCTION)
    assert code == 0
    assert said.split()[-2:] == [FUNCTION, "DEBUG"]
    assert variables() == {**before, LOG_LEVEL: "DEBUG"}
    assert levels() == {**others, FUNCTION: "DEBUG"}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["level", "DEBUGG"], "Did you mean"),
        (["level", "loud"], "There are DEBUG, INFO"),
        (["level", "INFO", "--function", "get_orders"], "Did you mean 'get_order'"),
    ],
)
def test_a_typo_changes_nothing(variables: Any, arguments: list[str], hint: str) -> None:
    """What I mistype is named, with what I may have meant, before anything is asked of AWS."""
    before = variables()
    code, _, told = orders_logs(*arguments)
    assert code == 2
    assert hint in " ".join(told.replace("│", " ").split())
    assert variables() == before
