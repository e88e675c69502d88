"""`orders doctor` says before a deployment what would make it fail, and how to mend it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from cli.commands import doctor
from ops.release.before.findings import Finding, Result

if TYPE_CHECKING:
    from collections.abc import Callable


def test_summary_names_what_is_unknown() -> None:
    """The last line counts failures and warnings, and names what could not be checked."""
    found = [
        Finding(Result.OK, "", check="a"),
        Finding(Result.FAILURE, "", check="b"),
        Finding(Result.UNKNOWN, "", check="c"),
    ]
    said = doctor.summary(found)
    assert said == "1 failure, 0 warnings in 3 checks. Could not be checked: c."


def test_what_is_unknown_is_folded() -> None:
    """Checks that failed for one reason are one row, below what is known; others stay apart."""
    asked = [
        Finding(Result.UNKNOWN, "No credentials.", "Log in.", "a"),
        Finding(Result.OK, "Fine.", check="b"),
        Finding(Result.UNKNOWN, "No credentials.", "Log in.", "c"),
        Finding(Result.UNKNOWN, "Timed out.", "", "d"),
    ]
    assert doctor.rows(asked) == [
        ("b", "ok", "Fine."),
        ("a, c", "unknown", "No credentials. → Log in."),
        ("d", "unknown", "Timed out."),
    ]


def test_many_that_are_unknown_do_not_widen_the_table() -> None:
    """Without credentials a dozen checks are a short cell; the last line names each."""
    asked = [Finding(Result.UNKNOWN, "No.", "", f"check {number}") for number in range(13)]
    assert doctor.rows(asked) == [("check 0, and 12 more", "unknown", "No.")]
    assert doctor.summary(asked).endswith(f"{', '.join(one.check for one in asked)}.")


@pytest.mark.parametrize("result", list(Result))
def test_exit_code(
    result: Result, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a failure ends with 1; JSON stands alone on stdout."""
    found = [Finding(result, "It is so.", "Do\n  this.", "x")]
    monkeypatch.setattr(doctor, "of_a_stage", lambda _: found)
    code = exit_code(lambda: doctor.doctor(json_=True))
    said = capsys.readouterr()
    assert code == (1 if result is Result.FAILURE else 0)
    assert json.loads(said.out) == [
        {"check": "x", "result": result.value, "finding": "It is so.", "remedy": "Do\n  this."}
    ]
    assert "in 1 check" in said.err
    exit_code(doctor.doctor)
    assert "It is so. → Do this." in capsys.readouterr().out


def exit_code(command: Callable[[], None]) -> int:
    try:
        command()
    except Exception as ended:  # noqa: BLE001 - Typer's own kind of exit
        return int(cast("Any", ended).exit_code)
    return 0
