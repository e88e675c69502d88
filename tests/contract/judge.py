"""Judges each refusal of what schemathesis takes for valid: the document refuses it, or a rule.

Nothing is excused by its status: every fault that a problem points to has its own reason. The
process of schemathesis loads this, by itself or with hooks.py.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import schemathesis

from documents.events.webhooks import DOCUMENT_31
from orders import problems
from orders.routes import HEAD
from tests.contract.memory import Memory
from tests.contract.patterns import remember
from tests.contract.rules import broken_by
from tests.contract.sent import NO_BODY, Sent, sent_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case, CheckContext, Response

CALLER = "CONTRACT_CALLER"
"""The environment variable with the name of whoever calls."""

DOCUMENT = "CONTRACT_DOCUMENT"
"""The environment variable with the file of the document that is tried; ours, without it."""

SERVED = "CONTRACT_SERVED"
"""The environment variable with an order of each restaurant that is served."""

MEMORY = "CONTRACT_MEMORY"
"""The environment variable with the file of what was met before."""

remember()


@schemathesis.check
def a_refusal_has_its_rule(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """What the document takes for valid is refused for a rule of the table, and for none else."""
    sent = sent_by(os.environ[CALLER], case, response)
    memory = _memory()
    memory.take(sent)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if 400 <= sent.status < 500:
        unexplained = list(unexplained_faults(sent, memory))
        assert not unexplained, f"{sent.kind}: no rule is broken at {', '.join(unexplained)}"


def unexplained_faults(sent: Sent, memory: Memory) -> Iterator[str]:
    """List where a problem points to without a reason: neither the document's, nor a rule."""
    refused = list(refused_by_the_document(sent))
    if sent.method == HEAD:
        # Nothing is told: one reason will do.
        places = ("", *sent.query, *refused)
        if not any(_has_reason(sent, place, refused, memory) for place in places):
            yield f"HEAD ({sent.status})"
        return
    pointers = [fault["pointer"] for fault in sent.answer.get("errors", [])]
    for pointer in pointers or [""]:
        if not _has_reason(sent, pointer, refused, memory):
            yield f"{pointer or 'nothing'} ({sent.status})"


def _has_reason(sent: Sent, pointer: str, refused: list[str], memory: Memory) -> bool:
    return _is_among(pointer, refused, sent) or broken_by(sent, pointer, memory) is not None


def _is_among(pointer: str, refused: list[str], sent: Sent) -> bool:
    """Tell whether the document refuses what stands there, or what that stands in."""
    if sent.status != problems.INVALID_BODY.status:
        return False
    return any(pointer == place or pointer.startswith(f"{place}/") for place in refused)


def refused_by_the_document(sent: Sent) -> Iterator[str]:
    """List what of a request OpenAPI 3.1 refuses: generators do not know every keyword."""
    operation = _document()["paths"][sent.path][sent.method.lower()]
    for parameter in operation.get("parameters", []):
        value = _value_of(parameter, sent)
        if value is not None and not _validator(json.dumps(parameter["schema"])).is_valid(value):
            yield parameter["name"]
    if "requestBody" in operation and sent.body is not NO_BODY:
        (schema, *_) = (one["schema"] for one in operation["requestBody"]["content"].values())
        for error in _validator(json.dumps(schema)).iter_errors(sent.body):
            yield "".join(["#", *(f"/{_escape(step)}" for step in error.instance_path)])


def _value_of(parameter: dict[str, Any], sent: Sent) -> Any:
    name = parameter["name"]
    if parameter["in"] == "header":
        return sent.header(name)
    if parameter["in"] == "path" or name not in sent.query:
        return None  # what is no id is no order's: 404, as any
    texts, kind = sent.query[name], parameter["schema"].get("type")
    if kind == "array":
        return texts
    return int(texts[0]) if kind == "integer" and texts[0].lstrip("-").isdigit() else texts[0]


def _escape(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


@cache
def _memory() -> Memory:
    return Memory(Path(os.environ[MEMORY]))


@cache
def _document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(Path(os.environ.get(DOCUMENT, DOCUMENT_31)).read_text())
    return made


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    whole = {**json.loads(schema), "components": _document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
