"""A case: what a handler is given, and how the world around it behaves; kept as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

REAL, HOSTILE = "real", "hostile"
"""The shapes of events: what AWS can send whatever a client does, and what it never sends."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case."""

    target: str
    """Whom the event is for: a handler, or a screen that shows what it is given."""
    event: Any
    shape: str = REAL
    who: str = ""
    """Who calls, as API Gateway has established it; empty where nobody does."""
    trace: str | None = None
    """The invocation's trace header."""
    fault: str = ""
    """What DynamoDB answers with, if not as it should."""
    flags: str = "{}"
    """The text of the feature flags' parameter."""
    endpoint: str = ""
    """The text of the partners' endpoint parameters, if not as it should be."""
    aws: list[Any] | None = None
    """Status and body of each answer of AWS's other APIs, if not as they should be."""
    answers: list[str] = field(default_factory=list)
    """What HTTP servers answer, byte for byte in Latin-1: one for each request to them."""

    def text(self) -> str:
        """Write it as JSON, in ASCII."""
        return json.dumps(dataclasses.asdict(self), indent=1)


def read(path: Path) -> Case:
    """Read a case that was kept."""
    document = json.loads(path.read_text())
    document.pop("found", None)
    return Case(**document)


def keep(case: Case, found: list[str], path: Path) -> None:
    """Write a case to a file, with what was found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"found": found, **dataclasses.asdict(case)}, indent=1) + "\n")
