"""What `orders doctor` looks at on this machine and in the settings."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.price_keys import text_of
from infrastructure.settings import STAGES, settings_of
from ops.release import cdk
from ops.release.before import checks_here
from ops.release.before.checks_here import OF_A_STAGE

if TYPE_CHECKING:
    from pathlib import Path

    from ops.release.before.findings import Finding

PRICE_KEY = text_of(2**2_047 + 1)
HERE = {check.name: check for check in OF_A_STAGE}


def here(check: str, subject: Any = None) -> Finding:
    return HERE[check].run(subject or settings_of("prod"))


@pytest.mark.parametrize(
    ("given", "result"), [("us-east-1", "ok"), ("", "ok"), ("eu-west-1", "warning")]
)
def test_region(given: str, result: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile of another Region than the stage's is a warning that names both."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", given)
    if not given:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
    found = here("Region")
    assert (found.result, given in found.sentence) == (result, True)


@pytest.mark.parametrize(
    ("mode", "keys", "result", "words"),
    [
        ("required", {}, "failure", "each order of a customer is refused, 422 quote-required"),
        ("required", {"2026-11": PRICE_KEY}, "ok", "signed by 2026-11"),
        ("checked", {"2026-11": PRICE_KEY}, "warning", "customers name their own prices"),
        ("off", {}, "warning", "customers name their own prices"),
    ],
)
def test_prices(mode: Any, keys: dict[str, str], result: str, words: str) -> None:
    """I read why no customer can order, or that customers name their prices, and what to do."""
    found = here("prices", replace(settings_of("prod"), price_quotes=mode, price_keys=keys))
    assert found.result == result
    assert words in found.sentence
    assert ("infrastructure/settings.py" in found.remedy) is (result != "ok")


def test_region_of_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist has no Region to compare."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    assert here("Region").result == "unknown"


@pytest.mark.parametrize(
    ("origin", "result"),
    [
        ("https://orders.example.com", "warning"),
        ("https://example.org", "warning"),
        ("http://localhost:5173", "warning"),
        ("https://lunch.test", "ok"),
        ("https://myexample.test", "ok"),
    ],
)
def test_origins(origin: str, result: str) -> None:
    """Origins that are still the template's, or a developer's in prod, are a warning."""
    assert here("web origins", replace(STAGES["prod"], origins=(origin,))).result == result


def test_localhost_in_dev() -> None:
    """In dev a developer's own machine may call the API."""
    assert here("web origins", STAGES["dev"]).result == "ok"


@pytest.mark.parametrize(
    ("stage", "addresses", "result"),
    [("prod", (), "warning"), ("prod", ("ops@example.com",), "ok"), ("dev", (), "ok")],
)
def test_alarms(stage: str, addresses: tuple[str, ...], result: str) -> None:
    """A stage that keeps data, but whose alarms nobody hears, is a warning."""
    assert here("alarms", replace(STAGES[stage], alarm_emails=addresses)).result == result


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is too old is a failure."""
    assert here("Python").result == "ok"
    monkeypatch.setattr(checks_here, "sys", SimpleNamespace(version_info=(3, 10)))
    assert here("Python").result == "failure"


def test_python_for_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the runtime's Python functions start slowly: a warning."""
    monkeypatch.setattr(checks_here, "find_interpreter", lambda _: None)
    assert here("Python for bytecode").result == "warning"
    monkeypatch.setattr(checks_here, "find_interpreter", lambda minor: minor)
    assert here("Python for bytecode").result == "ok"


def test_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools in other versions than the locked ones are a warning: make setup."""
    assert here("packages").result == "ok"
    monkeypatch.setattr(checks_here, "_version", lambda _: "0.1")
    found = here("packages")
    assert (found.result, found.remedy, "uv 0.1, not" in found.sentence) == (
        "warning",
        "make setup",
        True,
    )


@pytest.mark.parametrize(
    ("version", "result"), [("24.1.0", "ok"), ("20.19.0", "failure"), (None, "failure")]
)
def test_node(version: str | None, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Node.js that the CDK no longer takes is a failure."""
    monkeypatch.setattr(checks_here, "_version", lambda _: version)
    assert here("Node.js").result == result


@pytest.mark.parametrize(
    ("installed", "reads", "result"),
    [
        (None, None, "ok"),
        ("2.1", 55, "warning"),
        ("locked", 55, "ok"),
        ("locked", 43, "failure"),
        ("locked", None, "unknown"),
    ],
)
def test_cli(
    installed: str | None, reads: int | None, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CLI that cannot read what the library writes is a failure; another one, a warning."""
    monkeypatch.setattr(checks_here, "_version", lambda _: "55.4.0")
    monkeypatch.setattr(cdk, "locked_version", lambda: "locked")
    monkeypatch.setattr(cdk, "installed_version", lambda: installed)
    monkeypatch.setattr(cdk, "newest_schema", lambda: reads)
    assert here("CDK CLI").result == result


def test_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is not committed is a warning; without a repository it is unknown."""
    monkeypatch.setattr(checks_here, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert here("git").result == "unknown"
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert here("git").result == "ok"
    (tmp_path / "new.py").touch()
    found = here("git")
    assert (found.result, "new.py" in found.sentence) == ("warning", True)
