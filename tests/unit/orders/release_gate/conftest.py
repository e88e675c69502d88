"""A Lambda of the real functions, and a way to have a release of them asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.custom_resource import Refused
from orders.release_gate.gate import Gate
from orders.release_gate.plan import plan_of
from tests.unit.orders.release_gate.fake import OLD, FakeLambda, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    """A Lambda with an old version of each function, which is live, and a new one."""
    with serving(monkeypatch) as made:
        yield made


@pytest.fixture
def asked(fake: FakeLambda) -> Callable[..., dict[str, Any]]:
    """Have the new versions asked; gives what the log tells. One that is refused raises."""

    def asking(**changes: Any) -> dict[str, Any]:
        gate = Gate(plan_of(fake.properties(**changes), fake.properties(OLD)))
        gate.check()
        return gate.notes

    return asking


@pytest.fixture
def refusal(asked: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Have new versions asked that must be refused; gives the reason."""

    def refusing(**changes: Any) -> str:
        with pytest.raises(Refused) as refused:
            asked(**changes)
        return str(refused.value)

    return refusing
