"""What the dashboard's page is told: the template's own widgets, and what has really happened."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from orders.metrics import ORDERS_CREATED, WEBHOOKS_DELIVERED
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

SECONDS = 30.0
PLACED = 5


class Page:
    """Asks what the page asks."""

    def __init__(self, http: httpx.Client) -> None:
        """Open the template's dashboard."""
        self._http = http
        self.name = self.get("dashboards.json").json()[0]
        self.widgets = self.get("dashboard.json", name=self.name).json()["widgets"]

    def get(self, path: str, **asked: Any) -> httpx.Response:
        """Ask for something."""
        return self._http.get(path, params=asked)

    def figures(self, index: int, minutes: int = 60) -> dict[str, Any]:
        """Give what a widget shows."""
        answer = self.get("widget.json", name=self.name, index=index, minutes=minutes)
        assert answer.status_code == 200, answer.text
        figures: dict[str, Any] = answer.json()
        return figures

    def titled(self, title: str) -> dict[str, Any]:
        """Give what the first widget of a title shows."""
        return self.figures(next(one["index"] for one in self.widgets if one["title"] == title))

    def total(self, title: str, label: str) -> float:
        """Add up a line of a graph."""
        lines = {line["label"]: line["points"] for line in self.titled(title)["series"]}
        return float(sum(value for _, value in lines[label]))

    def cell(self, title: str, row: dict[str, str], column: str) -> float:
        """Read a number of a table, in the row that has these values; 0 when there is none."""
        table = self.titled(title)
        rows = [dict(zip(table["columns"], one, strict=True)) for one in table["rows"]]
        found = (one[column] for one in rows if row.items() <= one.items())
        return float(next(found, 0))


@pytest.fixture
def page(stack: Endpoints) -> Iterator[Page]:
    with httpx.Client(base_url=stack.dashboard_url, timeout=60) as http:
        yield Page(http)


def grows_by(read: Callable[[], float], wanted: float, before: float) -> None:
    """Wait until a figure has grown by so much, and see that it is not more."""
    deadline = time.monotonic() + SECONDS
    while (grown := read() - before) < wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    assert grown == wanted


def test_the_page_shows_the_templates_own_dashboard(stack: Endpoints, page: Page) -> None:
    """Its widgets are those of the definition that would go to AWS, at their places."""
    answer = aws(stack, "cloudwatch").get_dashboard(DashboardName=page.name)
    defined = json.loads(answer["DashboardBody"])["widgets"]
    assert len(page.widgets) == len(defined)
    for shown, widget in zip(page.widgets, defined, strict=True):
        assert (shown["kind"], shown["x"], shown["y"]) == (widget["type"], widget["x"], widget["y"])
        assert shown["title"] == widget["properties"].get("title", "")


def test_every_widget_answers(page: Page, acme: Partner) -> None:
    """None is in a form that the page does not know, over any time that can be chosen."""
    acme.place()
    for widget in page.widgets:
        for minutes in (15, 60, 180):
            figures = page.figures(widget["index"], minutes)
            assert not figures.get("problems"), widget["title"]
            if widget["kind"] == "metric":
                assert figures["silence"] or any(line["points"] for line in figures["series"])


def test_orders_appear_as_many_as_were_placed(page: Page, acme: Partner) -> None:
    """Orders, runs of functions, units, webhooks and the logs agree with each other."""
    route = {"method": "POST", "route": "/partner/orders", "status": "201"}
    figures: list[Callable[[], float]] = [
        lambda: page.total("Orders a minute", ORDERS_CREATED.name),
        lambda: page.total("Calls a minute", "create_order"),
        lambda: page.total("Write units a minute", "by-partner"),
        lambda: page.total("Webhooks a minute", WEBHOOKS_DELIVERED.name),
        lambda: page.cell("By route", route, "requests"),
        lambda: page.cell("Orders that came to each status", {"orderStatus": "PLACED"}, "orders"),
    ]
    before = [read() for read in figures]
    for _ in range(PLACED):
        acme.place()
    for read, value in zip(figures, before, strict=True):
        grows_by(read, PLACED, value)


def test_an_error_appears_as_a_rate(page: Page, acme: Partner) -> None:
    """The errors are there as a percentage, whatever other tests have asked for meanwhile."""
    acme.place()
    values = [value for _, value in page.titled("Errors")["series"][0]["points"]]
    assert values
    assert all(0 <= value <= 100 for value in values)


@pytest.mark.parametrize("path", ["", "dashboards.json", "dashboard.js"])
def test_other_names_for_this_machine_are_refused(stack: Endpoints, path: str) -> None:
    """A page elsewhere whose name is made to lead here gets nothing."""
    answer = httpx.get(f"{stack.dashboard_url}{path}", headers={"Host": "evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_other_pages_get_nothing(stack: Endpoints, headers: dict[str, str]) -> None:
    """What happens in the shop is told to the page alone, and permitted to no other origin."""
    answer = httpx.get(f"{stack.dashboard_url}dashboards.json", headers=headers)
    assert answer.status_code == 403
    mine = httpx.get(f"{stack.dashboard_url}dashboards.json")
    assert "Access-Control-Allow-Origin" not in mine.headers
    assert mine.headers["X-Content-Type-Options"] == "nosniff"


def test_no_script_but_our_own_runs(stack: Endpoints) -> None:
    """The browser itself is told so, and to let no page frame this one."""
    policy = httpx.get(stack.dashboard_url).headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "nothing", "index": 0, "minutes": 15},
        {"index": 999, "minutes": 15},
        {"index": -1, "minutes": 15},
        {"index": 0, "minutes": 7},
        {"index": "x", "minutes": 15},
        {"minutes": 15},
    ],
)
def test_what_is_not_there_is_said(page: Page, asked: dict[str, Any]) -> None:
    """A dashboard, a widget or a time that there is not is a 404."""
    assert page.get("widget.json", **{"name": page.name, **asked}).status_code == 404
