"""The smoke test against a front door that does not do what callers are promised."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure import outputs
from infrastructure.settings import tags
from ops.live import front_door, smoke, smoke_key
from orders import heartbeat
from orders.settings import ALLOWED_ORIGINS
from project.release import Release
from tests.unit.ops.account import Account
from tests.unit.ops.live.door import ORIGIN, Door, Reply, Request
from tests.unit.ops.live.stage import Lambda

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.live.smoke import Step

ONCE = ["health", "unknown route", "no token", "preflight", "key"]
ROUND = ["place", "read", "repeat", "cancel"]
RELEASE = Release("1.0.0", "0123456789abcdef0123456789abcdef01234567", dirty=False)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    made = Door()
    monkeypatch.setattr(front_door, "address", lambda _: made.url)
    for name in ("PAUSE_SECONDS", "_LET_IN_SECONDS", "_SETTLE_SECONDS", "_POLL_SECONDS"):
        monkeypatch.setattr(smoke, name, 0)
    yield made
    made.close()


class Smoked(Account):
    """An account with functions that have versions."""

    def __init__(self) -> None:
        super().__init__()
        self.versions = Lambda()
        self.versions.deploy("create", "code", **{ALLOWED_ORIGINS: f"{ORIGIN} https://b.org"})

    def client(self, service: str) -> Any:
        """Give a client."""
        return self.versions if service == "lambda" else super().client(service)

    def tell(self, **outputs_: str) -> None:
        """Give the stack more outputs."""
        object.__setattr__(self.target, "outputs", {**self.target.outputs, **outputs_})


@pytest.fixture
def account() -> Smoked:
    return Smoked()


def take(account: Smoked, times: int = 1) -> list[Step]:
    heard: list[Step] = []
    taken = smoke.smoke(account.target, heard.append, times)
    assert heard == taken
    return taken


def faults(account: Smoked) -> dict[str, str]:
    return {step.name: step.fault for step in smoke.failed(take(account))}


def on(method: str, path: str, **changed: Any) -> Callable[[Request, Reply], Reply]:
    """Change the answers to a method and a path that begins so."""

    def instead(request: Request, reply: Reply) -> Reply:
        met = request.method == method and request.path.startswith(f"/v1{path}")
        return reply._replace(**changed) if met else reply

    return instead


def test_a_sound_stage(door: Door, account: Smoked) -> None:
    """Each step is told as it is done, with its time; three orders are placed and cancelled."""
    taken = take(account, times=3)
    assert [step.name for step in taken] == [*ONCE, *ROUND * 3, "head", "list"]
    assert {step.number for step in taken if step.name == "place"} == {1, 2, 3}
    assert not smoke.failed(taken)
    assert not any(step.means for step in taken)
    assert [order["status"] for order in door.orders.values()] == ["CANCELLED"] * 3


def test_the_lent_key_is_gone_afterwards(door: Door, account: Smoked) -> None:
    """A stage without a heartbeat: what opened it for the test opens it no more."""
    take(account)
    assert any(request.headers.get("x-api-key") for request in door.requests)
    assert (account.keys, account.items, account.on_plan) == ({}, {}, {})


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, RuntimeError])
def test_the_lent_key_is_gone_after_an_interrupt(
    door: Door, account: Smoked, stopped: type[BaseException]
) -> None:
    """^C in the middle of a round: the key is taken back before the command ends."""
    met: list[Step] = []

    def told(step: Step) -> None:
        met.append(step)
        if step.name == "read":
            assert account.keys
            raise stopped

    with pytest.raises(stopped):
        smoke.smoke(account.target, told)
    assert met[-1].name == "read"
    assert door.orders
    assert (account.keys, account.items) == ({}, {})


@pytest.mark.parametrize("call", ["put_item", "create_usage_plan_key"])
def test_the_lent_key_is_gone_where_lending_fails(account: Smoked, call: str) -> None:
    """AWS refuses in the middle of making the key: nothing half made stays behind."""

    def before(_: int, name: str) -> None:
        if name == call:
            raise RuntimeError

    account.before = before
    with pytest.raises(RuntimeError), smoke_key.key(account.target):
        pytest.fail("there is no key")
    assert (account.keys, account.items) == ({}, {})


def test_a_key_that_was_left_behind(account: Smoked) -> None:
    """What a command that was killed has left is taken back by the next; a partner's key stays."""
    client = account.client("apigateway")
    lent = {**tags("dev"), "purpose": "smoke"}
    name = "food-delivery-dev-smoke-"
    client.create_api_key(name=f"{name}left", tags=lent)
    client.create_api_key(name=f"{name}shop-1", tags={**tags("dev"), "partner": "smoke-shop"})
    with smoke_key.key(account.target):
        assert len(account.keys) == 2
    assert [key["name"] for key in account.keys.values()] == [f"{name}shop-1"]


