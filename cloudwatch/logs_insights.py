"""Queries of CloudWatch Logs Insights: as much of the language as dashboards and people here use.

    fields | display   filter   stats … by …   sort   limit   dedup

What is not known here is said so, and never passed over. CloudWatch Logs user guide, "CloudWatch
Logs Insights language query syntax".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudwatch.log_lines import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


MOST_ROWS = 10_000
_SOURCE = re.compile(r"SOURCE\s+(['\"]?)([^'\"\s|]+)\1\s*\Z", re.IGNORECASE)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<pattern>/(?:\\.|[^/\\])+/i?)
      | (?P<number>\d+(?:\.\d+)?(?![\w.]))
      | (?P<name>`[^`]+`|[@\w][\w@.]*)
      | (?P<sign>>=|<=|!=|=~|[-+*/%()\[\],=<>])
    )""",
    re.VERBOSE,
)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_BIN = re.compile(r"(\d+)(s|m|h|d)\Z")


class QueryError(Exception):
    """A query that this cannot run; the message says what it is about."""


class Answer(NamedTuple):
    """What a query found: names of columns, and rows in their order."""

    columns: list[str]
    rows: list[list[Any]]


def sources(query: str) -> tuple[list[str], str]:
    """Part the log groups that a dashboard's query begins with from the query itself."""
    stages, groups = _stages(query), []
    while stages and (found := _SOURCE.match(stages[0])):
        groups.append(found[2])
        del stages[0]
    return groups, " | ".join(stages)


def run(query: str, records: Iterable[Record]) -> Answer:
    """Run a query without its sources.

    Raises:
        QueryError: for what this does not know.
    """
    rows = sorted(records, key=lambda record: record["@timestamp"], reverse=True)
    columns, limited = ["@timestamp", "@message"], False
    for stage in _stages(query):
        command, _, rest = stage.partition(" ")
        work = _COMMANDS.get(command.lower())
        if work is None:
            raise QueryError(f"{command!r} is not known here.")
        rows, told = work(_Parser(rest), rows)
        columns = told or columns
        limited = limited or command.lower() == "limit"
    rows = rows if limited else rows[:MOST_ROWS]
    return Answer(columns, [[row.get(name) for name in columns] for row in rows])


def _stages(query: str) -> list[str]:
    """Split at the bars that stand in no text and no pattern; leave comments out."""
    lines = (line for line in query.splitlines() if not line.lstrip().startswith("#"))
    parts = re.findall(
        r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?<=like )/(?:\\.|[^/\\])+/|.", " ".join(lines)
    )
    stages = [""]
    for part in parts:
        if part == "|":
            stages.append("")
        else:
            stages[-1] += part
    return [stage.strip() for stage in stages if stage.strip()]


_Told = tuple[list[Record], list[str] | None]
_Value = "Callable[[Record], Any]"


def _fields(parser: _Parser, rows: list[Record]) -> _Told:
    wanted = parser.named_list(parser.expression)
    made = [{**row, **{name: value(row) for name, value in wanted}} for row in rows]
    return made, [name for name, _ in wanted]


def _filter(parser: _Parser, rows: list[Record]) -> _Told:
    condition = parser.expression()
    parser.end()
    return [row for row in rows if condition(row)], None


def _sort(parser: _Parser, rows: list[Record]) -> _Told:
    keys = []
    while True:
        value = parser.expression()
        keys.append((value, parser.word("desc") or (parser.word("asc") and False)))
        if not parser.sign(","):
            break
    parser.end()
    for value, downwards in reversed(keys):
        rows = sorted(rows, key=lambda row: _order(value(row)), reverse=bool(downwards))
    return rows, None


def _limit(parser: _Parser, rows: list[Record]) -> _Told:
    count = parser.number()
    parser.end()
    return rows[: int(count)], None


def _dedup(parser: _Parser, rows: list[Record]) -> _Told:
    wanted = parser.named_list(parser.expression)
    first: dict[tuple[str, ...], Record] = {}
    for row in rows:
        first.setdefault(tuple(str(value(row)) for _, value in wanted), row)
    return list(first.values()), None


def _stats(parser: _Parser, rows: list[Record]) -> _Told:
    computed = parser.named_list(parser.aggregate)
    by = parser.named_list(parser.expression) if parser.word("by") else []
    parser.end()
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for row in rows:
        groups.setdefault(tuple(value(row) for _, value in by), []).append(row)
    if not by:
        groups = groups or {(): []}
    names = [name for name, _ in (*by, *computed)]
    made = [
        dict(zip(names, [*key, *(value(group) for _, value in computed)], strict=True))
        for key, group in groups.items()
    ]
    return made, names


_COMMANDS: dict[str, Callable[[_Parser, list[Record]], _Told]] = {
    "fields": _fields,
    "display": _fields,
    "filter": _filter,
    "sort": _sort,
    "limit": _limit,
    "dedup": _dedup,
    "stats": _stats,
}


