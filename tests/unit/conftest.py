"""A store without DynamoDB, for what does not depend on it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import botocore.loaders
import pytest

from infrastructure.functions import Caller, names
from orders import log as logs
from orders import store
from orders.settings import (
    ACCEPT_LEAD_MINUTES,
    ACCEPT_MINUTES,
    CHECKED,
    NO_KEYS,
    PRICE_KEYS,
    PRICE_QUOTES,
    STAGE,
)
from tests.shared.fresh import forget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orders.domain.order import Item


OWN_STAGE = "unit"
"""The stage whose functions the tests are."""

_ENVIRONMENT = {
    STAGE: OWN_STAGE,
    ACCEPT_MINUTES: "10",
    ACCEPT_LEAD_MINUTES: "60",
    PRICE_QUOTES: CHECKED,
    PRICE_KEYS: NO_KEYS,
}


class NoStore(store.Store):
    """Knows one API key and no orders; whatever else is asked of it fails."""

    def __init__(self) -> None:
        """Open nothing."""

    def partner_of(self, api_key_id: str) -> Item | None:
        """Know only the key of acme."""
        return {"partnerId": "acme"} if api_key_id == "key-of-acme" else None

    def restaurants(self) -> Item | None:
        """Nobody serves any restaurant."""
        return None


@pytest.fixture(scope="session", autouse=True)
def aws_is_described_once() -> Iterator[None]:
    """Share what boto3 reads of each service, for hundreds of sessions: megabytes of JSON."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _=None: loader)
        yield


@pytest.fixture(autouse=True)
def functions_of_a_stage() -> Iterator[None]:
    """Let functions know whose metrics they count, how long restaurants have, who signs prices."""
    with pytest.MonkeyPatch.context() as patch:  # of its own: undone after all of a test's
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        forget()
        yield
        forget()


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> NoStore:
    """Put a store in place that has no DynamoDB behind it."""
    fake = NoStore()
    for module in ("partners", *(f"handlers.{name}" for name in names(Caller.API))):
        monkeypatch.setattr(f"orders.{module}.store", lambda: fake)
    return fake


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Catch all that the functions write; the fixture gives the lines so far."""
    stream = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def log_lines(written: Callable[[], list[dict[str, Any]]]) -> Callable[[], list[dict[str, Any]]]:
    """Catch the functions' log; the fixture gives its lines so far, without those of metrics."""
    return lambda: [line for line in written() if "_aws" not in line]
