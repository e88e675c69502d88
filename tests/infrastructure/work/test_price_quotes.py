"""Who vouches for prices, as the template tells it to the functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.price_keys import text_of
from infrastructure.settings import STAGES
from orders.settings import NO_KEYS
from tests.infrastructure.conftest import Template
from tests.shared.templates.kept import template_of

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = {"2026-11": text_of(2**4_095 + 1), "2026-12": text_of(2**2_047 + 1)}


def told(template: Template) -> Mapping[str, tuple[str, str]]:
    """Give what each function is told of quotes, by the module of its handler."""
    found: dict[str, tuple[str, str]] = {}
    for _, function in template.all("Lambda::Function"):
        known: dict[str, Any] = function.get("Environment", {}).get("Variables", {})
        if {"PRICE_QUOTES", "PRICE_KEYS"} & set(known):
            name = function["Handler"].split(".")[-2]
            found[name] = (known["PRICE_QUOTES"], known["PRICE_KEYS"])
    return found


def test_without_keys(template: Template, dev: Template) -> None:
    """Both functions that take customers' prices know the stage's mode, and that nobody signs."""
    assert set(told(template)) == {"create_order", "update_order"}
    assert set(told(dev).values()) == {("checked", NO_KEYS)}


@pytest.mark.synthesizes
def test_with_keys() -> None:
    """The public keys go to the two functions by their ids, within what Lambda takes."""
    document = template_of(replace(STAGES["prod"], price_keys=KEYS))
    listed = " ".join(f"{name}:{modulus}" for name, modulus in KEYS.items())
    expected = ("required", listed)
    assert told(Template(document)) == dict.fromkeys(("create_order", "update_order"), expected)
    assert len(listed) < 2_600
