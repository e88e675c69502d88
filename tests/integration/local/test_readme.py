"""The README's commands, and the tutorial's, do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.demo import dishes
from local.demo.seed import RESTAURANTS
from ops.reach.endpoints import publish
from ops.reach.layout import Layout
from project.checkout import ROOT
from tests.shared.examples import ORDER

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration
README = (ROOT / "README.md").read_text()
TUTORIAL = (ROOT / "docs/tutorial.md").read_text()


def commands(heading: str, page: str = README) -> list[str]:
    """Give the shell commands below a heading."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


SHELLS = {
    "bash": ("--norc", "-euo", "pipefail", "-c"),
    "zsh": ("-f", "-euo", "pipefail", "-c"),
    "dash": ("-eu", "-c"),
    "fish": ("--no-config", "-c"),
}
"""The shells of README's session, as far as possible without a person's own settings."""


def in_the_checkout(stack: Endpoints, folder: Path, shell: str, script: str) -> str:
    """Paste commands into a shell, in a folder that looks like the checkout; gives what it says."""
    home = Path(stack.server_pem).parent
    publish(stack, Layout(folder / ".local", int(home.name)))
    (folder / "docs").symlink_to(ROOT / "docs")
    own = {"LOCAL_DIR": str(home.parent), "LOCAL_PORT": home.name, "HOME": str(folder)}
    done = subprocess.run(
        [shell, *SHELLS[shell], script],
        cwd=folder,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_session_runs_as_it_is_printed(stack: Endpoints, tmp_path: Path, shell: str) -> None:
    """Pasted into my shell, the session places, confirms, reads, lists, errs, and traces."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / ".local" / Path(stack.server_pem).parent.name).mkdir(parents=True)
    script = "\n".join(commands("A session")).replace("lunch-1", f"lunch-{shell}")
    said = in_the_checkout(stack, tmp_path, shell, script)
    assert "HTTP/1.1 201 Created" in said
    assert '"status":"PLACED"' in said
    assert '"status":"CONFIRMED"' in said
    assert "The order is CONFIRMED; you can move it to PREPARING, CANCELLED" in said
    assert '{"orders":' in said.partition("move-not-allowed")[2]
    assert "API POST /v1/partner/orders" in said


def test_the_tutorial_runs_as_it_is_printed(stack: Endpoints, tmp_path: Path) -> None:
    """Whoever is new follows the page, and each step answers as the page says."""
    (tmp_path / ".local" / Path(stack.server_pem).parent.name).mkdir(parents=True)
    start, *steps = re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL)
    assert start == "make run\n"
    said = in_the_checkout(stack, tmp_path, "bash", "echo step\n".join(steps)).split("step\n")
    _, placed, again, read, moved, refused, traced, ordered, accepted, seen = said
    assert "HTTP/1.1 201 Created" in placed
    assert '"status":"PLACED"' in placed
    assert "Idempotent-Replayed: true" in again
    assert order_of(again) == order_of(placed) == order_of(read) == order_of(moved)
    assert 'ETag: "1"' in read
    assert 'ETag: "2"' in moved
    assert '"status":"CONFIRMED"' in moved
    assert "you can move it to PREPARING, CANCELLED" in refused
    assert "API POST /v1/partner/orders" in traced
    assert re.search(r"rest-1 +acme-pos", ordered)
    assert "HTTP/1.1 201 Created" in ordered
    listed, _, confirmed = accepted.partition("HTTP/1.1 200 OK")
    assert order_of(ordered) in listed
    assert order_of(ordered) == order_of(confirmed) == order_of(seen)
    assert '"status":"CONFIRMED"' in confirmed
    assert '"status":"CONFIRMED"' in seen


def test_a_customers_order_of_the_documents_is_at_the_menus_prices() -> None:
    """Quoted, the example is as it was: its prices are the menu's, and a partner serves it."""
    order = json.loads((ROOT / "docs/api/customer-order.json").read_text())
    quoted = dishes.RESTAURANTS[order["restaurantId"]]
    assert RESTAURANTS[order["restaurantId"]].server == "acme-pos"
    for item in order["items"]:
        dish = quoted.dishes[item["itemId"]]
        assert (item["name"], item["unitPrice"]) == (dish.name, dish.price)
        assert {o["name"]: o["price"] for o in item["options"]}.items() <= dish.options.items()
    assert order["deliveryFee"] == quoted.fee_near


def test_a_quote_is_tried_as_the_page_prints_it(stack: Endpoints, tmp_path: Path) -> None:
    """Whoever signs prices sees the quote of the menu taken, by the commands of its page."""
    (tmp_path / ".local" / Path(stack.server_pem).parent.name).mkdir(parents=True)
    (script,) = commands("Try a signer", (ROOT / "docs/api/quotes.md").read_text())
    said = in_the_checkout(stack, tmp_path, "bash", script)
    assert "HTTP/1.1 201 Created" in said
    assert '"restaurantId":"rest-1"' in said


def order_of(answer: str) -> str:
    """Give the id of the order that an answer shows."""
    (found,) = set(re.findall(r'"orderId":"([^"]+)"', answer))
    return str(found)


def test_the_session_leaves_the_checkout_clean() -> None:
    """What session and tutorial write into the checkout is nothing that git would take in."""
    session = "\n".join(commands("A session")) + TUTORIAL
    written = set(re.findall(r"(?:tee|>) +([\w./-]+)", session))
    assert written == {"placed.txt", "quoted.json"}
    command = ["git", "check-ignore", *written]
    ignored = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert set(ignored.stdout.split()) == written


def test_every_make_command_is_a_target() -> None:
    """No document names a command that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        named = set(re.findall(r"(?:`|^|= )make ([a-z]+)", document.read_text(), re.MULTILINE))
        assert named <= targets, document


def test_the_order_in_the_documents_is_the_one_that_tests_place() -> None:
    """The order that the API's page shows is the example file's."""
    text = (ROOT / "docs/api/orders.md").read_text()
    shown = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == ORDER
