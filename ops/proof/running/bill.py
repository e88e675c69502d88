"""What a bill says of stream reads: a report of Cost Explorer or of Cost and Usage, as CSV.

A pipe's reads of a stream are either charged as anybody's, or free as Lambda's are. The bill tells
which, two days after a run: the one claim that no request can show.
"""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING, NamedTuple

from ops.proof.probe import Fact, Verdict
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLAIM = "stream-reads-are-billed"
_STREAMS = "streams-requests"
_TYPES = ("lineitem/usagetype", "line_item_usage_type", "usagetype", "usage type")
_AMOUNTS = ("lineitem/usageamount", "line_item_usage_amount", "usagequantity", "usage amount")
_COSTS = (
    *("lineitem/unblendedcost", "line_item_unblended_cost", "unblendedcost", "cost"),
    *("unblended cost", "cost ($)"),
)
_EXPECTED = "a line of DynamoDB's streams with requests"


class Streams(NamedTuple):
    """What a bill says of stream reads."""

    lines: int
    """Of the whole report."""
    of_streams: int
    requests: float
    dollars: float


def read(path: Path) -> Streams:
    """Read a report, gzipped or not.

    Raises:
        OperatorError: when it cannot be read, or is no such report.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read as a report: {error}") from None
    return _of(list(csv.DictReader(io.StringIO(text))), path)


def _of(rows: list[dict[str, str]], path: Path) -> Streams:
    columns = {(name or "").strip().lower(): name for name in (rows[0] if rows else {})}
    kind, amount, cost = (_column(columns, names) for names in (_TYPES, _AMOUNTS, _COSTS))
    if kind is None:
        raise OperatorError(
            f"{path} has no column with the usage type. Take a Cost and Usage report, or Cost "
            "Explorer's download grouped by usage type, both as CSV with a row for each type."
        )
    ours = [row for row in rows if _STREAMS in (row[kind] or "").lower()]
    return Streams(len(rows), len(ours), _sum(ours, amount), _sum(ours, cost))


def fact(found: Streams) -> Fact:
    """Say what a bill shows; a report without a row of streams says that they are free."""
    seen = found._asdict()
    charged = found.requests > 0 or found.dollars > 0
    verdict = Verdict.HOLDS if charged else Verdict.DIFFERS
    why = "" if charged else "The report has no stream reads: AWS counts pipes as it does Lambda."
    if not found.lines:
        verdict, why = Verdict.UNKNOWN, "The report has no rows."
    return Fact(CLAIM, {"seen": _EXPECTED}, seen, verdict, why)


def _column(columns: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((columns[name] for name in names if name in columns), None)


def _sum(rows: list[dict[str, str]], column: str | None) -> float:
    return sum(_number(row.get(column, "")) for row in rows) if column else 0.0


def _number(text: str | None) -> float:
    try:
        return float((text or "0").replace(",", "").lstrip("$"))
    except ValueError:
        return 0.0
