"""Metric math: what CloudWatch computes from an expression and the series that it names.

    disjunction  conjunction (OR | ||) conjunction …
    conjunction  comparison (AND | &&) comparison …
    comparison   sum (== != <= >= < >) sum
    sum          product (+ | -) product …
    product      sign (* | /) sign …
    sign         - sign, or power
    power        atom ^ sign
    atom         number, "text", id, FUNCTION(…), [ … ], ( … )

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html says what
each part means; the order of precedence is the usual one, which it leaves unsaid. There, and so
here: a point that is missing counts as 0 where two series are put together and the other has one
("Missing values in a time series are treated as 0"), and a division by zero drops the point.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Series = Mapping[int, float]
"""Values by the second (Unix time) at which their period begins; what is missing is not there."""

Array = list[Series]
"""Several series, as METRICS() and [a, b] give them."""

Value = float | Series | Array
"""What a part of an expression may be."""


class MetricMathError(ValueError):
    """An expression that CloudWatch would not take, or that this module does not know."""


class Number(NamedTuple):
    """A number, as written."""

    value: float


class Text(NamedTuple):
    """A text between quotes."""

    value: str


class Name(NamedTuple):
    """An id, or a word such as REPEAT."""

    value: str


class Call(NamedTuple):
    """A function with its arguments; an operator is one as well, and so is [a, b]."""

    function: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Call

NEGATIVE, ARRAY = "negative", "array"
"""The names of the sign and of [a, b] among the functions; nobody can write them."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],])
    )""",
    re.VERBOSE,
)
_SAME = {"&&": "AND", "||": "OR"}
_LEVELS = (("OR",), ("AND",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/"))
"""Operators with two sides, from those that bind loosest."""


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(expression: str) -> Iterator[_Token]:
    text, at = expression.strip(), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise MetricMathError(f"{expression!r}: {text[at:]!r} is no metric math")
        kind = str(match.lastgroup)
        word = match[kind]
        at = match.end()
        yield _Token("sign" if word in ("AND", "OR") else kind, _SAME.get(word, word))
    yield _Token("end", "its end")


class _Parser:
    """Reads one expression."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(_tokens(expression))
        self._at = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self._next.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _unexpected(self) -> MetricMathError:
        return MetricMathError(f"{self._expression!r}: {self._next.text} is not expected there")

    def _take(self, *signs: str) -> str | None:
        if self._next.kind == "sign" and self._next.text in signs:
            self._at += 1
            return self._tokens[self._at - 1].text
        return None

    def _require(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._unexpected()

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._sign()
        node = self._level(level + 1)
        while (found := self._take(*_LEVELS[level])) is not None:
            node = Call(found, (node, self._level(level + 1)))
        return node

    def _sign(self) -> Node:
        if self._take("-") is not None:
            return Call(NEGATIVE, (self._sign(),))
        base = self._atom()
        return Call("^", (base, self._sign())) if self._take("^") is not None else base

    def _atom(self) -> Node:
        if self._take("(") is not None:
            node = self._level(0)
            self._require(")")
            return node
        if self._take("[") is not None:
            return Call(ARRAY, self._list("]"))
        kind, text = self._next
        if kind not in ("number", "name", "text"):
            raise self._unexpected()
        self._at += 1
        if kind == "name":
            return Call(text, self._list(")")) if self._take("(") is not None else Name(text)
        return Number(float(text)) if kind == "number" else Text(text[1:-1])

    def _list(self, closing: str) -> tuple[Node, ...]:
        if self._take(closing) is not None:
            return ()
        nodes = [self._level(0)]
        while self._take(",") is not None:
            nodes.append(self._level(0))
        self._require(closing)
        return tuple(nodes)


def parse(expression: str) -> Node:
    """Read an expression.

    Raises:
        MetricMathError: when it is none.
    """
    return _Parser(expression).whole()


def walk(node: Node) -> Iterator[Node]:
    """Give a node and all within it."""
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from walk(argument)


def insight_rule_metric(rule: str, metric: str) -> str:
    """Give the key under which `evaluate` looks for a metric of a Contributor Insights rule."""
    return f"INSIGHT_RULE_METRIC({rule}, {metric})"


def evaluate(
    expressions: Mapping[str, str],
    series: Mapping[str, Series],
    *,
    grid: Iterable[int] | None = None,
) -> dict[str, Series | Array]:
    """Compute expressions, each after those that it names.

    Args:
        expressions: by id.
        series: the metrics by id, and by `insight_rule_metric`.
        grid: the beginnings of all periods that are looked at; None for those with any value.

    Returns:
        A series, or several, for each expression.

    Raises:
        MetricMathError: for what is no expression, names something unknown, depends on itself,
            or comes to a single number, which is no result.
    """
    points = grid if grid is not None else {at for one in series.values() for at in one}
    nodes = {name: parse(expression) for name, expression in expressions.items()}
    return compute(nodes, series, tuple(sorted(points)))


def compute(
    nodes: Mapping[str, Node],
    series: Mapping[str, Series],
    grid: Sequence[int],
    *,
    fills_empty: bool = True,
) -> dict[str, Series | Array]:
    """Compute expressions that are read already; otherwise like `evaluate`.

    Args:
        nodes: the expressions by id.
        series: the metrics.
        grid: the beginnings of all periods, in their order.
        fills_empty: whether FILL fills a series without any point; AWS does not say.
    """
    request = _Request(nodes, series, grid, fills_empty)
    results = {name: request.named(name) for name in nodes}
    for name, result in results.items():
        if isinstance(result, float):
            raise MetricMathError(f"{name} comes to a number; CloudWatch wants a series")
    return results  # type: ignore[return-value] # the numbers among them are refused above


@dataclass(frozen=True)
class _Request:
    """What one computation has, and has found already."""

    nodes: Mapping[str, Node]
    series: Mapping[str, Series]
    grid: Sequence[int]
    fills_empty: bool
    found: dict[str, Value] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    def named(self, name: str) -> Value:
        """Find what an id stands for."""
        if name in self.series:
            return self.series[name]
        if name not in self.nodes:
            raise MetricMathError(f"{name} is neither a metric nor an expression")
        if name not in self.found:
            if name in self.begun:
                raise MetricMathError(f"{' needs '.join([*self.begun, name])}: a circle")
            self.begun.append(name)
            self.found[name] = self.value(self.nodes[name])
            self.begun.pop()
        return self.found[name]

    def value(self, node: Node) -> Value:
        """Compute a part of an expression."""
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Name):
            return self.named(node.value)
        if isinstance(node, Text):
            raise MetricMathError(f"the text {node.value!r} has no value")
        if (special := _SPECIAL.get(node.function)) is not None:
            return special(self, node.arguments)
        if (function := _PLAIN.get(node.function)) is None:
            raise MetricMathError(f"{node.function} is no function known here")
        values = [self.value(argument) for argument in node.arguments]
        try:
            return function(*values)
        except TypeError as error:
            raise MetricMathError(f"{node.function}: {error}") from error


