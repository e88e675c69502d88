"""docs/proof.md, made from the registry of claims about AWS.

`python -m documents.proof` writes it; `make docs` does so too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ops.proof.claim import Known
from ops.proof.registry import CLAIMS
from project.checkout import ROOT
from project.markdown import table

if TYPE_CHECKING:
    from ops.proof.claim import Claim

DOCUMENT = ROOT / "docs/proof.md"
"""The document that is made."""

_HEAD = """\
# What only AWS can confirm

Nothing here has run on AWS. Whatever this repository says that neither the template, nor the
emulator, nor an engine beside it can show is one row here: what AWS is taken to do, what is seen
where it does, how to look for it on a stage, and where it is known from. Made from `ops/proof` by
`python -m documents.proof`. A test fails when a patch of the emulator, a condition of a permission,
something that AWS does in a role's name or a link to AWS's documentation has no row.

"read": in AWS's documentation, or in a report. "recorded": in a published answer of AWS. "tried":
on AWS, with this template.

"""


def document() -> str:
    """Write it as Markdown."""
    counted = Counter(claim.known for claims in CLAIMS.values() for claim in claims)
    numbers = ", ".join(f"{counted[known]} {known}" for known in Known)
    parts = [_HEAD, f"{counted.total()} claims: {numbers}.\n"]
    for area, claims in CLAIMS.items():
        parts += [f"\n## {area}\n", table(_HEADINGS, [_row(claim) for claim in claims])]
    return "".join(parts)


_HEADINGS = ("claim", "expected", "how to look", "said in", "known from")


def _row(claim: Claim) -> tuple[str, ...]:
    known = f"{claim.known}: {', '.join(_source(one) for one in claim.sources)}"
    said = ", ".join(_place(place) for place in claim.said)
    return f"**{claim.id}**<br>{claim.says}", claim.expected, claim.look, said, known


def _place(place: str) -> str:
    path, _, part = place.partition("#")
    anchor = f"#{part}" if part and path.endswith(".md") else ""
    shown = f"`{part}`" if part and not anchor else path.rpartition("/")[2]
    target = path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"
    return f"[{shown}]({target}{anchor})"


def _source(url: str) -> str:
    name = url.rstrip("/").rpartition("/")[2].partition("#")[0].removesuffix(".html")
    return f"[{name}]({url})"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
