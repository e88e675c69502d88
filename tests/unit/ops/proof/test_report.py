"""The report of a run: nothing secret is in it, and documents are made from it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from ops.proof import report as reports
from ops.proof.probe import Fact, Verdict
from ops.proof.report import Report

if TYPE_CHECKING:
    from pathlib import Path

HELD = Fact("header-lines", {"a": 400}, {"a": 400}, Verdict.HOLDS, "", ("r-1",))
OTHER = Fact("unknown-route", {"a": "404"}, {"a": "403"}, Verdict.DIFFERS, "Not as expected: a.")
UNTOLD = Fact("access-log", {"a": 1}, {}, Verdict.UNKNOWN, "It was gone.")


def made(*facts: Fact, date: str = "2026-12-01", where: str = "aws") -> Report:
    return Report(
        date=date,
        where=where,
        region="us-east-1",
        version="1.0.0",
        commit="0" * 40,
        dirty=False,
        template="f" * 64,
        quick=True,
        ended="whole",
        seconds=60,
        facts=facts,
        by_hand={"bill-is-the-model-s": "It takes a month's bill."},
        left=("queue prove-1",),
    )


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What a run wrote, the documents read: every fact with its verdict and requests."""
    path = tmp_path / "2026-12-01.json"
    path.write_text(made(HELD, OTHER, UNTOLD).text())
    assert reports.read(path) == made(HELD, OTHER, UNTOLD)


def test_nothing_secret_is_in_it() -> None:
    """I can commit a report: no account, no key, no token, wherever they stood."""
    seen = {
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "url": "https://sqs.us-east-1.amazonaws.com/123456789012/queue",
        "plain": "in 123456789012",
        "key-s3cr3t": ["a token-s3cr3t b"],
    }
    fact = HELD._replace(seen=seen, why="key-s3cr3t")
    text = made(fact).text(["key-s3cr3t", "token-s3cr3t", ""], "123456789012")
    assert "s3cr3t" not in text
    assert "123456789012" not in text
    assert "function:f" in text
    assert json.loads(text)["facts"][0]["requests"] == ["r-1"]


def test_accounts_of_others_are_left_out_too() -> None:
    """An ARN of another account, such as of a role that was assumed, tells no number either."""
    fact = HELD._replace(seen={"arn": "arn:aws:iam::210987654321:role/r"})
    assert "210987654321" not in made(fact).text()


def test_the_newest_report_of_aws_counts(tmp_path: Path) -> None:
    """A report of the emulator says nothing of AWS, nor does a file that is no report."""
    assert reports.newest(tmp_path) is None
    for name, report in {
        "2026-12-01": made(HELD),
        "2026-12-03": made(OTHER, date="2026-12-03", where="emulator"),
        "2026-12-02": made(HELD, date="2026-12-02"),
    }.items():
        (tmp_path / f"{name}.json").write_text(report.text())
    (tmp_path / "2026-12-09.json").write_text('{"form": 1, "facts": [{"id": "a"}]}')
    (tmp_path / "2026-12-08.json").write_text("no report")
    found = reports.newest(tmp_path)
    assert found is not None
    assert found.date == "2026-12-02"


def test_what_is_said_of_a_claim() -> None:
    """Documents say `tried on …` of what was told alone; of the rest they say what they said."""
    report = made(HELD, OTHER, UNTOLD)
    assert reports.tried(report, "header-lines") == "tried on 2026-12-01: holds"
    assert reports.tried(report, "unknown-route") == "tried on 2026-12-01: differs"
    assert reports.tried(report, "access-log") == ""
    assert reports.tried(report, "client-path") == ""
    assert reports.tried(None, "header-lines") == ""


def test_a_second_run_of_a_day_has_a_file_of_its_own(tmp_path: Path) -> None:
    """No run writes over the report of another."""
    day = dt.date(2026, 12, 1)
    first = reports.path_of(tmp_path, day)
    first.write_text("")
    assert [first.name, reports.path_of(tmp_path, day).name] == [
        "2026-12-01.json",
        "2026-12-01-2.json",
    ]


def test_a_template_has_one_hash() -> None:
    """The same template has the same hash, whatever the order of its keys; another has another."""
    one, same, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}
    assert reports.template_hash(one) == reports.template_hash(same)
    assert reports.template_hash(one) != reports.template_hash(other)