def _finite(points: Iterable[tuple[int, float]]) -> Series:
    return {at: value for at, value in points if math.isfinite(value)}


def _divide(left: float, right: float) -> float:
    return left / right if right else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except (ValueError, OverflowError):
        return math.nan


_PAIRS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<=": lambda left, right: float(left <= right),
    ">=": lambda left, right: float(left >= right),
    "<": lambda left, right: float(left < right),
    ">": lambda left, right: float(left > right),
    "AND": lambda left, right: float(bool(left) and bool(right)),
    "OR": lambda left, right: float(bool(left) or bool(right)),
}


def _pair(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Put two values together, point by point."""
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise MetricMathError("arrays of different lengths do not go together")
        return [_joined(function, one, other) for one, other in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [_joined(function, one, right) for one in left]
    if isinstance(right, list):
        return [_joined(function, left, one) for one in right]
    if isinstance(left, float) and isinstance(right, float):
        return function(left, right)
    return _joined(function, left, right)


def _joined(
    function: Callable[[float, float], float], left: float | Series, right: float | Series | Array
) -> Series:
    """Put two together of which one is a series at least."""
    if isinstance(left, float):
        assert isinstance(right, Mapping)
        return _finite((at, function(left, value)) for at, value in right.items())
    if isinstance(right, float):
        return _finite((at, function(value, right)) for at, value in left.items())
    assert isinstance(right, Mapping)
    points = left.keys() | right.keys()
    return _finite((at, function(left.get(at, 0.0), right.get(at, 0.0))) for at in sorted(points))


def _each(function: Callable[[Series], Series], value: Value) -> Series | Array:
    """Apply a function to a series, or to each of several."""
    if isinstance(value, list):
        return [function(one) for one in value]
    if isinstance(value, float):
        raise MetricMathError("a number where a series belongs")
    return function(value)


def _pointwise(function: Callable[[float], float]) -> Callable[[Value], Value]:
    def applied(value: Value) -> Value:
        if isinstance(value, float):
            return float(function(value))
        return _each(lambda one: _finite((at, float(function(v))) for at, v in one.items()), value)

    return applied


def _reducer(
    across: Callable[[list[float], int], float], along: Callable[[list[float]], float]
) -> Callable[[Value], Value]:
    """Make a function that gives a series for several series, and a number for one.

    Args:
        across: takes the values at a point, and how many series there are.
        along: takes the values of a series.
    """

    def reduced(value: Value) -> Value:
        if isinstance(value, float):
            return value
        if isinstance(value, Mapping):
            return along(list(value.values())) if value else math.nan
        points = sorted({at for one in value for at in one})
        return {at: across([one[at] for one in value if at in one], len(value)) for at in points}

    return reduced


def _steps(value: Value, change: Callable[[float, int], float]) -> Value:
    """Compute from each value and its forerunner: their difference, and the seconds between."""

    def stepped(one: Series) -> Series:
        points = sorted(one.items())
        pairs = itertools.pairwise(points)
        return _finite((at, change(now - before, at - then)) for (then, before), (at, now) in pairs)

    return _each(stepped, value)


def _running_sum(one: Series) -> Series:
    total, sums = 0.0, {}
    for at in sorted(one):
        total += one[at]
        sums[at] = total
    return sums


_PLAIN: Mapping[str, Callable[..., Value]] = {
    NEGATIVE: _pointwise(operator.neg),
    "ABS": _pointwise(abs),
    "CEIL": _pointwise(math.ceil),
    "FLOOR": _pointwise(math.floor),
    "SUM": _reducer(lambda values, _: math.fsum(values), math.fsum),
    "AVG": _reducer(
        lambda values, count: math.fsum(values) / count,
        lambda values: math.fsum(values) / len(values),
    ),
    "MIN": _reducer(lambda values, _: min(values), min),
    "MAX": _reducer(lambda values, _: max(values), max),
    "RATE": lambda value: _steps(value, lambda change, seconds: change / seconds),
    "DIFF": lambda value: _steps(value, lambda change, _: change),
    "RUNNING_SUM": lambda value: _each(_running_sum, value),
    **{
        sign: lambda left, right, function=function: _pair(function, left, right)
        for sign, function in _PAIRS.items()
    },
}
"""Functions of the values of their arguments."""


def _array(request: _Request, arguments: tuple[Node, ...]) -> Array:
    values: Array = []
    for argument in arguments:
        value = request.value(argument)
        if isinstance(value, float):
            raise MetricMathError("an array holds series, not numbers")
        values += value if isinstance(value, list) else [value]
    return values


def _metrics(request: _Request, arguments: tuple[Node, ...]) -> Array:
    part = _text(arguments[0]) if arguments else ""
    ids = (name for name in request.series if re.fullmatch(r"[a-z]\w*", name))
    return [request.series[name] for name in ids if part in name]


def _text(node: Node) -> str:
    if isinstance(node, Text | Name):  # CloudWatch takes the metric of a rule without quotes, too
        return node.value
    raise MetricMathError("a text belongs there")


def _insight(request: _Request, arguments: tuple[Node, ...]) -> Value:
    if len(arguments) != 2:
        raise MetricMathError("INSIGHT_RULE_METRIC takes the name of a rule and of a metric")
    return request.named(insight_rule_metric(*map(_text, arguments)))


def _time_series(request: _Request, arguments: tuple[Node, ...]) -> Series:
    (value,) = (request.value(argument) for argument in arguments)
    if not isinstance(value, float):
        raise MetricMathError("TIME_SERIES takes a number")
    return dict.fromkeys(request.grid, value)


def _clock(part: Callable[[datetime], int]) -> Callable[[_Request, tuple[Node, ...]], Value]:
    """Make a function of the times of all periods, in UTC, whatever the series' values are."""

    def told(request: _Request, arguments: tuple[Node, ...]) -> Value:
        (value,) = (request.value(argument) for argument in arguments)
        points = {at: float(part(datetime.fromtimestamp(at, UTC))) for at in request.grid}
        return _each(lambda _: points, value)

    return told


def _if(request: _Request, arguments: tuple[Node, ...]) -> Value:
    if len(arguments) not in (2, 3):
        raise MetricMathError("IF takes a condition and one value or two")
    condition, *values = (request.value(argument) for argument in arguments)
    if any(isinstance(value, list) for value in (condition, *values)):
        raise MetricMathError("IF takes no arrays")
    otherwise: Any = values[1] if len(values) == 2 else {}
    if isinstance(condition, float):
        return values[0] if condition else otherwise
    chosen: Any = values[0]
    return _finite(
        (at, _at(chosen, at, 0.0) if value else _at(otherwise, at, math.nan))
        for at, value in condition.items()  # type: ignore[union-attr] # arrays are refused above
    )


def _at(value: float | Series, at: int, missing: float) -> float:
    return value if isinstance(value, float) else value.get(at, missing)


def _fill(request: _Request, arguments: tuple[Node, ...]) -> Value:
    if len(arguments) != 2:
        raise MetricMathError("FILL takes a series and what to fill it with")
    value, by = request.value(arguments[0]), arguments[1]
    grid = request.grid
    if isinstance(by, Name) and (way := _WAYS_TO_FILL.get(by.value)) is not None:
        return _each(lambda one: way(one, grid), value)
    filler = request.value(by)
    if isinstance(filler, list):
        raise MetricMathError("FILL fills with a number, a series, REPEAT or LINEAR")

    def filled(one: Series) -> Series:
        if not one and not request.fills_empty:
            return one
        missing = ((at, _at(filler, at, math.nan)) for at in grid if at not in one)
        return {**one, **_finite(missing)}

    return _each(filled, value)


def _repeated(one: Series, grid: Sequence[int]) -> Series:
    filled, last = dict(one), math.nan
    for at in grid:
        last = filled.setdefault(at, last)
    return _finite(filled.items())


def _interpolated(one: Series, grid: Sequence[int]) -> Series:
    known, filled = sorted(one), dict(one)
    for before, after in itertools.pairwise(known):
        slope = (one[after] - one[before]) / (after - before)
        for at in grid:
            if before < at < after:
                filled[at] = one[before] + slope * (at - before)
    return filled


_WAYS_TO_FILL: Mapping[str, Callable[[Series, Sequence[int]], Series]] = {
    "REPEAT": _repeated,
    "LINEAR": _interpolated,
}

_SPECIAL: Mapping[str, Callable[[_Request, tuple[Node, ...]], Value]] = {
    ARRAY: _array,
    "METRICS": _metrics,
    "INSIGHT_RULE_METRIC": _insight,
    "TIME_SERIES": _time_series,
    "MINUTE": _clock(lambda time: time.minute),
    "HOUR": _clock(lambda time: time.hour),
    "DAY": _clock(lambda time: time.isoweekday()),
    "IF": _if,
    "FILL": _fill,
}
"""Functions that need more than the values of their arguments."""
