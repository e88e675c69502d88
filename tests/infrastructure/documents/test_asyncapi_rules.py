"""AsyncAPI's own schema over the AsyncAPI document."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from documents.events.asyncapi import asyncapi
from tests.lazily import Lazily
from tests.shared.node import packages

if TYPE_CHECKING:
    from collections.abc import Callable

    Fault = Callable[[dict[str, Any]], Any]


jsonschema = Lazily("jsonschema")


@cache
def rules() -> Any:
    """Give the schema that AsyncAPI publishes for the version that the document names."""
    folder = packages() / "@asyncapi/specs/schemas"
    return jsonschema.Draft7Validator(
        json.loads((folder / f"{asyncapi()['asyncapi']}.json").read_text())
    )


def referred(node: Any) -> set[str]:
    """Name whatever a document refers to."""
    if isinstance(node, list):
        return {found for part in node for found in referred(part)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own | {found for part in node.values() for found in referred(part)}


def resolves(reference: str, contract: dict[str, Any]) -> bool:
    """Tell whether a reference is to something in the document."""
    node: Any = contract
    for step in reference.removeprefix("#/").split("/"):
        if step not in node:
            return False
        node = node[step]
    return True


def test_the_document_is_valid_asyncapi() -> None:
    """Every tool that reads AsyncAPI 3 reads the document."""
    contract = asyncapi()
    assert [error.message for error in rules().iter_errors(contract)] == []
    assert [one for one in referred(contract) if not resolves(one, contract)] == []
    assert len(referred(contract)) > 10


FAULTS: dict[str, Fault] = {
    "no version": lambda d: d["info"].pop("version"),
    "another version": lambda d: d.update(asyncapi="2.6.0"),
    "an operation that does nothing": lambda d: d["operations"]["sendEvent"].pop("action"),
    "an operation on nothing": lambda d: d["operations"]["sendEvent"].pop("channel"),
    "a server without a protocol": lambda d: d["servers"]["topic"].pop("protocol"),
    "an unknown word": lambda d: d["channels"]["webhook"].update(subscribe={}),
    "an example that is none": lambda d: d["components"]["messages"]["OrderEvent"].update(
        examples=[{"body": {}}]
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    """Whoever breaks the document hears of it before a listener does."""
    contract = asyncapi()
    FAULTS[name](contract)
    assert not rules().is_valid(contract)


def test_a_reference_to_nothing_is_found() -> None:
    """A message whose schema is gone is told."""
    contract = asyncapi()
    del contract["components"]["schemas"]["StoredOrder"]
    assert any(not resolves(one, contract) for one in referred(contract))