def _order(value: Any) -> tuple[int, float, str]:
    number = _number(value)
    if value is None:
        return 0, 0.0, ""
    return (1, number, "") if number is not None else (2, 0.0, str(value))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _compare(sign: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return sign == "!=" and left is not right
    numbers = _number(left), _number(right)
    one, other = numbers if None not in numbers else (_text(left), _text(right))
    return bool(_COMPARISONS[sign](one, other))


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}

_ARITHMETIC: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": lambda one, other: one / other if other else None,
    "%": lambda one, other: one % other if other else None,
}


def _calculate(sign: str, left: Any, right: Any) -> float | None:
    one, other = _number(left), _number(right)
    return None if one is None or other is None else _ARITHMETIC[sign](one, other)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ispresent": lambda value: value is not None,
    "isblank": lambda value: value is None or not _text(value).strip(),
    "isempty": lambda value: value is None or not _text(value),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "tolower": lambda value: None if value is None else _text(value).lower(),
    "toupper": lambda value: None if value is None else _text(value).upper(),
    "strlen": lambda value: None if value is None else len(_text(value)),
    "abs": lambda value: None if _number(value) is None else abs(float(value)),
    "ceil": lambda value: None if _number(value) is None else float(-(-float(value) // 1)),
    "floor": lambda value: None if _number(value) is None else float(float(value) // 1),
    "tomillis": lambda value: value,
}


def _percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    rank = percent / 100 * (len(ordered) - 1)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])


_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "median": lambda values: _percentile(values, 50),
}


