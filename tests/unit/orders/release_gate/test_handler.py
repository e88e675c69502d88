"""What CloudFormation hears of the gate, at each step of a stack's life."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from orders import custom_resource
from orders import log as logs
from orders.handlers import release_gate
from tests.fuzz.tables import ORDERS
from tests.unit.orders.release_gate.fake import NEW, OLD, FakeLambda, serving
from tests.unit.orders.release_gate.test_faults import other_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Told = Callable[..., dict[str, Any]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLambda]:
    """A Lambda with two versions of each function, of which the old ones are live."""
    with serving(monkeypatch) as made:
        yield made


@pytest.fixture
def told(fake: FakeLambda, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Call the function as CloudFormation does; gives what that hears."""
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(custom_resource, "_send", lambda _, body: heard.append(json.loads(body)))

    def telling(request: str, **changes: Any) -> dict[str, Any]:
        event = {
            "RequestType": request,
            "ResponseURL": "http://127.0.0.1/",
            "StackId": "s",
            "RequestId": "r",
            "LogicalResourceId": "Gate",
            "ResourceProperties": fake.properties(),
        }
        if request == "Update":
            event["OldResourceProperties"] = fake.properties(OLD)
        release_gate.handler({**event, **changes}, None)
        return heard.pop()

    return telling


def test_a_stack_that_is_made_has_nothing_to_be_compared_with(fake: FakeLambda, told: Told) -> None:
    """A first deployment is not held up, and taking a stack down asks nobody either."""
    assert (told("Create")["Status"], told("Delete")["Status"]) == ("SUCCESS", "SUCCESS")
    assert fake.calls == []


def test_a_good_release_goes_on(fake: FakeLambda, told: Told) -> None:
    """A release that was asked goes live, as the same resource as before."""
    answer = told("Update")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "release-gate")
    assert len(fake.calls) > 100


def test_whoever_deploys_reads_why(
    fake: FakeLambda, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack's events say which function, which request and what was wrong; so does the log."""
    fake.faults["create_order", NEW] = other_status(201, 200)
    answer = told("Update")
    why = "create_order version 8 answers POST /partner/orders wrongly: status 200 and not 201."
    assert (answer["Status"], answer["Reason"]) == ("FAILED", why)
    log = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", log)
    monkeypatch.setattr(fake, "invoke", lambda *_: ({"X-Amz-Executed-Version": "9"}, b"{}"))
    assert told("Update")["Reason"] in log.getvalue()


def test_a_stack_that_goes_back_is_let_through(fake: FakeLambda, told: Told) -> None:
    """A refused release leaves the stack as it was, and not in a state that needs hands."""
    fake.faults["create_order", OLD] = other_status(201, 500)
    back = {"ResourceProperties": fake.properties(OLD)}
    back["OldResourceProperties"] = fake.properties(NEW)
    assert told("Update", **back)["Status"] == "SUCCESS"
    assert fake.calls == []


@pytest.mark.parametrize("junk", [{}, {"Functions": []}, {"Functions": {"get_order": 1}}])
def test_what_it_cannot_read_is_refused_and_answered(
    fake: FakeLambda, told: Told, junk: dict[str, Any]
) -> None:
    """Nonsense opens no gate, and keeps no deployment waiting."""
    answer = told("Update", ResourceProperties=junk)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("The release names no version of create_order, get_order")
    assert fake.calls == []


def test_a_bug_of_its_own_is_answered(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that breaks refuses, tells nothing of what it has read, and the stack goes back."""

    def broken(_: Any) -> None:
        raise KeyError("somebody's name")

    monkeypatch.setattr("orders.release_gate.gate.Gate.check", broken)
    answer = told("Update")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "KeyError; the function's log says where"


def test_a_release_that_differs_on_purpose_is_let_through_with_its_reason(
    fake: FakeLambda, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks later why nothing was asked finds the reason in the log."""
    log = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", log)
    fake.faults["create_order", NEW] = other_status(201, 200)
    skipping = fake.properties(Gate="skip", Reason="Clients take 200 from now on")
    assert told("Update", ResourceProperties=skipping)["Status"] == "SUCCESS"
    line = json.loads(log.getvalue().splitlines()[0])
    assert (line["gate"], line["reason"]) == ("skipped", "Clients take 200 from now on")
    assert fake.tables.items[ORDERS] == {}


def test_a_reason_fits_into_an_answer(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation takes 4,096 bytes: a longer answer would be none."""

    def endless(_: Any) -> None:
        raise custom_resource.Refused("x" * 10_000)

    monkeypatch.setattr("orders.release_gate.gate.Gate.check", endless)
    assert len(json.dumps(told("Update"))) < 4_096
