"""The report of a run: what was expected, what was seen, and nothing that is secret.

docs/proof/2026-12-01.json ─► docs/proof.md, and what documents say of what was tried
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ops.proof.probe import Fact, Verdict
from project.checkout import ROOT
from project.json_object import json_object

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FOLDER = ROOT / "docs/proof"
"""Where the reports of runs on AWS are kept."""

_FORM = 1
_ACCOUNT_IN_ARN = re.compile(r"(arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)[0-9]{12}(?=:)")
_ACCOUNT_IN_URL = re.compile(r"(\.amazonaws\.com/)[0-9]{12}(?=/)")
_HIDDEN = "…"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run saw.

    Args:
        date: the day, in UTC.
        where: `aws`, or `emulator`.
        region: where the stage was.
        version: of this checkout.
        commit: of this checkout.
        dirty: whether files differed from that.
        template: the SHA-256 of the template that was deployed.
        quick: whether what waits long was left out.
        ended: `whole`, `interrupted`, or why it did not get to its end.
        seconds: how long looking took.
        facts: what came of each probe.
        by_hand: why no run can show the others.
        left: what the run made and could not remove.
    """

    date: str
    where: str
    region: str
    version: str
    commit: str
    dirty: bool
    template: str
    quick: bool
    ended: str
    seconds: int
    facts: tuple[Fact, ...]
    by_hand: Mapping[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def text(self, secrets: Iterable[str] = (), account: str = "") -> str:
        """Write it as JSON, without what must not be told.

        Args:
            secrets: texts that must not be in it.
            account: the account's number, which is left out, too.
        """
        document = {
            "form": _FORM,
            **{one.name: getattr(self, one.name) for one in fields(self)},
            "by_hand": dict(self.by_hand),
            "facts": [fact.as_json() for fact in self.facts],
        }
        return json.dumps(_scrubbed(document, [*secrets, account]), indent=2) + "\n"

    def fact(self, claim: str) -> Fact | None:
        """Give the fact of a claim; None where there was no looking."""
        return next((fact for fact in self.facts if fact.id == claim), None)

    @property
    def counted(self) -> Counter[Verdict]:
        """How many facts have each verdict."""
        return Counter(fact.verdict for fact in self.facts)


def template_hash(template: Mapping[str, Any]) -> str:
    """Give the SHA-256 of a template, however its JSON is written."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def read(path: Path) -> Report | None:
    """Read a report; None where it is none, or of a form that is not known."""
    found = json_object(path.read_bytes()) or {}
    match found:
        case {"form": 1, "facts": [*facts]}:
            rest = {name: found[name] for name in found if name not in {"form", "facts", "left"}}
            try:
                known = tuple(_fact(fact) for fact in facts)
                return Report(**rest, facts=known, left=tuple(found.get("left", ())))
            except (KeyError, TypeError, ValueError):
                return None
    return None


def newest(folder: Path = FOLDER) -> Report | None:
    """Read the newest report of a run on AWS; None where there is none."""
    reports = filter(None, map(read, sorted(folder.glob("*.json"), reverse=True)))
    return next((report for report in reports if report.where == "aws"), None)


def tried(report: Report | None, claim: str) -> str:
    """Say of a claim whether it was tried: `tried on 2026-12-01: holds`; empty where not."""
    fact = report.fact(claim) if report else None
    if report is None or fact is None or fact.verdict is Verdict.UNKNOWN:
        return ""
    return f"tried on {report.date}: {fact.verdict}"


def path_of(folder: Path, day: dt.date) -> Path:
    """Name the file of a run: a second one of the same day has a number."""
    path, number = folder / f"{day.isoformat()}.json", 2
    while path.exists():
        path, number = folder / f"{day.isoformat()}-{number}.json", number + 1
    return path


def _fact(document: Mapping[str, Any]) -> Fact:
    verdict = Verdict(document["verdict"])
    requests = tuple(document["requests"])
    return Fact(**{**document, "verdict": verdict, "requests": requests})


def _scrubbed(node: Any, secrets: list[str]) -> Any:
    """Take out what must not be told, wherever it stands: names of fields, too."""
    match node:
        case dict():
            return {_scrubbed(k, secrets): _scrubbed(v, secrets) for k, v in node.items()}
        case list() | tuple():
            return [_scrubbed(part, secrets) for part in node]
        case str():
            for secret in filter(None, secrets):
                node = node.replace(secret, _HIDDEN)
            node = _ACCOUNT_IN_ARN.sub(rf"\1{_HIDDEN}", node)
            return _ACCOUNT_IN_URL.sub(rf"\1{_HIDDEN}", node)
    return node
