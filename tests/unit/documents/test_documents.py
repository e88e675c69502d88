"""What the documents say is what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from infrastructure.settings import STAGES
from orders.domain import lifecycle
from orders.domain.lifecycle import Status
from orders.domain.order import Address, LineItem, NewPartnerOrder, Option, Order
from orders.problems import GATEWAY_PROBLEMS, METHOD_NOT_ALLOWED, PROBLEMS
from orders.routes import ROUTES
from orders.settings import LONGEST_DELAY, WAIT_SPREAD
from orders.slow_partners import PATIENCE_SECONDS
from orders.webhooks import LIMIT_SECONDS, LONGEST_RETRY_AFTER
from project.checkout import ROOT
from tests.shared import access

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = (*PROBLEMS, *GATEWAY_PROBLEMS.values(), METHOD_NOT_ALLOWED)
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def comments(text: str) -> list[str]:
    """Give the lines of a page's shell blocks that have a comment."""
    blocks = re.findall(r"^ *```(?:sh|bash|zsh|fish)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.search(r"(?:^|\s)#", re.sub(r"'[^']*'", "", line))]


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.stem)
def test_commands_can_be_pasted_into_any_shell(page: Path) -> None:
    """At a prompt zsh takes what follows `#` for words of the command: no command has a comment."""
    assert comments(page.read_text()) == []


def test_a_comment_is_found() -> None:
    """At the end of a line or on its own, indented or not; a quoted sign is none."""
    good = "orders ls 'acme #1' --at a#b"
    found = ["make run  # it runs", "# It runs", "   make test #2"]
    page = "\n".join(["   ```sh", good, *found, "   ```", "```", "# an output", "```", ""])
    assert comments(page) == found


def test_every_problem_is_explained() -> None:
    """Each problem type has a paragraph with its status, and no paragraph is left over."""
    text = (ROOT / "docs/api/problems.md").read_text()
    explained = dict(re.findall(r"^### ([a-z-]+)\n(\d{3})\.", text, re.MULTILINE))
    kinds = {kind.name: str(kind.status) for kind in _KINDS}
    assert explained == kinds


def test_every_route_is_documented() -> None:
    """The API's page lists each method and path, and each query parameter."""
    text = (ROOT / "docs/api/orders.md").read_text()
    for route in ROUTES:
        assert f"`{route.method} {route.path}`" in text
        assert all(f"`{name}`" in text for name in route.query)


def test_every_field_of_an_order_is_documented() -> None:
    """The API's page names each field that callers send, and each that the service adds."""
    text = (ROOT / "docs/api/orders.md").read_text()
    for struct in (Order, NewPartnerOrder, LineItem, Option, Address):
        for field in msgspec.structs.fields(struct):
            named = rf'["`]{field.encode_name}["`]'
            assert re.search(named, text), f"docs/api/orders.md: {field.encode_name}"


def test_the_pictures_of_the_lifecycle_name_every_status() -> None:
    """No status is missing from the drawings."""
    pictures = {
        "docs/architecture.md": (ROOT / "docs/architecture.md").read_text(),
        "orders/domain/lifecycle.py": lifecycle.__doc__ or "",
    }
    for path, text in pictures.items():
        assert [status for status in Status if status not in text] == [], path


def test_the_table_of_access_is_the_tested_one() -> None:
    """What the document says about who may do what is what the tests check."""
    assert access.DOCUMENT.read_text() == access.document(), "run: python -m tests.shared.access"


def test_links_within_the_documents_lead_somewhere() -> None:
    """Every relative link points to a file that is there, and to a heading that it has."""
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", document.read_text()):
            name, _, anchor = target.partition("#")
            path = document if not name else document.parent / name
            assert path.exists(), f"{document.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
                assert anchor in {h.lower().replace(" ", "-") for h in headings}, target


def test_webhooks_are_repeated_when_the_document_says_so() -> None:
    """A partner can rely on how often and how long after each other its webhooks are tried."""
    waits, hour = STAGES["prod"].webhooks.waits, 3_600
    assert waits == (5, 5 * 60, 30 * 60, 2 * hour, 5 * hour, 8 * hour, 9 * hour)
    text = " ".join((ROOT / "docs/webhooks.md").read_text().split())
    said = "5 seconds, 5 minutes, 30 minutes, 2 hours, 5 hours, 8 hours and 9 hours"
    assert f"we wait {said}: more than a day in all" in text
    assert (hour, hour / 4) == (LONGEST_RETRY_AFTER, LONGEST_DELAY)
    assert WAIT_SPREAD == 1 / 5
    assert "up to a fifth longer by chance" in text
    assert f"try again: {1 + len(waits)} attempts in all" in text
    assert f"have **{PATIENCE_SECONDS:.0f} second** in all at the first attempt" in text
    assert f"**{LIMIT_SECONDS:.0f} seconds** at each further one" in text
