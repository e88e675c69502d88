"""`orders webhooks`: what it refuses, and how it ends."""

from __future__ import annotations

import contextlib
import json
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from msgspec.structs import replace
from typer.testing import CliRunner

from cli import app as cli
from cli import options
from cli.commands import webhooks
from ops.partners import accounts, events
from ops.partners.events import Sent
from ops.reach.errors import OperatorError
from orders.webhooks import Endpoint
from tests.shared.examples import order
from tests.shared.stream_records import customers_order, item

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

HERE = Endpoint("https://127.0.0.1:8443/hooks", ("whsec_YQ==",))


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli.app, ["webhooks", *arguments])


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An order of the stage, at version 2, and an endpoint that takes nothing but placed orders."""
    found = item(status="CONFIRMED", version=2)
    at = found["history"][0]["at"]
    found["history"] = [*found["history"], {"status": "CONFIRMED", "at": at, "by": "partner"}]

    def send(_: Endpoint, event: Any) -> Sent:
        taken = b"order.placed" in event.body
        return Sent(event.event_id, delivered=taken, answer="204" if taken else "HTTP 503")

    monkeypatch.setattr(options, "find", lambda *_, **__: None)
    monkeypatch.setattr(webhooks, "audited", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(events, "order_of", lambda *_: found)
    monkeypatch.setattr(events, "endpoint_to_ask", lambda *_: HERE)
    monkeypatch.setattr(events, "send", send)
    return found


def test_a_receiver_here_is_for_the_local_run() -> None:
    """A stage on AWS sends nothing to this machine: listening for it is refused."""
    done = run("listen", "acme-pos")
    assert done.exit_code == 2
    assert "--local" in done.output


def test_events_that_go_elsewhere_cannot_be_listened_to() -> None:
    """The sentence names where they go, and the command that sends them here."""
    with pytest.raises(OperatorError, match=r"x\.example.*set-webhook acme-pos https://127"):
        webhooks._port_here("acme-pos", "https://x.example/hooks")
    assert webhooks._port_here("acme-pos", HERE.url) == 8443


def test_a_port_that_is_taken_has_a_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where something else listens already, the sentence has the command that moves the events."""
    pem = tmp_path / "server.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
    here = SimpleNamespace(server_pem=str(pem))
    monkeypatch.setattr(webhooks, "endpoints_on_this_machine", lambda: here)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = Endpoint(f"https://127.0.0.1:{taken.getsockname()[1]}/", HERE.secrets)
        wanted = r"in use\. .* orders partners set-webhook acme-pos https://127\S+ --local$"
        with (
            pytest.raises(OperatorError, match=wanted),
            webhooks._receiving("acme-pos", endpoint, []),
        ):
            pass


def test_the_latest_event_is_sent_unless_another_is_named(stored: dict[str, Any]) -> None:
    """By itself the last one; by its version any; all of them in their order."""
    order_id = stored["orderId"]
    for arguments, versions in {(): [2], ("--version", "1"): [1], ("--all",): [1, 2]}.items():
        done = run("resend", order_id, *arguments, "--json")
        sent = [one["event_id"] for one in json.loads(done.stdout)]
        assert sent == [f"{order_id}.{version}" for version in versions]
        assert done.exit_code == (2 in versions), "all were taken, or not"


def test_who_serves_an_order_is_told_again_by_itself(
    stored: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --server the event goes to that partner, and says what only it is told."""
    asked: list[str] = []
    sent: list[dict[str, Any]] = []

    def ask(_: Any, partner_id: str) -> Endpoint:
        asked.append(partner_id)
        return HERE

    def send(_: Endpoint, event: Any) -> Sent:
        sent.append(json.loads(event.body))
        return Sent(event.event_id, delivered=True, answer="204")

    monkeypatch.setattr(events, "endpoint_to_ask", ask)
    monkeypatch.setattr(events, "send", send)
    stored["servedBy"] = f"bella#{stored['restaurantId']}"
    for arguments in ((), ("--server",)):
        assert run("resend", stored["orderId"], *arguments).exit_code == 0
    assert asked == ["acme", "bella"]
    placer, server = sent
    assert server == {**placer, "restaurantId": stored["restaurantId"]}


def test_a_served_order_that_no_partner_placed_names_the_other_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who asks for the wrong side reads which option is for the right one."""
    found = {**customers_order(order(), "cust-1"), "servedBy": "bella#rest-42"}
    monkeypatch.setattr(options, "find", lambda *_, **__: None)
    monkeypatch.setattr(events, "order_of", lambda *_: found)
    done = run("resend", "any")
    assert "--server" in str(done.exception)


def test_a_version_without_an_event_is_told(stored: dict[str, Any]) -> None:
    """An edit's version made no event: those that there are are named."""
    done = run("resend", stored["orderId"], "--version", "7")
    assert done.exit_code == 2
    assert "there are 1, 2" in " ".join(done.output.replace("│", " ").split())
    assert run("resend", stored["orderId"], "--version", "1", "--all").exit_code == 2


def test_a_customer_s_order_has_nobody_to_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that no partner placed makes no webhook, the first time or again."""
    monkeypatch.setattr(options, "find", lambda *_, **__: None)
    monkeypatch.setattr(events, "order_of", lambda *_: customers_order(order(), "cust-1"))
    done = run("resend", "any")
    assert isinstance(done.exception, OperatorError)
    assert "No partner has placed" in str(done.exception)


@pytest.mark.usefixtures("stored")
def test_a_test_event_says_what_was_answered() -> None:
    """An operator who tries an endpoint reads its answer, and the exit code tells, too."""
    done = run("test", "acme-pos")
    assert done.exit_code == 0
    assert "204" in done.output


def test_who_is_shut_out_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that may hear nothing is sent nothing by hand, either."""
    target: Any = None
    monkeypatch.setattr(accounts, "find", lambda *_: None)
    monkeypatch.setattr(accounts, "endpoint_of", lambda _: HERE)
    assert events.endpoint_to_ask(target, "acme-pos") == HERE
    monkeypatch.setattr(accounts, "endpoint_of", lambda _: replace(HERE, disabled=True))
    with pytest.raises(OperatorError, match="shut out"):
        events.endpoint_to_ask(target, "acme-pos")