class _Parser:
    """Reads the words of one stage, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._tokens = self._tokenize()
        self._at = 0

    def _tokenize(self) -> list[tuple[str, str, int, int]]:
        tokens: list[tuple[str, str, int, int]] = []
        at = 0
        while at < len(self._text):
            found = _TOKEN.match(self._text, at)
            if not found or found.lastgroup is None:
                raise QueryError(f"{self._text[at:].strip()[:30]!r} cannot be read.")
            # A slash after a value divides; it begins a pattern after "like" or "=~" only.
            if found.lastgroup == "pattern" and not self._pattern_may_follow(tokens):
                found = re.compile(r"\s*(?P<sign>/)").match(self._text, at) or found
            tokens.append(
                (
                    str(found.lastgroup),
                    found[str(found.lastgroup)],
                    found.start(str(found.lastgroup)),
                    found.end(),
                )
            )
            at = found.end()
        return tokens

    @staticmethod
    def _pattern_may_follow(tokens: list[tuple[str, str, int, int]]) -> bool:
        return bool(tokens) and tokens[-1][1].lower() in ("like", "=~")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at][:2] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at < len(self._tokens):
            raise QueryError(f"{self._text[self._tokens[self._at][2] :][:30]!r} was not expected.")

    def word(self, *words: str) -> bool:
        """Take a word if it comes next."""
        kind, text = self._peek()
        found = kind == "name" and text.lower() in words
        self._at += found
        return found

    def sign(self, *signs: str) -> str:
        """Take a sign if it comes next."""
        kind, text = self._peek()
        if kind == "sign" and text in signs:
            self._at += 1
            return text
        return ""

    def _want(self, sign: str) -> None:
        if not self.sign(sign):
            raise QueryError(f"{sign!r} is missing in {self._text[:60]!r}.")

    def number(self) -> float:
        """Take a number."""
        kind, text = self._next()
        if kind != "number":
            raise QueryError(f"{text!r} is no number.")
        return float(text)

    def named_list(self, one: Callable[[], Any]) -> list[tuple[str, Any]]:
        """Take a list of expressions, each with its name: what stands after "as", or its text."""
        found = []
        while True:
            begun = self._tokens[self._at][2] if self._at < len(self._tokens) else 0
            value = one()
            name = self._text[begun : self._tokens[self._at - 1][3]].strip().strip("`")
            if self.word("as"):
                name = self._next()[1].strip("`")
            found.append((name, value))
            if not self.sign(","):
                return found

    def expression(self) -> Callable[[Record], Any]:
        """Take an expression: "or" binds least, then "and", "not", comparisons, sums, products."""
        left = self._conjunction()
        while self.word("or"):
            left = _either(left, self._conjunction())
        return left

    def _conjunction(self) -> Callable[[Record], Any]:
        left = self._negation()
        while self.word("and"):
            left = _both(left, self._negation())
        return left

    def _negation(self) -> Callable[[Record], Any]:
        if self.word("not"):
            value = self._negation()
            return lambda row: not value(row)
        return self._comparison()

    def _comparison(self) -> Callable[[Record], Any]:
        left = self._sum()
        if sign := self.sign(*_COMPARISONS):
            right = self._sum()
            return lambda row: _compare(sign, left(row), right(row))
        negated = self.word("not")
        if self.word("like") or self.sign("=~"):
            return self._like(left, negated=negated)
        if self.word("in"):
            self._want("[")
            members = [value for _, value in self.named_list(self._sum)]
            self._want("]")
            return lambda row: (
                negated != any(_compare("=", left(row), member(row)) for member in members)
            )
        if negated:
            raise QueryError("'not' stands before like and in.")
        return left

    def _like(self, left: Callable[[Record], Any], *, negated: bool) -> Callable[[Record], Any]:
        kind, text = self._next()
        if kind == "pattern":
            body, _, flags = text[1:].rpartition("/")
            try:
                pattern = re.compile(body, re.IGNORECASE if flags else 0)
            except re.error as error:
                raise QueryError(f"{text} is no pattern: {error}.") from None
        elif kind == "text":
            pattern = re.compile(re.escape(_unquoted(text)))
        else:
            raise QueryError(f"like needs a text or a pattern, not {text!r}.")
        return lambda row: (
            left(row) is not None and negated != bool(pattern.search(_text(left(row))))
        )

    def _sum(self) -> Callable[[Record], Any]:
        left = self._product()
        while sign := self.sign("+", "-"):
            left = _calculation(sign, left, self._product())
        return left

    def _product(self) -> Callable[[Record], Any]:
        left = self._value()
        while sign := self.sign("*", "/", "%"):
            left = _calculation(sign, left, self._value())
        return left

    def _value(self) -> Callable[[Record], Any]:
        if self.sign("("):
            inner = self.expression()
            self._want(")")
            return inner
        if self.sign("-"):
            value = self._value()
            return _calculation("-", lambda _: 0, value)
        kind, text = self._next()
        if kind == "number":
            return lambda _: float(text)
        if kind == "text":
            unquoted = _unquoted(text)
            return lambda _: unquoted
        if kind != "name":
            raise QueryError(f"{text or 'the end'!r} was not expected in {self._text[:60]!r}.")
        if self.sign("("):
            return self._call(text.lower())
        name = text.strip("`")
        return lambda row: row.get(name)

    def _call(self, name: str) -> Callable[[Record], Any]:
        if name == "bin":
            return self._bin()
        function = _FUNCTIONS.get(name)
        if function is None:
            raise QueryError(f"The function {name}() is not known here.")
        given = [value for _, value in self.named_list(self.expression)]
        self._want(")")
        return lambda row: function(*(value(row) for value in given))

    def _bin(self) -> Callable[[Record], Any]:
        _, text = self._next()
        found = _BIN.match(text)
        if not found:
            raise QueryError(f"bin({text}) is not known here: bin(5m), bin(1h), …")
        self._want(")")
        step = int(found[1]) * _UNITS[found[2]] * 1_000
        return lambda row: int(row["@timestamp"]) // step * step

    def aggregate(self) -> Callable[[list[Record]], Any]:
        """Take a statistic over many records, or a calculation with such statistics."""
        left = self._one_aggregate()
        while sign := self.sign("*", "/", "+", "-"):
            left = _calculation(sign, left, self._one_aggregate())
        return left

    def _one_aggregate(self) -> Callable[[list[Record]], Any]:
        kind, text = self._next()
        if kind == "number":
            return lambda _: float(text)
        name = text.lower()
        self._want("(")
        if name == "count" and (self.sign("*") or self._peek() == ("sign", ")")):
            self._want(")")
            return len
        given = self.expression()
        percent = 0.0
        if name in ("pct", "percentile"):
            self._want(",")
            percent = self.number()
        self._want(")")
        return _statistic(name, given, percent)


def _statistic(
    name: str, given: Callable[[Record], Any], percent: float
) -> Callable[[list[Record]], Any]:
    if name == "count":
        return lambda rows: sum(given(row) is not None for row in rows)
    if name == "count_distinct":
        return lambda rows: len({_text(given(row)) for row in rows if given(row) is not None})
    if name in ("latest", "earliest"):
        chosen = max if name == "latest" else min
        return lambda rows: given(chosen(rows, key=lambda row: row["@timestamp"])) if rows else None
    if name in ("pct", "percentile"):
        return _over_numbers(given, lambda values: _percentile(values, percent))
    if name in _AGGREGATES:
        return _over_numbers(given, _AGGREGATES[name])
    raise QueryError(f"The statistic {name}() is not known here.")


def _over_numbers(
    given: Callable[[Record], Any], function: Callable[[list[float]], float]
) -> Callable[[list[Record]], Any]:
    def compute(rows: list[Record]) -> float | None:
        values = [number for row in rows if (number := _number(given(row))) is not None]
        return function(values) if values else None

    return compute


def _either(left: Callable[..., Any], right: Callable[..., Any]) -> Callable[..., bool]:
    return lambda row: bool(left(row) or right(row))


def _both(left: Callable[..., Any], right: Callable[..., Any]) -> Callable[..., bool]:
    return lambda row: bool(left(row) and right(row))


def _calculation(
    sign: str, left: Callable[..., Any], right: Callable[..., Any]
) -> Callable[..., float | None]:
    return lambda row: _calculate(sign, left(row), right(row))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
