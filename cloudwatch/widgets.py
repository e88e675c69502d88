"""The widgets of a CloudWatch dashboard, read from its body as AWS reads it.

CloudWatch API reference, "Dashboard body structure and syntax".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COLUMNS = 24
_WIDTH, _HEIGHT = 6, 6
_PERIOD = 300
_STAT = "Average"
_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}\Z")
_DYNAMIC = re.compile(r"\$\{([A-Z]+)(?:\('([^']*)'\))?\}")


@dataclass(frozen=True)
class GraphLine:
    """One line of a graph: a metric with a statistic, or an expression over others."""

    id: str
    label: str
    period: int
    """Seconds."""
    axis: str = "left"
    color: str | None = None
    visible: bool = True
    namespace: str = ""
    metric: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    stat: str = _STAT
    expression: str = ""

    def query(self) -> dict[str, Any]:
        """Ask for a metric as GetMetricData wants it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        metric = {
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": dimensions,
        }
        return {
            "Id": self.id,
            "MetricStat": {"Metric": metric, "Period": self.period, "Stat": self.stat},
        }

    def named(self, values: Iterable[float]) -> str:
        """Give the label, its dynamic parts filled in from the values that are shown."""
        shown = tuple(values)
        return _DYNAMIC.sub(lambda found: self._part(found[1], found[2], shown), self.label)

    def _part(self, name: str, argument: str | None, values: tuple[float, ...]) -> str:
        if name == "PROP":
            known = {"MetricName": self.metric, "Namespace": self.namespace, "Stat": self.stat}
            known |= {f"Dim.{dimension}": value for dimension, value in self.dimensions.items()}
            return (known | {"Period": str(self.period)}).get(argument or "", "")
        if name == "LABEL":
            return self.metric or self.expression
        computed = {"FIRST": values[:1], "LAST": values[-1:], "MIN": _just(min, values)}
        computed |= {"MAX": _just(max, values), "SUM": _just(sum, values)}
        computed["AVG"] = [sum(values) / len(values)] if values else []
        shown = computed.get(name)
        return "--" if not shown else f"{shown[0]:.4g}"


def _just(function: Any, values: tuple[float, ...]) -> list[float]:
    return [function(values)] if values else []


@dataclass(frozen=True)
class Widget:
    """One widget and its place, in columns and rows of the grid."""

    kind: str
    """metric, text, alarm, log, or whatever AWS may add."""
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]
    lines: tuple[GraphLine, ...] = ()

    @property
    def title(self) -> str:
        """What stands above it."""
        return str(self.properties.get("title", ""))

    @property
    def view(self) -> str:
        """How it is drawn: timeSeries, singleValue, bar, pie, gauge, table."""
        return str(self.properties.get("view", "table" if self.kind == "log" else "timeSeries"))

    def shown(self, index: int) -> dict[str, Any]:
        """Describe it to the page."""
        given = self.properties
        return {
            "index": index,
            "kind": self.kind,
            "x": self.x,
            "y": self.y,
            "width": self.width,
            "height": self.height,
            "title": self.title,
            "view": self.view,
            "stacked": bool(given.get("stacked")),
            "sparkline": bool(given.get("sparkline", self.view == "singleValue")),
            "markdown": str(given.get("markdown", "")),
            "axes": {side: _axis(given.get("yAxis", {}).get(side)) for side in ("left", "right")},
            "thresholds": [
                {**_threshold(one), "axis": str(one.get("yAxis", "left"))}
                for one in given.get("annotations", {}).get("horizontal", ())
                if isinstance(one, dict) and _number(one.get("value")) is not None
            ],
        }


def _axis(given: Any) -> dict[str, Any]:
    axis = given if isinstance(given, dict) else {}
    return {
        "label": str(axis.get("label", "")),
        "min": _number(axis.get("min")),
        "max": _number(axis.get("max")),
    }


def _threshold(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "value": _number(given.get("value")),
        "label": str(given.get("label", "")),
        "color": _color(given.get("color")),
        "fill": str(given.get("fill", "none")),
    }


def _number(given: Any) -> float | None:
    return float(given) if isinstance(given, int | float) else None


def _color(given: Any) -> str | None:
    return given if isinstance(given, str) and _COLOR.match(given) else None


def widgets_of(body: str) -> list[Widget]:
    """Read the body of a dashboard.

    Where a widget has no place it comes below the ones before it, as on AWS.
    """
    document = json.loads(body)
    # "auto", the default: the period is that of the time range, which on our page is a short one.
    period = None if document.get("periodOverride") == "inherit" else 60
    widgets: list[Widget] = []
    for given in document.get("widgets", ()):
        bottom = max((widget.y + widget.height for widget in widgets), default=0)
        widgets.append(_widget(given, bottom, period))
    return widgets


def _widget(given: dict[str, Any], bottom: int, period: int | None) -> Widget:
    properties = given.get("properties", {})
    kind = str(given.get("type", ""))
    placed = "x" in given and "y" in given
    return Widget(
        kind=kind,
        x=int(given["x"]) if placed else 0,
        y=int(given["y"]) if placed else bottom,
        width=min(COLUMNS, int(given.get("width", _WIDTH))),
        height=int(given.get("height", _HEIGHT)),
        properties=properties,
        lines=tuple(_lines(properties, period)) if kind == "metric" else (),
    )


def _lines(properties: dict[str, Any], period: int | None) -> list[GraphLine]:
    rows = _spelled_out(properties.get("metrics", ()))
    names = {parts[1] for parts, _ in rows if parts}
    return [
        _line(
            f"line{number}", parts, options, properties, period, short=len(names) == 1 < len(rows)
        )
        for number, (parts, options) in enumerate(rows)
    ]


def _spelled_out(metrics: Iterable[Any]) -> list[tuple[list[str], dict[str, Any]]]:
    """Replace "." by what stands there in the metric before, "..." by as many as are missing."""
    rows: list[tuple[list[str], dict[str, Any]]] = []
    before: list[str] = []
    for metric in metrics:
        options = next((part for part in metric if isinstance(part, dict)), {})
        parts = [str(part) for part in metric if not isinstance(part, dict)]
        if "..." in parts:
            at = parts.index("...")
            after = parts[at + 1 :]
            parts = [*parts[:at], *before[at : len(before) - len(after)], *after]
        parts = [
            before[place] if part == "." and place < len(before) else part
            for place, part in enumerate(parts)
        ]
        rows.append((parts, options))
        before = parts or before
    return rows


def _line(
    name: str,
    parts: list[str],
    options: dict[str, Any],
    properties: dict[str, Any],
    period: int | None,
    *,
    short: bool,
) -> GraphLine:
    namespace, metric, *pairs = parts or ("", "")
    dimensions = dict(zip(pairs[::2], pairs[1::2], strict=False))
    expression = str(options.get("expression", ""))
    default = expression or (list(dimensions.values())[-1] if short and dimensions else metric)
    return GraphLine(
        id=str(options.get("id", name)),
        label=str(options.get("label", default)),
        period=period or int(options.get("period", properties.get("period", _PERIOD))),
        axis=str(options.get("yAxis", "left")),
        color=_color(options.get("color")),
        visible=bool(options.get("visible", True)),
        namespace=namespace,
        metric=metric,
        dimensions=dimensions if parts else {},
        stat=str(options.get("stat", properties.get("stat", _STAT))),
        expression=expression,
    )
