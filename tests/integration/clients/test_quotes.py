"""Menus sign quotes as docs/api/quotes.md shows, in two languages, and the service takes them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import convert

from documents.quote_vectors import ORDER, UNICODE, basket_json, digest
from orders.domain.order import NewOrder
from orders.pricing.compared import check_order
from orders.pricing.quotes import CLAIMS, quote_of
from orders.settings import PRICE_KEYS, STAGE
from project.checkout import ROOT
from tests.shared import node
from tests.shared.menu import quotes

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (ROOT / "docs/api/quotes.md").read_text()
TYPESCRIPT = Path(__file__).parent / "typescript"

PYTHON_PROGRAM = """
import json, sys
from quote import sign_quote

print(sign_quote(**json.load(sys.stdin)))
"""
TYPESCRIPT_PROGRAM = """
import { readFileSync } from "node:fs";
import { type Order, signQuote } from "./quote.ts";

type Wanted = { private_key: string; kid: string; stage: string; customer: string; order: Order };
const told = JSON.parse(readFileSync(0, "utf8")) as Wanted;
console.log(await signQuote(told.private_key, told.kid, told.stage, told.customer, told.order));
"""


def shown(language: str) -> str:
    """Give the page's code in a language."""
    found = re.search(rf"<!-- runs: {language} -->\n```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found, language
    return found[1]


def run(command: list[str], folder: Path, sent: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=node.variables(),
        input=sent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def in_python(folder: Path) -> Callable[[str], str]:
    (folder / "quote.py").write_text(shown("python"))
    (folder / "program.py").write_text(PYTHON_PROGRAM)
    return lambda sent: run([sys.executable, "program.py"], folder, sent)


def in_typescript(folder: Path) -> Callable[[str], str]:
    modules = node.packages(TYPESCRIPT)
    (folder / "quote.ts").write_text(shown("typescript"))
    (folder / "program.ts").write_text(TYPESCRIPT_PROGRAM)
    shutil.copy(TYPESCRIPT / "package.json", folder)
    settings = json.loads((TYPESCRIPT / "tsconfig.json").read_text())
    settings["files"] = ["quote.ts", "program.ts"]
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    (folder / "node_modules").symlink_to(modules)
    program = str(node.PROGRAM)
    run([program, str(modules / "typescript/bin/tsc"), "--project", "."], folder)  # its types hold
    return lambda sent: run([program, "program.ts"], folder, sent)


@pytest.fixture(scope="module", params=[in_python, in_typescript], ids=["python", "typescript"])
def signer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """The page's code in one language, as a program."""
    made: Callable[[str], str] = request.param(tmp_path_factory.mktemp("signer"))
    return made


STREET = {"line1": "1 Market St", "city": "San Francisco"}
ORDERS = {
    "the example": ORDER,
    "odd texts": {**ORDER, "items": UNICODE},
    "no postal code": {**ORDER, "deliveryAddress": {"country": "HK"}},
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_quote_that_is_signed_as_shown_is_taken(
    name: str, signer: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies the page's code has quotes that this service takes, for any basket."""
    monkeypatch.setenv(STAGE, "prod")
    monkeypatch.setenv(PRICE_KEYS, quotes.price_keys())
    kind = PrivateFormat.PKCS8
    pem = quotes.private_key().private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
    order: dict[str, Any] = ORDERS[name]
    told = {"private_key": pem, "kid": quotes.KID, "stage": "prod", "customer": "customer-1"}
    text = signer(json.dumps({**told, "order": order}))
    whole = {
        **order,
        "deliveryAddress": {**STREET, **order["deliveryAddress"]},
        "tip": 0,
        "contactPhone": "+14155550123",
    }
    quote = quote_of(text, "customer-1", time.time())
    assert check_order(convert(whole, NewOrder), quote) == digest(order["items"])


def test_the_page_shows_the_claims_and_a_digest_that_are_right() -> None:
    """The example has all claims, and its digest is that of the JSON that stands below it."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    claims = json.loads(blocks[1])
    assert set(claims) == CLAIMS
    assert blocks[2].strip() == basket_json(ORDER["items"])
    assert claims["items"] == digest(ORDER["items"])
