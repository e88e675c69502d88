"""docs/security/mutation.md, made from the faults: what is planted, and what survives.

`python -m tests.mutation.document` writes it; `make docs` does so too. That the survivors are
those of a run is checked by the run: `make mutate` fails where they differ.
"""

from __future__ import annotations

from project.checkout import ROOT
from tests.mutation.__main__ import SHARE
from tests.mutation.planted import AREAS, FAULTS
from tests.mutation.survivors import SURVIVORS

DOCUMENT = ROOT / "docs/security/mutation.md"
"""The document that is made."""

_HEAD = f"""# Faults that the checks find

Made from `tests/mutation/` by `make docs`. `make mutate` plants one fault at a time in the
template, and names the checks that find it: `tests/infrastructure`, AWS's offline validation and
cfn-lint. It fails where

* fewer than {SHARE:.0%} are found,
* a fault changes nothing, or
* other faults survive than those below.

cdk-nag takes no part: it reads constructs, not templates. Nor do tests that compare with a
synthesis of their own: they would find anything without knowing why.
"""


def document() -> str:
    """Render the document."""
    planted = f"{len(FAULTS)} faults are planted; {len(SURVIVORS)} survive."
    sections = [_section(area) for area in AREAS]
    survivors = [f"* `{name}`: {FAULTS[name].breaks} {why}" for name, why in SURVIVORS.items()]
    listed = "\n".join(survivors) or "None."
    return "\n".join([_HEAD, planted, "", *sections, "## Survivors", listed, ""])


def _section(area: str) -> str:
    rows = [f"| `{f.name}` | {f.breaks} |" for f in FAULTS.values() if f.area == area]
    return "\n".join(
        [f"## {area.capitalize()}", "| fault | what it breaks |", "|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    DOCUMENT.write_text(document())
