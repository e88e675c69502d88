"""What a claim is: something about AWS that nothing in this repository can confirm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

RECORDINGS = "https://github.com/localstack/localstack/blob/main/tests/aws/services"
"""AWS's answers that LocalStack has recorded; tests/integration/recorded has cases after them."""


class Known(StrEnum):
    """Where a claim is known from."""

    READ = "read"
    """In AWS's documentation or in a report of somebody who runs it."""
    RECORDED = "recorded"
    """In an answer of AWS that somebody has recorded and published."""
    TRIED = "tried"
    """On AWS, with this service's own template."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that only AWS can confirm.

    Args:
        id: in kebab case; what a report calls it.
        says: what AWS does, in a sentence.
        said: where this repository relies on it: a file, or `file#heading` of a document, or
            `file#name` of code.
        expected: what is seen where it holds.
        look: how to look for it, on a stage in an account.
        sources: the pages, recordings or reports that say so.
        known: where it is known from.
        patches: the emulator's patches that put it right there, by name.
        conditions: the conditions of permissions that hold only if it does: `key of whom`, as
            tests/infrastructure/documents/test_proof.py finds them in the template.
    """

    id: str
    says: str
    said: tuple[str, ...]
    expected: str
    look: str
    sources: tuple[str, ...]
    known: Known = Known.READ
    patches: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
