"""`orders partners` refuses what cannot be meant, and shows all that a partner has set."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.commands.callers import partners
from ops.partners.accounts import Account
from ops.partners.webhooks import Webhook
from orders.webhooks import Endpoint
from project.checkout import ROOT


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "Somebody", "--id", "heartbeat", "--plan", "standard"),
        ("add", "Heartbeat!", "--plan", "standard"),
        ("show", "heartbeat"),
        ("disable", "heartbeat"),
        ("remove", "heartbeat"),
    ],
)
def test_nobody_gets_the_id_of_the_heartbeat(arguments: tuple[str, ...]) -> None:
    """A partner whose orders nobody heard of would be a bad surprise; the sentence says why."""
    ended = CliRunner().invoke(app, ["partners", *arguments, "--stage", "prod"])
    assert ended.exit_code == 2
    said = " ".join(ended.output.replace("│", " ").split())
    assert "whose orders reach nobody and are deleted" in said


@pytest.mark.parametrize("where", [("--stage", "prod"), ("--local",)])
@pytest.mark.parametrize(
    "command", [("set-webhook", "acme"), ("add", "Acme", "--plan", "standard", "--webhook-url")]
)
@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[fd00::1]/", "http://1.1.1.1/"])
def test_an_address_to_which_nothing_is_sent_is_refused_at_once(
    command: tuple[str, ...], url: str, where: tuple[str, ...]
) -> None:
    """Before AWS is asked anything: its events would all become dead letters."""
    ended = CliRunner().invoke(app, ["partners", *command, url, *where])
    assert ended.exit_code == 2
    assert "No event would be sent there" in " ".join(ended.output.replace("│", " ").split())


SETTINGS = [field.encode_name for field in msgspec.structs.fields(Endpoint)]


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_of_a_partner_is_shown(name: str) -> None:
    """What is stored of a partner's endpoint can be seen: secrets by their number alone."""
    endpoint = Endpoint("https://pos.example.com/hooks", ("whsec_a",))
    webhook = Webhook(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), endpoint)
    shown = partners._webhook_as_json(Account("acme", (), webhook))
    assert shown is not None
    assert name in shown, "cli/commands/callers/partners.py, _webhook_as_json"
    assert "whsec_a" not in str(shown)


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_of_a_partner_is_documented(name: str) -> None:
    """The operators' page names what a partner can have set."""
    assert f"`{name}`" in (ROOT / "docs/operations.md").read_text(), "docs/operations.md"
