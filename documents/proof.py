"""docs/proof.md, made from the registry of claims about AWS.

`python -m documents.proof` writes it; `make docs` does so too.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ops.proof.by_hand import BY_HAND
from ops.proof.claim import Known
from ops.proof.probe import Verdict
from ops.proof.probes.registry import PROBES
from ops.proof.registry import CLAIMS
from ops.proof.report import newest, tried
from project.checkout import ROOT
from project.markdown import table

if TYPE_CHECKING:
    from ops.proof.claim import Claim
    from ops.proof.report import Report

DOCUMENT = ROOT / "docs/proof.md"
"""The document that is made."""

_HEAD = """\
# What only AWS can confirm

{tried} A row here is a claim about AWS that no template, emulator or engine
can show. Made from `ops/proof` by `make docs`. A test fails where a patch of the emulator, a
permission's condition, a role that AWS uses or a link to AWS has no row.

| word | a claim is known from |
|---|---|
| read | AWS's documentation, or a report |
| recorded | a published answer of AWS |
| tried | AWS, with this template |

`orders prove` looks at {probes} of them on a stage that it makes and removes
([how](how-to/prove.md)): "run". {local} of these the emulator shows, too (`--local`): "run, local".
The others no single run can show: "by hand" says what it takes.

"""
_UNTRIED = "Nothing here has run on AWS."


def document(report: Report | None = None) -> str:
    """Write it as Markdown.

    Args:
        report: the newest of a run on AWS; None where there is none.
    """
    every = [claim for claims in CLAIMS.values() for claim in claims]
    counted = Counter(_known(claim, report).partition(" ")[0] for claim in every)
    numbers = ", ".join(f"{counted[known]} {known}" for known in Known)
    local = sum(not probe.emulator for probe in PROBES.values())
    head = _HEAD.format(tried=summary(report), probes=len(PROBES), local=local)
    parts = [head, f"{len(every)} claims: {numbers}.\n"]
    for area, claims in CLAIMS.items():
        rows = [_row(claim, report) for claim in claims]
        parts += [f"\n## {area}\n", table(_HEADINGS, rows)]
    return "".join(parts)


def summary(report: Report | None) -> str:
    """Say in a sentence what was tried on AWS."""
    if report is None:
        return _UNTRIED
    counts = ", ".join(f"{number} {_IN_WORDS[verdict]}" for verdict, number in _counts(report))
    return f"Tried on AWS on {report.date}: of {len(report.facts)} claims {counts}."


_IN_WORDS = {
    Verdict.HOLDS: "hold",
    Verdict.DIFFERS: "differ",
    Verdict.UNKNOWN: "could not be told",
}


def _counts(report: Report) -> list[tuple[Verdict, int]]:
    return [(verdict, report.counted[verdict]) for verdict in Verdict if report.counted[verdict]]


# --- What other documents say of it: between two marks, and made from the registry

_MARKED = re.compile(r"<!-- proof: ([a-z0-9-]+) -->.*?<!-- /proof -->", re.DOTALL)
_ALL = "all"
PAGES = ("SECURITY.md", "docs/tracing.md")
"""The documents that say so."""


def marked(text: str, report: Report | None) -> str:
    """Write a document's sentences about what was tried: those between the marks.

    Args:
        text: the document.
        report: the newest of a run on AWS; None where there is none.
    """

    def said(found: re.Match[str]) -> str:
        claim = found[1]
        sentence = _short(summary(report)) if claim == _ALL else _of(report, claim)
        return f"<!-- proof: {claim} -->{sentence}<!-- /proof -->"

    return _MARKED.sub(said, text)


def _of(report: Report | None, claim: str) -> str:
    return tried(report, claim) or "read, not tried"


def _short(sentence: str) -> str:
    return sentence.removesuffix(".")


_HEADINGS = ("claim", "expected", "how to look", "said in", "known from")


def _row(claim: Claim, report: Report | None) -> tuple[str, ...]:
    known = f"{_known(claim, report)}: {', '.join(_source(one) for one in claim.sources)}"
    said = ", ".join(_place(place) for place in claim.said)
    return f"**{claim.id}**<br>{claim.says}", claim.expected, _look(claim), said, known


def _known(claim: Claim, report: Report | None) -> str:
    """Say where a claim is known from: from a run, if one has told."""
    return tried(report, claim.id) or str(claim.known)


def _look(claim: Claim) -> str:
    if claim.id in PROBES:
        local = "" if PROBES[claim.id].emulator else ", local"
        return f"{claim.look} (run{local})"
    return f"{claim.look} By hand: {_lower(BY_HAND[claim.id].removeprefix('It takes '))}"


def _lower(why: str) -> str:
    """Write a reason after a colon: names of more capitals keep theirs."""
    first, _, rest = why.partition(" ")
    return f"{first.lower() if first.istitle() else first} {rest}"


def _place(place: str) -> str:
    path, _, part = place.partition("#")
    anchor = f"#{part}" if part and path.endswith(".md") else ""
    shown = f"`{part}`" if part and not anchor else path.rpartition("/")[2]
    target = path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"
    return f"[{shown}]({target}{anchor})"


def _source(url: str) -> str:
    name = url.rstrip("/").rpartition("/")[2].partition("#")[0].removesuffix(".html")
    return f"[{name}]({url})"


def main() -> None:
    """Write docs/proof.md, and the marked sentences of the other documents."""
    report = newest()
    DOCUMENT.write_text(document(report))
    for name in PAGES:
        page = ROOT / name
        page.write_text(marked(page.read_text(), report))


if __name__ == "__main__":
    main()
