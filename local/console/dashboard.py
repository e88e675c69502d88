"""The template's CloudWatch dashboard on this machine, drawn from the figures of the running stack.

    /                                       the page, its script and style
    /dashboards.json                        which dashboards there are
    /dashboard.json?name=…                  a dashboard's widgets and their places
    /widget.json?name=…&index=…&minutes=…   what one of them shows
    /docs                                   leads to the API's documentation

Whoever may ask is on this machine and on this page (local/serving.py). Nothing here holds a
credential.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cloudwatch.contributor_insights import rule_of
from cloudwatch.time_range import latest
from cloudwatch.widgets import COLUMNS, widgets_of
from local.console.alarm_states import AlarmStates, definitions
from local.console.readings import Readings
from local.copy.references import Resolver
from local.serving import NO_LINKS, Handler, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from cloudwatch.widgets import Widget

MINUTES = (15, 60, 180)
"""The time ranges that can be chosen."""

_PAGES = Path(__file__).parent / "pages"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_FILES = {
    "/": "dashboard.html",
    "/dashboard.js": "dashboard.js",
    "/dashboard.css": "dashboard.css",
    "/uPlot.js": "vendor/uPlot.iife.min.js",
    "/uPlot.css": "vendor/uPlot.min.css",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'"
)

_DASHBOARD, _RULE = "AWS::CloudWatch::Dashboard", "AWS::CloudWatch::InsightRule"


class NotFoundError(Exception):
    """There is no such dashboard, widget or time range."""


class Dashboards:
    """The dashboards of the running stack."""

    def __init__(
        self, client: Callable[[str], Any], readings: Readings, alarms: AlarmStates, first: str
    ) -> None:
        """Take clients, what reads figures and states, and the dashboard to begin with."""
        self._cloudwatch = client("cloudwatch")
        self._readings = readings
        self._alarms = alarms
        self._first = first

    @classmethod
    def of_stack(
        cls,
        client: Callable[[str], Any],
        template: Mapping[str, Any],
        physical_ids: Mapping[str, str],
        stack_name: str,
    ) -> Dashboards:
        """Take those of a running stack, by its whole template, with what the emulator refuses."""
        resolver = Resolver(template, physical_ids, stack_name)
        resources = template["Resources"].items()
        own = [name for name, item in resources if item["Type"] == _DASHBOARD]
        rules = {
            rule["RuleName"]: rule_of(json.loads(rule["RuleBody"]))
            for _, item in resources
            if item["Type"] == _RULE and (rule := resolver.resolve(item["Properties"]))
        }
        first = physical_ids[own[0]] if own else ""
        readings = Readings(client, rules)
        alarms = AlarmStates(readings, definitions(template, resolver), f"{stack_name}-")
        return cls(client, readings, alarms, first)

    def names(self) -> list[str]:
        """Name them, the template's own first."""
        pages = self._cloudwatch.get_paginator("list_dashboards").paginate()
        found = [entry["DashboardName"] for page in pages for entry in page["DashboardEntries"]]
        return sorted(found, key=lambda name: (name != self._first, name))

    def shown(self, name: str) -> dict[str, Any]:
        """Describe a dashboard.

        Raises:
            NotFoundError: when there is none of this name.
        """
        widgets = [widget.shown(index) for index, widget in enumerate(self._widgets(name))]
        return {"name": name, "columns": COLUMNS, "minutes": MINUTES, "widgets": widgets}

    def widget(self, name: str, index: int, minutes: int) -> dict[str, Any]:
        """Give what a widget shows for the last minutes.

        Raises:
            NotFoundError: when there is no such widget, or no such choice of minutes.
        """
        widgets = self._widgets(name)
        if not 0 <= index < len(widgets) or minutes not in MINUTES:
            raise NotFoundError
        widget = widgets[index]
        if widget.kind == "alarm":
            arns = widget.properties.get("alarms", ())
            return {"alarms": self._alarms.of(str(arn).partition(":alarm:")[2] for arn in arns)}
        return self._readings.of(widget, latest(minutes))

    def _widgets(self, name: str) -> list[Widget]:
        try:
            answer = self._cloudwatch.get_dashboard(DashboardName=name)
        except self._cloudwatch.exceptions.ClientError:
            raise NotFoundError from None
        return widgets_of(answer["DashboardBody"])


def dashboard(
    dashboards: Dashboards, port: int, links: Mapping[str, str] = NO_LINKS
) -> AbstractContextManager[str]:
    """Serve the page for as long as the context lasts; gives its address.

    Args:
        dashboards: what it shows.
        port: where to listen on 127.0.0.1; any other when it is taken, or 0.
        links: where paths of this page lead that are other servers' pages.
    """
    given = {"dashboards": dashboards, "files": _files(), "links": links}
    return serving(type("Handler", (_Handler,), given), port)


def _files() -> dict[str, tuple[str, bytes]]:
    return {
        path: (_TYPES[Path(name).suffix], (_PAGES / name).read_bytes())
        for path, name in _FILES.items()
    }


class _Handler(Handler):
    """Answers with a file of the page, or with figures."""

    dashboards: Dashboards
    files: dict[str, tuple[str, bytes]]

    def _respond(self) -> None:
        address = urlsplit(self.path)
        if address.path in self.files:
            self._send(200, *self.files[address.path])
        elif not self.follow(address.path):
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._figures(address.path, asked)

    do_GET = do_HEAD = _respond  # noqa: N815 - the base class's names

    def _figures(self, path: str, asked: dict[str, str]) -> None:
        try:
            found = self._answer(path, asked)
        except (NotFoundError, KeyError, ValueError):
            self._send(404, "text/plain", b"")
        except Exception as error:  # noqa: BLE001 - the page says it, and the others are shown
            self._send(503, "application/json", json.dumps({"error": str(error)}).encode())
        else:
            self._send(200, "application/json", json.dumps(found).encode())

    def _answer(self, path: str, asked: dict[str, str]) -> Any:
        if path == "/dashboards.json":
            return self.dashboards.names()
        if path == "/dashboard.json":
            return self.dashboards.shown(asked["name"])
        if path == "/widget.json":
            index, minutes = int(asked["index"]), int(asked["minutes"])
            return self.dashboards.widget(asked["name"], index, minutes)
        raise NotFoundError

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        headers = {"Content-Type": content_type, "Referrer-Policy": "no-referrer"}
        headers |= {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
        headers |= {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
        self.send(status, headers, body)