def test_the_heartbeat_s_own_key(account: Smoked) -> None:
    """Where the stage has a heartbeat its key is used, and is there afterwards."""
    key_id = account.client("apigateway").create_api_key(name="heartbeat", value="secret")["id"]
    target = account.target
    account.tell(**{outputs.function("place_heartbeat"): "beat"})
    account.versions.deploy("beat", "code", HEARTBEAT_KEY_ID=key_id)
    for _ in range(2):
        with smoke_key.key(target) as (value, lent):
            assert (value, lent) == ("secret", False)
    assert list(account.keys) == [key_id]
    assert account.items[key_id]["partnerId"] == {"S": "heartbeat"}


@pytest.mark.parametrize(
    ("step", "instead", "fault"),
    [
        ("health", on("GET", "/health", status=503), "HTTP 503"),
        ("health", on("GET", "/health", document={}), "not healthy"),
        ("unknown route", on("GET", "/", headers={}), "nothing, not application/problem"),
        ("no token", on("GET", "/orders", status=403), "HTTP 403, not 401"),
        ("preflight", on("OPTIONS", "/orders", status=500), "HTTP 500"),
        ("preflight", on("OPTIONS", "/orders", headers={}), "it permits no origin"),
        ("key", on("GET", "/partner/orders?", status=403), "HTTP 403"),
        ("place", on("POST", "/partner/orders", status=200), "HTTP 200"),
        ("read", on("GET", "/partner/orders/", document={}), "another order"),
        ("repeat", on("POST", "/partner/orders", headers={}), "placed a second time"),
        ("cancel", on("PATCH", "/partner/orders/", status=409), "HTTP 409"),
        ("head", on("HEAD", "/partner/orders/", headers={}), "no ETag"),
        ("head", on("HEAD", "/partner/orders/", status=502), "HTTP 502"),
        ("list", on("GET", "/partner/orders?", document={"orders": []}), "no page"),
        (
            "list",
            on(
                "GET", "/partner/orders?", document={"orders": [{"partnerId": "acme"}], "cursor": 0}
            ),
            "somebody else",
        ),
    ],
)
def test_what_is_not_as_promised(
    door: Door, account: Smoked, step: str, instead: Any, fault: str
) -> None:
    """The step that is not as promised is named, with how it differs and what that means."""
    door.instead = instead
    found = {taken.name: taken for taken in smoke.failed(take(account))}
    assert fault in found[step].fault
    assert found[step].means == smoke.MEANS[step]
    assert account.keys == {}


def test_pages_are_permitted(door: Door, account: Smoked) -> None:
    """A 401 that a page may not read is a fault: the page would see a network error."""
    door.instead = on("GET", "/orders", headers={"Content-Type": "application/problem+json"})
    assert faults(account) == {"no token": f"it permits no origin, not {ORIGIN}"}


def test_one_step_does_not_hide_the_others(door: Door, account: Smoked) -> None:
    """Health fails and orders cannot be cancelled: I am told both, and that all else is well."""
    cancels = on("PATCH", "/partner", status=500)
    ill = on("GET", "/health", status=500)
    door.instead = lambda request, reply: cancels(request, ill(request, reply))
    assert faults(account) == {"health": "HTTP 500", "cancel": "HTTP 500"}


def test_the_release_at_the_front_door(door: Door, account: Smoked) -> None:
    """The front door says another release than the stack: the API was not deployed with it."""
    account.tell(Release=RELEASE.text())
    door.instead = on("GET", "/health", headers={"X-Release": RELEASE.short()})
    assert faults(account) == {}
    door.instead = on("GET", "/health", headers={"X-Release": "0.9.0-ffffffffffff"})
    assert "says release 0.9.0-ffffffffffff" in faults(account)["health"]


def test_a_cold_start_is_no_fault(
    door: Door, account: Smoked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is late, its repetition is not: one order, and no fault."""
    monkeypatch.setattr(heartbeat, "LATE_SECONDS", 0.5)
    slept: list[str] = []

    def once(request: Request, reply: Reply) -> Reply:
        if request.method == "POST" and not slept:
            slept.append(request.path)
            time.sleep(0.7)
        return reply

    door.instead = once
    assert faults(account) == {}
    assert len(door.orders) == len(slept) == 1


def test_nobody_there(door: Door, account: Smoked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any answer there is one fault, no key is lent, and nothing more is tried."""
    monkeypatch.setattr(front_door, "address", lambda _: "http://127.0.0.1:9/v1")
    (only,) = take(account)
    assert only.fault.startswith("no answer: ConnectionRefusedError")
    assert account.steps == 0
    assert not door.requests


def test_every_step_says_what_it_means() -> None:
    """No step can fail without a word on where to look."""
    assert {*ONCE, *ROUND, "head", "list"} == set(smoke.MEANS)
