"""What a bill says of stream reads, whichever report it comes in."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from ops.proof.probe import Verdict
from ops.proof.running import bill
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

USAGE = "lineItem/UsageType,lineItem/UsageAmount,lineItem/UnblendedCost\n"
REQUESTS = "USE1-Streams-Requests-Count,1000,0.0002\n"
WRITES = "WriteRequestUnits,20,0.01\n"


@pytest.mark.parametrize(
    "head",
    [
        USAGE,
        "line_item_usage_type,line_item_usage_amount,line_item_unblended_cost\n",
        "UsageType,UsageQuantity,UnblendedCost\n",
        "\ufeffUsage type,Usage amount,Cost ($)\n",
    ],
)
def test_a_report_with_stream_reads(head: str, tmp_path: Path) -> None:
    """Cost and Usage reports of both forms, and Cost Explorer's: reads are charged."""
    path = tmp_path / "report.csv"
    path.write_text(head + REQUESTS + WRITES + REQUESTS)
    found = bill.read(path)
    assert found == bill.Streams(lines=3, of_streams=2, requests=2_000, dollars=0.0004)
    assert bill.fact(found).verdict is Verdict.HOLDS


def test_a_report_without_them(tmp_path: Path) -> None:
    """Nothing on the bill: AWS counts a pipe's reads as Lambda's, and our model is wrong."""
    path = tmp_path / "report.csv.gz"
    path.write_bytes(gzip.compress((USAGE + WRITES).encode()))
    fact = bill.fact(bill.read(path))
    assert fact.verdict is Verdict.DIFFERS
    assert "AWS counts pipes as it does Lambda" in fact.why


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\0\0"])
def test_what_is_no_report(text: str, tmp_path: Path) -> None:
    """I am told which report to take; nothing is guessed from another file."""
    path = tmp_path / "report.csv"
    path.write_text(text)
    with pytest.raises(OperatorError, match="usage type"):
        bill.read(path)
