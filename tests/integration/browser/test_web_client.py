"""The web client in a real browser over the running copy: journeys, over a network that breaks."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.demo.people import PEOPLE, password_of
from local.demo.quoting import with_quote
from ops.web import node
from ops.web.bundle import SOURCES
from tests.integration.browser.chromium import visit
from tests.shared.examples import ORDER
from tests.shared.people import client_of

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("browser")]

PERSONS_ORDER = {
    **{name: value for name, value in ORDER.items() if name != "customerId"},
    "items": [{"itemId": "burger", "name": "Burger", "quantity": 2, "unitPrice": 1290}],
}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def journey(stack: Endpoints, script: str, who: str = "customer", **wanted: Any) -> dict[str, Any]:
    """Go through the web client at its own origin; the browser must complain of nothing."""
    page, email = urlsplit(stack.web_url), PEOPLE[who]
    seen = visit(
        f"web_client/{script}.mjs",
        rules=[f"MAP {urlsplit(stack.web_origin).netloc} 127.0.0.1:{page.port}"],
        origin=stack.web_origin,
        api=stack.api_url,
        email=email,
        password=password_of(stack.user_pool_id, email),
        operator=stack.operator_token,
        **wanted,
    )
    assert seen["complaints"] == []
    return seen


def placed_by(stack: Endpoints, token: str) -> list[str]:
    """List the orders of a customer, the newest first."""
    with client_of(stack, {"Authorization": token}) as client:
        listed = client.get("/orders", params={"limit": 100}).json()["orders"]
    return [shown["orderId"] for shown in listed]


def test_everything_goes_by_the_keyboard_alone(stack: Endpoints) -> None:
    """Who cannot point signs in, orders, sees it accepted without a reload, and cancels it."""
    seen = journey(stack, "keyboard", size=DESK)
    assert seen["focused"] == "Basket"  # before anybody can type
    assert seen["still"].startswith("Accepted")  # Escape has cancelled nothing
    assert "1 Market St, San Francisco, 94105, US" in seen["address"]
    with client_of(stack, {"Authorization": stack.customer_token}) as client:
        order = client.get(f"/orders/{seen['orderId']}").json()
    steps = [(entry["status"], entry["by"]) for entry in order["history"]]
    customer, operator = "customer", "operator"
    assert steps == [("PLACED", customer), ("CONFIRMED", operator), ("CANCELLED", customer)]
    assert (order["subtotal"], order["deliveryFee"]) == (650, 299)  # as the menu has signed


def test_an_account_is_made_and_found_again(stack: Endpoints) -> None:
    """Somebody new signs up, orders at once, and gets back in after forgetting the password.

    The emulator mails nothing: its code is always the same.
    """
    seen = journey(stack, "account", address=f"{uuid.uuid4().hex}@example.com", code="123456")
    assert nothing_to_find(seen["looks"]) == []
    assert "Incorrect username or password" in seen["refused"]


@pytest.mark.parametrize(
    ("task", "least"),
    [("twice", 1), ("lost", 3), ("reloaded", 2), ("cut", 2), ("offline", 2), ("signed_out", 3)],
)
def test_an_order_is_placed_exactly_once(stack: Endpoints, task: str, least: int) -> None:
    """Through double clicks, lost answers, reloads, no network, and a session that ends.

    Each try bears the same key; at the end there is one order more, and nothing waits to be sent.
    """
    before = placed_by(stack, stack.customer_token)
    seen = journey(stack, "placing", task=task, size=PHONE)
    after = placed_by(stack, stack.customer_token)
    assert [each for each in after if each not in before] == [seen["orderId"]]
    assert len(set(seen["keys"])) == 1
    assert len(seen["keys"]) >= least
    assert seen["left"] == []
    assert seen["basket"] == "null"


def test_an_order_is_watched(stack: Endpoints) -> None:
    """What has not changed is not sent again; what was known stays while the network is away.

    It ends with why the order was rejected, and with asking no more.
    """
    seen = journey(stack, "watching", size=PHONE)
    assert seen["kept"].startswith("Waiting for the restaurant")
    assert "Rejected" in seen["said"]
    assert "An item is not available: no basil" in seen["said"]
    assert seen["asked"][-1] == ['"1"', 200]
    assert ['"1"', 304] in seen["asked"]
    assert seen["after"] == 0


def nothing_to_find(looks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the pages at which axe-core found something, or that are wider than the screen."""
    return [look for look in looks if look["findings"] or look["wide"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_customers_pages_are_for_everybody(
    stack: Endpoints, scheme: str, size: dict[str, int], tmp_path: Path
) -> None:
    """No page has a finding of axe-core's at AA, or is cut off: by day, by night, on any screen.

    Signing out leaves nothing in the browser.
    """
    seen = journey(stack, "pages", scheme=scheme, size=size, pictures=str(tmp_path))
    assert nothing_to_find(seen["looks"]) == []
    assert len(seen["looks"]) == len(list(tmp_path.glob("*.png"))) == 9
    assert seen["kept"] == "{}"


def test_an_operator_finds_and_moves_an_order(stack: Endpoints, tmp_path: Path) -> None:
    """By the partner's own number; with its trace and history; once though an answer is lost."""
    reference = uuid.uuid4().hex
    with client_of(stack, {"x-api-key": stack.partner_api_key}) as client:
        order = {**ORDER, "reference": reference}
        placed = client.post("/partner/orders", json=order, headers={"Idempotency-Key": reference})
        order_id = placed.json()["orderId"]
    seen = journey(
        stack,
        "operator",
        who="operator",
        size=DESK,
        orderId=order_id,
        reference=reference,
        pictures=str(tmp_path),
    )
    assert "no order's number" in seen["refused"]
    assert nothing_to_find(seen["looks"]) == []
    assert any("API POST" in line for line in seen["drawn"])
    assert any("TransactWriteItems" in line for line in seen["drawn"])
    assert len(seen["history"]) == len(["placed", "accepted", "cancelled"])
    assert "an operator" in seen["history"][1]
    assert "A technical problem: the oven is broken" in seen["history"][2]


def placed_for(stack: Endpoints, restaurant: str) -> str:
    """Place an order of the demo customer at a restaurant; gives its number."""
    order = with_quote(
        {**PERSONS_ORDER, "restaurantId": restaurant},
        token=stack.customer_token,
        menu_url=stack.menu_url,
    )
    headers = {"Authorization": stack.customer_token, "Idempotency-Key": uuid.uuid4().hex}
    with client_of(stack, headers) as client:
        answer = client.post("/orders", json=order)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["orderId"])


def test_a_restaurant_answers_in_time(stack: Endpoints, tmp_path: Path) -> None:
    """Its staff sees the time left, accepts with a time, rejects with a reason, goes on to ready.

    An answer that is lost changes nothing twice; what was known stays while the network is away.
    """
    orders = [placed_for(stack, "rest-2") for _ in range(2)]
    seen = journey(
        stack,
        "restaurant",
        who="restaurant",
        size=PHONE,
        restaurant="rest-2",
        orders=orders,
        pictures=str(tmp_path),
    )
    assert re.fullmatch(r"[0-9]+:[0-5][0-9]", seen["left"])
    assert "2 ×" in seen["shown"]
    assert "1 Market St" not in seen["shown"]
    assert nothing_to_find(seen["looks"]) == []
    assert seen["kept"]
    with client_of(stack, {"Authorization": stack.customer_token}) as client:
        accepted, rejected = (client.get(f"/orders/{each}").json() for each in orders)
    moves = [entry["status"] for entry in accepted["history"]]
    assert moves == ["PLACED", "CONFIRMED", "PREPARING", "READY"]
    ready, placed = (datetime.fromisoformat(accepted[name]) for name in ("readyAt", "createdAt"))
    assert ready - placed >= timedelta(minutes=30)  # in twenty, and ten later
    said = rejected["history"][-1]
    assert (said["status"], said["reason"], said["reasonText"]) == (
        "REJECTED",
        "too-busy",
        "until eight",
    )


@pytest.mark.usefixtures("stack")  # which has installed the compiler with what builds the page
def test_its_types_are_right() -> None:
    """Whoever misspells a field of an order hears of it before a customer does."""
    compiler = str(node.packages(SOURCES) / "typescript/bin/tsc")
    assert node.run([compiler], SOURCES, otherwise="The web client's types are wrong") == ""


def test_the_page_is_small(stack: Endpoints) -> None:
    """A phone loads less than 150 KB before anybody can sign in, and loads them once."""
    with httpx.Client(base_url=stack.web_url) as client:
        page = client.get("/")
        names = [part.split('"')[0] for part in page.text.split("assets/")[1:]]
        files = [page, client.get("/config.json"), *(client.get(f"/assets/{n}") for n in names)]
    assert len(names) == len(["icon", "style", "script"])
    assert [answer.status_code for answer in files] == [200] * len(files)
    assert sum(int(answer.headers["Content-Length"]) for answer in files) < 150_000
    kept = {answer.headers["Cache-Control"] for answer in files[2:]}
    assert kept == {"public, max-age=31536000, immutable"}
    assert page.headers["Cache-Control"] == "no-cache"


def test_no_script_but_its_own_runs(stack: Endpoints) -> None:
    """Whatever gets into the page is not run: no inline script or style, and only whom it needs."""
    policy = httpx.get(stack.web_url).headers["Content-Security-Policy"]
    said = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert said["default-src"] == "'none'"
    assert said["script-src"] == said["style-src"] == "'self'"
    assert "unsafe" not in policy
    api, aws, menu = (urlsplit(u) for u in (stack.api_url, stack.aws_endpoint_url, stack.menu_url))
    origins = {f"{url.scheme}://{url.netloc}" for url in (api, aws, menu)}
    assert set(said["connect-src"].split()) == {"'self'", *origins}
