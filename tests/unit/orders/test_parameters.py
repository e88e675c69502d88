"""Parameters of Parameter Store: read seldom, and kept when they cannot be read."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from infrastructure.functions import names
from orders import parameters
from orders.aws_api import ApiError, Unreachable
from orders.parameters import KEPT_SECONDS, Parameter, Unreadable


class Number(Parameter[int]):
    """A parameter that holds a number."""

    def parse(self, text: str) -> int:
        return int(text)


class World:
    """A Parameter Store, and a clock that stands."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.value: str | Exception = "1"
        self.reads: list[dict[str, Any]] = []

    def call(self, _service: Any, _operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.reads.append(arguments)
        if isinstance(self.value, Exception):
            raise self.value
        return {"Parameter": {"Value": self.value}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(parameters, "call", made.call)
    monkeypatch.setattr("orders.parameters.time.monotonic", lambda: made.now)
    return made


def test_a_parameter_is_read_when_it_is_needed_and_kept_for_a_minute(world: World) -> None:
    """A change by an operator holds within about a minute, and costs one read a minute."""
    number = Number("n", decrypt=True)
    assert not world.reads
    assert (number.get(), number.get()) == (1, 1)
    world.value, world.now = "2", world.now + KEPT_SECONDS * 0.79
    assert number.get() == 1
    world.now += KEPT_SECONDS * 0.42
    assert number.get() == 2
    assert world.reads == [{"Name": "n", "WithDecryption": True}] * 2


@pytest.mark.usefixtures("world")
def test_functions_that_start_together_do_not_read_together() -> None:
    """A hundred functions spread their reads: Parameter Store serves forty a second."""
    numbers = [Number("n") for _ in range(100)]
    for number in numbers:
        number.get()
    assert len({round(number._expires, 3) for number in numbers}) > 50


@pytest.mark.parametrize("failure", [Unreachable("x"), ApiError("AccessDenied"), "no number"])
def test_the_last_good_value_holds_while_it_cannot_be_read(
    world: World, failure: Exception | str
) -> None:
    """An outage, or a typing mistake of an operator, changes nothing until it is over."""
    number = Number("n")
    assert number.get() == 1
    world.value, world.now = failure, world.now + 2 * KEPT_SECONDS
    assert number.get() == 1
    world.value, world.now = "3", world.now + KEPT_SECONDS
    assert number.get() == 3


def test_what_was_never_read_is_unreadable_and_not_asked_for_at_once_again(world: World) -> None:
    """A Parameter Store that hangs holds up one message of a batch, and not each anew."""
    number = Number("n")
    world.value = Unreachable("TimeoutError")
    for _ in range(10):
        with pytest.raises(Unreadable, match="TimeoutError: n"):
            number.get()
    assert len(world.reads) == 1
    world.value, world.now = "4", world.now + 6
    assert number.get() == 4


def test_a_parameter_that_is_not_there_is_none(world: World) -> None:
    """Nothing set is an answer, too, and kept like one."""
    world.value = ApiError("ParameterNotFound")
    number = Number("n")
    assert number.get() is None
    assert number.get() is None
    assert len(world.reads) == 1


@pytest.mark.parametrize("name", names())
def test_nothing_is_read_while_a_function_starts(name: str) -> None:
    """A hundred functions can start at once without asking Parameter Store anything."""
    program = (
        "import orders.aws_api as a\n"
        "def refuse(*_): raise SystemExit('called')\n"
        "a.call = a._exchange = refuse\n"
        f"import orders.handlers.{name}"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
